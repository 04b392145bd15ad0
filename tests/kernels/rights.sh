#!/bin/bash
# SPDX-License-Identifier: MIT
# An ordinary user gets a load and a word on what is missing; whoever requires the kernel's side gets
# nothing but the word.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/kernels/attribution.sh

serve --seed 1
as_nobody() {
	run setpriv --reuid 65534 --regid 65534 --clear-groups "$RINGLOAD" run --quiet \
		--json - -n 50 -c 2 "$@" "$url/"
	cp "$SCRATCH/out" "$record"
}

as_nobody --probe auto
expect_measured auto
expect_all_answered 50 200
expect_kernel '.status == "not_measured" and (.reason | test("CAP_BPF and CAP_PERFMON"))'

as_nobody --probe require
expect_status 3
expect_text "$SCRATCH/err" 'sudo setcap cap_bpf,cap_perfmon'
expect_equal 'requests at the target' "$(stats .requests)" 50
