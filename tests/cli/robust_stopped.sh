#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2119 # what jq expands
# A server that is stopped or killed while it is probed, and a probe that is stopped itself.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/kernel.sh
source tests/truth.sh
source tests/robust.sh

# freeze PID: stopped, all its threads.
freeze() {
	kill -STOP "$1"
	wait_for 5 is_frozen "$1" || fail 'it does not stop'
}
is_frozen() {
	! grep -hqv '^[0-9]* ([^)]*) T' /proc/"$1"/task/*/stat
}

# stage NAME CONDITION: of the mean, in milliseconds.
stage() {
	expect_kernel ".stages[] | select(.name == \"$1\") | .mean_ns / 1e6 | $2" "$probed"
}

# Stopped for 300 ms while it works on a request: that lies in the application's time, stopped. The
# requests that come meanwhile wait for a thread that has another one open.
truth_serve truth_epoll --work sleep:100000
probing
start "$SERVERS/truth_client" "$port" 1 1 1000 1000
client=$pid
is_connected() {
	ss -Htn state established "sport = :$port" | grep -q .
}
wait_for 10 is_connected || fail 'no connection'
sleep 0.03
freeze "$server"
sleep 0.3
kill -CONT "$server"
wait "$client" || fail 'the client got no answer'
probed
expect_kernel '.requests == 1 and .attributed == 1' "$probed"
stage app_stopped '. > 180 and . < 450'
stage app '. > 250'
stop "$server"

# Stopped, mostly while it is idle: the requests that come then wait for a thread that does not wake
# up, or not with the request that it has just read; and the report says why it does not.
serve --seed 1
start "$RINGLOAD" run -q --probe off -r 200 -d 60s -c 16 --pacing sleep "$url/" >/dev/null 2>&1
driver=$pid
is_served() {
	[ "$(stats .responses)" -gt 10 ]
}
wait_for 20 is_served || fail 'no load'
probing
sleep 0.2
freeze "$server"
sleep 0.3
kill -CONT "$server"
sleep 0.3
uneven=5
probed
uneven=0
expect_kernel '.workers | length == 1 and (.[0] | .stopped * .wall_s > 0.25 and .stopped * .wall_s < 0.6)' "$probed"
expect_kernel '.residence.max > 2e8' "$probed"
expect_kernel '[.stages[] | select(.name == "queue_wakeup" or .name == "queue_busy_blocked") | .mean_ns] | add > 5e6' \
	"$probed"
stage app_stopped '. < 5'
tr -s '\n ' '  ' <"$SCRATCH/probed.out" >"$SCRATCH/line"
expect_text "$SCRATCH/line" 'a signal, a tracer or the freezer stopped it for'

# The probe itself is stopped for half a second: the figures are those of what it followed, and it says
# that the sampling stood still. A probe that follows everything misses nothing by it.
for sample in 1/8 1/1; do
	probing -d 1500ms
	served_before=$(stats .responses)
	sleep 0.3
	freeze "$prober"
	sleep 0.5
	kill -CONT "$prober"
	wait "$prober"
	expect_equal 'exit of a probe that was stopped' $? 0
	served_after=$(stats .responses)
	uneven=5
	expect_sane "$probed" "$SCRATCH/probed.out"
	uneven=0
	tr -s '\n ' '  ' <"$SCRATCH/probed.out" >"$SCRATCH/line"
	if [ $sample = 1/8 ]; then
		expect_text "$SCRATCH/line" "the kernel's sampling stood still for"
		expect_kernel ".requests > 0 and .requests < $((served_after - served_before))" "$probed"
	else
		expect_no_text "$SCRATCH/line" 'stood still'
		expect_kernel ".requests > $((served_after - served_before)) * 0.8 and .requests < $((served_after - served_before)) * 1.3" "$probed"
	fi
done
sample=1/1
kill -INT "$driver"
wait "$driver"
stop "$server"

# Killed with requests waiting and requests being worked on: none of them is answered, all are counted
# as such, and so are the resets that their clients get.
serve --route '/never answer=none' --route '* service=fixed:30s'
probing
for each in 1 2 3 4 5 6 7 8; do
	start "$SERVERS/robust_client" 127.0.0.1 "$port" 1 a >/dev/null 2>&1
done
working() {
	[ "$(stats .in_progress)" = 8 ]
}
wait_for 10 working || fail 'the server does not work on 8 requests'
freeze "$server"
"$SERVERS/robust_client" 127.0.0.1 "$port" 10 l || fail 'a connection went wrong'
sleep 0.1
kill -KILL "$server"
wait "$server" 2>/dev/null
sleep 0.2
probed
expect_kernel '.counters | .abandoned == 18 and .opened == .closed and .resets_sent >= 10' "$probed"
expect_kernel '.open == {waiting: 0, reading: 0, oldest_ns: 0}' "$probed"
expect_kernel 'all(.workers[]; .exited)' "$probed"
