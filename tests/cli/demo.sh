#!/bin/bash
# SPDX-License-Identifier: MIT
# The demo: target, load and report in one process.
source tests/assert.sh
source tests/load.sh

run "$RINGLOAD" demo -r 500 -d 1500ms --json "$record"
expect_measured demo
expect_record '.requests.scheduled == 750 and .requests.completed == 750 and .status == {"200": 750}'
expect_record '.command[0:2] == ["ringload", "demo"]'
# The service time is exponential around 60 us: the median is ln 2 of it, and no CPU is faster.
expect_record '.latency_ns.service.p50 > 40000 and .latency_ns.service.mean > 57000'
[ -s "$SCRATCH/out" ] || fail 'no report'
# Where the time went is in it for who may look; the server computes, for the slowest too.
if [ "$(id -u)" = 0 ]; then
	expect_text "$SCRATCH/out" 'where the time went'
	expect_record '.kernel.status == "measured" and .kernel.requests > 50'
	expect_record '.kernel.stages[] | select(.name == "app_cpu") | .mean_ns > 35000'
else
	expect_text "$SCRATCH/out" 'not measured: '
	expect_text "$SCRATCH/out" 'setcap'
fi
expect_text "$SCRATCH/err" '500 requests a second for 1.5s'

# In its own words when asked for less.
run "$RINGLOAD" demo -q -r 200 -d 1s --json -
expect_equal 'diagnostics' "$(cat "$SCRATCH/err")" ''
expect_json "$SCRATCH/out" '.requests.completed == 200'

# It can be interrupted.
env --default-signal=INT "$RINGLOAD" demo -d 60s --json "$record" >"$SCRATCH/out" 2>"$SCRATCH/err" &
demo=$!
trap 'kill $demo 2>/dev/null' EXIT
# The load has begun when all its connections are there, or within the second after.
is_connected() {
	local at

	at=$(ss -Htlnp | sed -n "s/.*:\([0-9]*\) .*pid=$demo,.*/\1/p" | head -n 1)
	[ -n "$at" ] && [ "$(ss -Htn state established "sport = :$at" | wc -l)" -ge 64 ]
}
wait_for 20 is_connected || fail 'the demo does not connect' "$SCRATCH/err"
sleep 1
kill -INT $demo
wait $demo
expect_equal 'exit code' $? 130
expect_accounted
expect_record '.window.interrupted'
