#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # what jq and other shells expand
# test-timeout: 120
# Kernels that refuse some programs, or have no type information: a run goes on without, and says
# why; what has an alternative uses it.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/kernel.sh

serve --seed 1

# without PROGRAMS ARGUMENT...: as a kernel that refuses these.
without() {
	RINGLOAD_REFUSE_BPF=$1 run "$RINGLOAD" "${@:2}"
}

# Each core stage in turn, with all of its alternatives.
while read -r stage programs; do
	without "$programs" run -q -n 200 -c 4 --json "$record" "$url/"
	expect_measured "without $programs"
	expect_kernel ".status == \"not_measured\" and (.reason | contains(\"\\\"$stage\\\"\"))"
	without "$programs" run -q --probe require -n 200 -c 4 "$url/"
	expect_status 3
	expect_text "$SCRATCH/err" "\"$stage\""
	without "$programs" probe -p "$port" -d 200ms
	expect_status 3
	expect_text "$SCRATCH/err" "\"$stage\""
done <<-STAGES
	birth birth_state,birth_function
	arrival arrival_probe,arrival_function
	read read_adjust,read_function,read_length
	send send_locked,send_function,send_length
	schedule schedule_switch
STAGES

# A stage that is no core one is missing with its reason, and the rest is measured.
without tx_start,tx_queue run -q --probe require --probe-sample 1 -n 200 -c 4 --json "$record" "$url/"
expect_measured 'without tx'
expect_kernel '.requests == 200 and (.hooks[] | select(.stage == "tx") | .hook == null and (.missing | length > 0))'
expect_kernel '.stages[] | select(.name == "tx") | .count == 0'

# An alternative serves, and says what it costs in exactness, where this kernel has it.
without send_locked run -q --probe-sample 1 -n 200 -c 4 --json "$record" "$url/"
expect_measured 'without the best hook'
expect_kernel '.status == "not_measured" or (.requests == 200 and
	(.hooks[] | select(.stage == "send") | .hook != "tp_btf/tcp_sendmsg_locked" and (.missing | length > 0)))'

# No type information: hidden in a mount namespace.
without_btf() {
	run unshare --mount sh -c 'mount -t tmpfs none /sys/kernel/btf && exec "$0" "$@"' "$RINGLOAD" "$@"
}
if ! ls /boot/vmlinux-* /lib/modules/*/vmlinux-* >/dev/null 2>&1; then
	without_btf run -q -n 200 -c 4 --json "$record" "$url/"
	expect_measured 'without BTF'
	expect_kernel '.status == "not_measured" and (.reason | contains("BTF"))'
	without_btf run -q --probe require -n 200 -c 4 "$url/"
	expect_status 3
	expect_text "$SCRATCH/err" BTF
fi
