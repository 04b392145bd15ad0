# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# A control group in which processes may use a fifth of a CPU, in `group`, gone with the test; without
# one the test is skipped. Source it after tests/serving.sh.

# quota_group: makes a group that may use 10 ms of 50 ms, and sets `group`.
group=
quota_group() {
	local name=ringload-test.$$

	if mkdir "/sys/fs/cgroup/cpu/$name" 2>/dev/null; then
		group=/sys/fs/cgroup/cpu/$name
		echo 50000 >"$group/cpu.cfs_period_us" && echo 10000 >"$group/cpu.cfs_quota_us"
	elif [ -f /sys/fs/cgroup/cgroup.controllers ] && mkdir "/sys/fs/cgroup/$name" 2>/dev/null; then
		group=/sys/fs/cgroup/$name
		[ -e "$group/cpu.max" ] || echo +cpu >/sys/fs/cgroup/cgroup.subtree_control
		echo '10000 50000' >"$group/cpu.max"
	else
		return 1
	fi
}
drop_group() {
	stop_all
	[ -z "$group" ] || rmdir "$group"
}
trap drop_group EXIT
quota_group 2>/dev/null || skip 'no control group with a quota'
