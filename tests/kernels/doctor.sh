#!/bin/bash
# SPDX-License-Identifier: MIT
# The doctor tries each hook of the kernel at hand, and says what this kernel does not have.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/kernel.sh
source tests/kernels/attribution.sh

record=$SCRATCH/doctor.json
run "$RINGLOAD" doctor --quick --json "$record"
expect_status 0
check() {
	expect_json "$record" ".checks[] | select(.key == \"$1\") | $2"
}

expect_json "$record" '.can | .load == "yes" and .kernel == "yes" and .profile == "yes"'
expect_json "$record" '[.checks[] | select(.group == "hooks" and .state != "ok") | .key] == []'
# These kernels have the functions as well.
check hook.birth '.finding | contains("fentry/tcp_set_state would serve too")'
if has_tracepoint tcp_sendmsg_locked; then
	check hook.send '.finding | startswith("tp_btf/tcp_sendmsg_locked serves; fentry/tcp_sendmsg_locked would")'
else
	check hook.send '.finding | startswith("fentry/tcp_sendmsg_locked serves") and
		contains("tp_btf/tcp_sendmsg_locked: this kernel has no tracepoint tcp_sendmsg_locked")'
fi
# One that serves less well is limited, and tells why.
if has_tracepoint sock_send_length; then
	RINGLOAD_REFUSE_BPF=send_locked,send_function run "$RINGLOAD" doctor --quick --json "$record"
	expect_status 0
	check hook.send '.state == "limited" and (.finding | startswith("tp_btf/sock_send_length serves: "))'
	check hook.tx '.state == "missing"'
fi
expect_json "$record" '.checks[] | select(.key == "uring.send_zero_copy") | .state == "ok"'
