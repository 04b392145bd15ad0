#!/bin/bash
# SPDX-License-Identifier: MIT
# Servers that end connections, answer badly or not at all: each way is counted as what it is, and
# nothing is retried.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh

serve --route '/close close-after=7' --route '/silent close-after=7 close=silent' \
	--route '/garbage answer=garbage' --route '/reset answer=reset' \
	--route '/cut size=1000 cut=500' --route '/stall size=1000 stall=500'

# A server that says "Connection: close" after seven requests: new connections, no failures.
load -n 700 -c 4 "$url/close"
expect_record '.requests.completed == 700 and .connections.replaced >= 96'
expect_equal 'requests at the target' "$(stats .requests)" 700

# The same without saying so: a request may have been under way.
load -n 700 -c 4 "$url/silent"
expect_record '.requests | .sent == 700 and .completed + .failed.closed + .failed.reset == 700'
expect_record '.requests.completed > 300 and .connections.closed_by_peer > 50'

# failing PATH FIELD TIMEOUT: not one response, and every request failed in this way.
failing() {
	attempt -n 20 -c 4 --timeout "$3" "$url/$1"
	expect_status 5
	expect_accounted
	expect_record ".requests | .sent == 20 and .completed == 0 and $2 == 20"
	expect_record '.error_rate == 1 and .latency_ns.failure.count + .requests.timed_out == 20'
}
failing reset .failed.reset 10s
failing cut .failed.short 10s
failing stall .timed_out 300ms
failing garbage .failed.parse 10s

# What was not HTTP is shown.
expect_record '.odd_bytes | length >= 1 and (.[0].bytes | length) > 0'
shown=$(record '.odd_bytes[0].bytes' | head -c 10)
expect_text "$SCRATCH/out" "$shown"

# A server that goes away in the middle: what was measured is reported, and the rest is told.
answered=$(stats .responses)
start "$RINGLOAD" run --probe "$probe" -r 100 -d 3s -c 4 --timeout 500ms \
	--json "$record" "$url/" >"$SCRATCH/out" 2>"$SCRATCH/err"
runner=$pid
has_answers() {
	[ "$(stats .responses)" -gt $((answered + 60)) ]
}
wait_for 20 has_answers || fail 'the run got no answers' "$SCRATCH/err"
stop "$server"
wait "$runner"
status=$?
[ $status = 0 ] || [ $status = 4 ] || fail "exit $status" "$SCRATCH/err"
expect_record .complete
expect_accounted
expect_record '.requests | .completed >= 50 and .scheduled == 300 and .dropped.no_connection > 50'
expect_record '.connections.failed.refused > 0'
