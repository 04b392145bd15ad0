#!/bin/bash
# SPDX-License-Identifier: MIT
# A server whose control group has a quota of a fifth of a CPU: what it is throttled for is time in the
# run queue.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/kernel.sh
source tests/truth.sh

# quota_group: makes a group that may use 10 ms of 50 ms, and sets `group`.
group=
quota_group() {
	local name=ringload-test.$$

	if mkdir "/sys/fs/cgroup/cpu/$name" 2>/dev/null; then
		group=/sys/fs/cgroup/cpu/$name
		echo 50000 >"$group/cpu.cfs_period_us" && echo 10000 >"$group/cpu.cfs_quota_us"
	elif [ -f /sys/fs/cgroup/cgroup.controllers ] && mkdir "/sys/fs/cgroup/$name" 2>/dev/null; then
		group=/sys/fs/cgroup/$name
		echo '10000 50000' >"$group/cpu.max"
	fi
}
drop_group() {
	stop_all
	[ -z "$group" ] || rmdir "$group"
}
trap drop_group EXIT
quota_group 2>/dev/null || skip 'no control group with a quota'
[ -n "$group" ] || skip 'no control group with a quota'

join() {
	echo "$1" >"$group/cgroup.procs"
}
beside=join
compare truth_epoll --work spin:4000 -- -d 2s -c 1
expect_attributed
# Bounded by the stamps: what is neither CPU time nor sleep, of which there is none.
expect_compared 'dominating == "app_runq" and mean("app_runq") > 5000000'
expect_compared '(.truth.app.most_ns - .truth.cpu.least_ns) as $most | mean("app_runq") | below($most)'
expect_compared '(.truth.app.least_ns - .truth.cpu.most_ns) as $least | mean("app_runq") | above($least)'
expect_compared 'mean("app_blocked") < 0.05 * mean("app_runq")'
expect_compared '.kernel.counters.throttled_ns == null
	or .kernel.counters.throttled_ns > 0.5 * mean("app_runq") * .kernel.attributed'
