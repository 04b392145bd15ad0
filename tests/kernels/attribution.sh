# shellcheck shell=bash disable=SC2154,SC2016 # url is of tests/serving.sh; jq has variables too
# SPDX-License-Identifier: MIT
#
# Known answers of the kernel's side; source it after tests/kernel.sh and what that needs. Emulated
# machines are slow and their clocks late, so that times are bounded from below by what the server was
# told to do, and from above generously.

# has_tracepoint NAME: in this kernel, by the type that its BTF has for it.
has_tracepoint() {
	grep -qa "btf_trace_$1" /sys/kernel/btf/vmlinux
}

# attributed COUNT PATH: this many requests over one connection, every one of them looked at.
attributed() {
	load --probe-sample 1/1 -c 1 -n "$1" "$url$2"
	expect_all_answered "$1" 200
	expect_kernel '.status == "measured" and .sampled_fraction == 1'
	expect_kernel ".requests == $1 and .attributed == $1"
	expect_kernel '[.stages[] | select(.in_residence)] | length == 10 and all(.count > 0)'
	# The parts are residence: their means are those of all requests, exactly but for rounding.
	expect_kernel '.residence.mean_ns as $whole | [.stages[] | select(.in_residence) | .mean_ns] | add
		| . > 0.99 * $whole and . < 1.01 * $whole'
}

# mean_between STAGE LOWEST HIGHEST: of the last run, in nanoseconds.
mean_between() {
	expect_kernel "[.stages[] | select(.name == \"$1\") | .mean_ns] | length == 1
		and .[0] >= $2 and .[0] <= $3"
}

# expect_hook STAGE HOOK
expect_hook() {
	expect_kernel "[.hooks[] | select(.stage == \"$1\") | .hook] == [\"$2\"]"
}

# share_at_least STAGE SHARE: of residence, in the last run.
share_at_least() {
	expect_kernel "[.stages[] | select(.name == \"$1\") | .share] | length == 1 and .[0] >= $2"
}
