# shellcheck shell=bash disable=SC2034 # used by the tests
# SPDX-License-Identifier: MIT
#
# What tests of kernel attribution have in common; source it after tests/assert.sh, tests/load.sh and
# tests/serving.sh. They need root: without it they are skipped.
[ "$(id -u)" = 0 ] || skip 'BPF programs need root'

# `load` and `attempt` measure in the kernel as well.
probe=require

# expect_kernel CONDITION: what is true of the record's kernel block, of $kernel in it.
expect_kernel() {
	jq -e ".kernel | $1" "${2:-$record}" >/dev/null 2>"$SCRATCH/jq" && return
	jq -c '.kernel | {status, reason, ports, sample, sampled_fraction, requests, attributed, residual_ns,
		residence: .residence | del(.histogram?), counters, workers, open}, (.stages[]? | del(.histogram)),
		.hooks[]?' "${2:-$record}" >"$SCRATCH/kernel"
	fail "not so of the kernel: $1" "$SCRATCH/jq" "$SCRATCH/kernel" "$SCRATCH/err"
}

# programs_of PID: ids of the BPF programs that the process holds.
programs_of() {
	cat /proc/"$1"/fdinfo/* 2>/dev/null | sed -n 's/^prog_id:[[:space:]]*//p' | sort -nu
}

# holds_programs PID: it has as many as attribution needs.
holds_programs() {
	[ "$(programs_of "$1" | wc -l)" -ge 5 ]
}

# expect_gone ID...: none of these programs is loaded any more. The kernel frees them a moment after
# their last descriptor.
expect_gone() {
	local id

	[ $# -gt 0 ] || fail 'no program was there to go'
	for id in "$@"; do
		wait_for 10 not_loaded "$id" ||
			fail "program $id is still loaded: $(bpftool prog show id "$id" | head -n 1)"
	done
}
not_loaded() {
	! bpftool prog show id "$1"
}
