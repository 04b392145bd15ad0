#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # what jq and other shells expand
# test-timeout: 120
# Servers that come and go while they are probed, connections by the thousand, a namespace.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/kernel.sh

# begin ARGUMENT...: a run in the background whose server has answered 300 requests of it.
begin() {
	answered=$(stats .responses)
	start "$RINGLOAD" run -q --probe require --probe-sample 1 -r 500 -c 8 --timeout 1s --json "$record" \
		"$@" "$url/" >"$SCRATCH/out" 2>"$SCRATCH/err"
	runner=$pid
	wait_for 20 is_answered || fail 'the run got no answers' "$SCRATCH/err"
}
is_answered() {
	[ "$(stats .responses)" -gt $((answered + 300)) ]
}

# Started anew on the same port in the middle of a run: both were seen, and what the kernel counted
# is no more than what was answered.
serve --seed 1
begin -d 4s
first=$server
stop "$first"
sleep 0.3
start "$RINGLOAD" serve --port "$port" >"$SCRATCH/serve.out" 2>"$SCRATCH/serve.err"
second=$pid
wait "$runner"
expect_json "$record" '.complete'
expect_accounted
# What became due between the two could wait for the second.
expect_record '.requests.completed > 600 and .connections.closed_by_peer >= 8 and .connections.failed.refused > 0'
expect_kernel ".status == \"measured\" and ([.workers[].pid] | sort) == ([$first, $second] | sort)"
expect_kernel ".workers[] | select(.pid == $first) | .exited"
# What the namespace counts goes on; the quota of a process that is gone cannot be read.
expect_kernel '.counters | .listen_overflows != null and .throttled_ns == null
	and (.not_measured.throttled_ns | length > 0)'
expect_record '.kernel.requests as $seen | .requests.completed | . >= $seen - 50 and . <= $seen + 50'

# Killed while it is probed, and not started again.
begin -d 3s
kill -KILL "$second"
wait "$runner" 2>/dev/null
expect_accounted
expect_kernel ".status == \"measured\" and .requests > 290 and (.workers[0] | .exited and .pid == $second)"

# 15,000 connections, each opened and closed for one request.
serve --route '* close-after=1'
load --probe-sample 1 -n 15000 -c 64 "$url/"
expect_record '.requests.completed == 15000'
expect_kernel '.requests == 15000 and .attributed == 15000'
expect_kernel '.counters | .opened >= 14900 and .closed >= 14900 and .lost == 0'
stop "$server"

# A server in a network namespace of its own, with a port that somebody else has here.
serve --seed 1
start unshare --net sh -c "ip link set lo up && exec '$RINGLOAD' serve --port $port" \
	>"$SCRATCH/inner.out" 2>"$SCRATCH/inner.err"
inner=$pid
wait_for 20 grep -q '^listening' "$SCRATCH/inner.out" || fail 'no server in a namespace' "$SCRATCH/inner.err"
inside() {
	nsenter --target "$inner" --net "$@"
}
for netns in "/proc/$inner/ns/net" /proc/self/ns/net; do
	start "$RINGLOAD" probe -q -p "$port" --sample 1 --netns "$netns" --json "$SCRATCH/probed.json" >"$SCRATCH/out" 2>"$SCRATCH/err"
	prober=$pid
	wait_for 20 holds_programs "$prober" || fail 'the probe did not begin' "$SCRATCH/err"
	sleep 0.5
	inside "$RINGLOAD" run -q --probe off -n 300 -c 4 "http://127.0.0.1:$port/" >/dev/null
	"$RINGLOAD" run -q --probe off -n 100 -c 4 "$url/" >/dev/null
	kill -INT "$prober"
	wait "$prober"
	case $netns in
	*self*) expect_kernel ".requests == 100 and .workers[0].pid == $server" "$SCRATCH/probed.json" ;;
	*) expect_kernel ".requests == 300 and .workers[0].pid == $inner" "$SCRATCH/probed.json" ;;
	esac
done
# A run from inside measures its own server, whoever else uses the port elsewhere.
start "$RINGLOAD" run -q --probe off -r 500 -d 60s --timeout 1s -c 4 "$url/" >/dev/null
outside=$pid
rm -f "$record"
run inside "$RINGLOAD" run -q --probe require --probe-sample 1 -n 300 -c 4 --json "$record" \
	"http://127.0.0.1:$port/"
expect_measured 'inside'
expect_kernel ".requests == 300 and .workers[0].pid == $inner"
stop "$outside"

# A control group of version 2, where there is one: its server is measured, the other is not.
group=$(findmnt --noheadings --types cgroup2 --output TARGET | head -n 1)/ringload-test-$$
if mkdir "$group" 2>/dev/null; then
	drop_group() {
		stop_all
		rmdir "$group"
	}
	trap drop_group EXIT
	first=$url
	# shellcheck disable=SC2016 # expanded there
	start sh -c 'echo $$ >"$1/cgroup.procs" && exec "$0" serve --port 0' "$RINGLOAD" "$group" \
		>"$SCRATCH/grouped.out" 2>"$SCRATCH/grouped.err"
	grouped=$pid
	wait_for 20 grep -q '^listening' "$SCRATCH/grouped.out" || fail 'no server in a group' "$SCRATCH/grouped.err"
	second=$(sed -n 's/^listening on //p' "$SCRATCH/grouped.out")
	start "$RINGLOAD" probe -q -p "${first##*:}" -p "${second##*:}" --sample 1 --cgroup "$group" \
		--json "$SCRATCH/probed.json" >"$SCRATCH/out" 2>"$SCRATCH/err"
	prober=$pid
	wait_for 20 holds_programs "$prober" || fail 'the probe did not begin' "$SCRATCH/err"
	sleep 0.5
	"$RINGLOAD" run -q --probe off -n 100 -c 4 "$first/" >/dev/null
	"$RINGLOAD" run -q --probe off -n 200 -c 4 "$second/" >/dev/null
	kill -INT "$prober"
	wait "$prober"
	expect_kernel ".requests == 200 and .workers[0].pid == $grouped" "$SCRATCH/probed.json"
	stop "$grouped"
fi
