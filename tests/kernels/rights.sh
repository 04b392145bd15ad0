#!/bin/bash
# SPDX-License-Identifier: MIT
# An ordinary user gets a load and a word on what is missing; whoever requires the kernel's side gets
# nothing but the word. The two capabilities it names suffice.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/kernel.sh

serve --seed 1
# as_nobody CAPABILITIES OPTION...: a run of a user who is nobody special, but for these.
as_nobody() {
	run setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps="$1" --ambient-caps="$1" \
		"$RINGLOAD" run --quiet --json - -r 100 -n 100 -c 2 "${@:2}" "$url/"
	cp "$SCRATCH/out" "$record"
}

as_nobody -all --probe auto
expect_measured auto
expect_all_answered 100 200
expect_kernel '.status == "not_measured" and (.reason | test("CAP_BPF and CAP_PERFMON"))'

as_nobody -all --probe require
expect_status 3
expect_text "$SCRATCH/err" 'sudo setcap cap_bpf,cap_perfmon'
expect_equal 'requests at the target' "$(stats .requests)" 100

as_nobody -all,+bpf,+perfmon --probe require --probe-sample 1/1
expect_measured require
expect_all_answered 100 200
expect_kernel '.status == "measured" and .requests == 100 and .attributed == 100'
# All hooks that the kernel has serve; what the programs cost is all that cannot be asked then.
expect_kernel '[.hooks[] | .missing // empty | select(test("has no tracepoint") | not)] == []'
expect_kernel '.not_measured | keys == ["overhead_ns_per_request"]
	and (.overhead_ns_per_request | test("CAP_SYS_ADMIN"))'
