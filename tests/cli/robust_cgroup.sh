#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2119 # what jq and other shells expand
# The filter by control group: of two servers on one port it takes the one in the group.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/kernel.sh
source tests/robust.sh

cgroups=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
group=$(mktemp -d "${cgroups:-/nowhere}/ringload-test-XXXXXX" 2>/dev/null) || skip 'no control group can be made'
drop_group() {
	stop_all
	rmdir "$group/below" "$group" 2>/dev/null
}
trap drop_group EXIT
mkdir "$group/below"
share_server 127.0.0.1 0
outside=$server
: >"$SCRATCH/inside.out"
start sh -c 'echo $$ >"$1/cgroup.procs" && exec "$2" 127.0.0.1 "$3"' sh "$group/below" "$SERVERS/robust_server" 	"$port" >"$SCRATCH/inside.out" 2>"$SCRATCH/inside.err"
inside=$pid
wait_for 20 grep -q '^listening' "$SCRATCH/inside.out" || fail 'no server in the group' "$SCRATCH/inside.err"
# By its path and by its name; sockets of a group below are its own.
for each in "$group" "${group#"$cgroups"/}/below"; do
	probing --cgroup "$each"
	run "$RINGLOAD" run -q --probe off -n 1000 -c 32 --json "$record" "http://127.0.0.1:$port/"
	expect_measured 'groups'
	sleep 0.2
	probed
	expect_kernel "[.workers[].pid] == [$inside] and .requests > 0 and .requests < 1000" "$probed"
	expect_kernel '.counters | .opened < 33 and .opened == .closed' "$probed"
	expect_json "$probed" "[.resources.processes[].pid] == [$inside]"
done
probing --cgroup "$cgroups"
run "$RINGLOAD" run -q --probe off -n 1000 -c 32 --json "$record" "http://127.0.0.1:$port/"
probed
expect_kernel ".requests == 1000 and ([.workers[].pid] | sort) == ([$inside, $outside] | sort)" "$probed"
expect_json "$probed" "([.resources.processes[].pid] | sort) == ([$inside, $outside] | sort)"
