#!/bin/bash
# SPDX-License-Identifier: MIT
# Requests count where the server is of the control group, network namespace and process asked for,
# and nowhere else. Control groups are those of version 2; a group's sockets are those of the groups
# below it too.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/kernel.sh

groups=/sys/fs/cgroup
mkdir -p "$groups/server/below" "$groups/other"
# A socket belongs to the group its maker is in.
echo $$ >"$groups/server/below/cgroup.procs"
serve --seed 1
echo $$ >"$groups/cgroup.procs"
start unshare -n sleep 60
stranger=$pid

# A filter that nothing passes takes nothing from the load.
probe=auto

# seen COUNT OPTION...: so many of 20 requests.
seen() {
	local count=$1

	shift
	load --probe-sample 1/1 "$@" -c 2 -n 20 "$url/"
	expect_all_answered 20 200
	expect_equal "requests seen with $*" "$(record '.kernel.requests // 0')" "$count"
}

seen 20 --probe-cgroup server --probe-pid "$server" --probe-netns "/proc/$server/ns/net"
seen 0 --probe-cgroup "$groups/other"
seen 0 --probe-pid "$stranger"
seen 0 --probe-netns "/proc/$stranger/ns/net"
