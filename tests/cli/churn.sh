#!/bin/bash
# SPDX-License-Identifier: MIT
# test-timeout: 120
# shellcheck disable=SC2016 # what jq expands
# A connection for each request: counts as the target has them, nothing left behind, no hang
# whatever the server does, and what the options refuse.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh

serve --route '/slow service=fixed:20ms' --route '/reset answer=reset' --route '/none answer=none' \
	--route '/cut size=1000 cut=10' --route '/garbage answer=garbage'

# Connections the target accepted so far, without those that asked for statistics only.
accepted() {
	stats '.connections.accepted - .connections.stats_only'
}

# churn COUNT OPTION...: a run whose every request is answered on a connection of its own, as the
# target counts them. One connection more is that of the preflight.
churn() {
	local requests before after count=$1

	shift
	requests=$(stats .requests)
	before=$(accepted)
	load --no-keepalive "$@"
	after=$(accepted)
	[ "$count" = any ] && count=$(record .requests.scheduled)
	expect_record ".requests.scheduled == $count and .requests.completed == $count and .status == {\"200\": $count}"
	expect_record ".connections | .attempted == $count and .established == $count and ([.failed[]] | add) == 0
		and .closed_by_peer == 0 and .replaced == 0 and .unsolicited == 0"
	expect_record ".latency_ns.connect.count == $count and .scenarios[0].load.no_keepalive"
	expect_equal 'requests the target saw' $(($(stats .requests) - requests)) "$count"
	expect_equal 'connections the target accepted' $((after - before - 1)) "$count"
}

# Two places serve thousands: each is free again after its exchange.
churn 3000 -n 3000 -c 2 "$url/"
churn 1000 -r 1000 -d 1s -c 50 "$url/"
churn any -d 500ms -c 16 "$url/"
churn 1000 -n 1000 -c 8 --reset-on-close "$url/"
churn 1000 -n 1000 -c 8 --source 127.0.3.0/24 --source 127.0.4.1 "$url/"
churn 200 -n 200 -c 4 -b 'a body' "$url/"
# The client ends what the server would keep; a request that fills more than a socket takes.
churn 500 -n 500 -c 4 -H 'Connection: keep-alive' "$url/"
head -c 300000 /dev/zero >"$SCRATCH/body"
churn 50 -n 50 -c 4 --body-file "$SCRATCH/body" "$url/"

# The request says that it is the last, once, and in the user's words if there are any.
run "$RINGLOAD" run --dry-run --no-keepalive "$url/"
expect_equal 'Connection headers' "$(grep -c '^ *Connection: close' "$SCRATCH/out")" 1
expect_text "$SCRATCH/out" 'closed loop, 64 connections at a time, one for each request'
expect_text "$SCRATCH/out" "Local ports  64 needed at once for 127.0.0.1:$port, of "
run "$RINGLOAD" run --dry-run --no-keepalive -H 'connection: x' "$url/"
expect_equal 'Connection headers' "$(grep -ci '^ *connection:' "$SCRATCH/out")" 1
run "$RINGLOAD" run --dry-run "$url/"
expect_no_text "$SCRATCH/out" 'Connection: close'

# Times: what was waited for a connection contains the connect, and what the generator lost does not.
expect_times() {
	expect_record '.latency_ns | (.total.mean - .service.mean - .connection_wait.mean - .send_lag.mean | fabs) < 1000'
}
attempt --no-keepalive -r 500 -d 1s -c 64 "$url/"
expect_accounted
expect_times
expect_record '.latency_ns | .connection_wait.mean >= .connect.mean - 1'

# More is due than places can serve: requests wait for one, and the waiting is theirs.
attempt --no-keepalive -r 200 -d 500ms -c 2 "$url/slow"
expect_accounted
expect_times
expect_record '.requests.completed == 100 and .latency_ns.connection_wait.p99 > 300e6'

# A rate of connects is kept: 64 places want far more.
attempt --no-keepalive --connect-rate 200 -d 1s -c 64 "$url/"
expect_accounted
expect_record '.requests.scheduled >= 150 and .requests.scheduled <= 201'
attempt --no-keepalive --connect-rate 300 -r 300 -d 1s -c 64 "$url/"
expect_record '.requests.completed == 300'
# As a storm before the start.
attempt --connect-rate 100k -c 400 -n 800 "$url/"
expect_record '.connections.established == 400 and .requests.completed == 800'
expect_record '[.notes[] | select(contains("connections came at"))] == []'
# One that no machine can keep up with is told of.
attempt --connect-rate 1M -c 8000 -n 8000 "$url/"
expect_record '.connections.established == 8000 and .requests.completed == 8000'
expect_record '[.notes[] | select(test("connections came at .*/s, --connect-rate asked for 1,000,000/s"))] | length == 1'

# Each bad answer costs its request, and its place nothing.
failures() {
	local path=$1 condition=$2

	shift 2
	attempt --no-keepalive -c 4 "$@" "$url$path"
	expect_accounted
	expect_record "$condition"
	expect_record '.connections | .established == .attempted'
}
failures /reset '.requests.failed.reset + .requests.failed.closed == 100 and .requests.sent == 100' -n 100
failures /cut '.requests.failed.short == 100' -n 100
failures /garbage '.requests.failed.parse == 100' -n 100
failures /none '.requests.timed_out == 20 and .latency_ns.total.censored == 20' -n 20 --timeout 50ms

# Descriptors: as many while it runs for long as at its beginning, and no more than places.
files() {
	find "/proc/$pid/fd" -mindepth 1 2>/dev/null | wc -l
}
start "$RINGLOAD" run --quiet --probe off --no-keepalive -d 3s -c 32 "$url/" >"$SCRATCH/out" 2>"$SCRATCH/err"
most=0
for _ in 1 2 3 4 5 6 7 8 9 10; do
	sleep 0.2
	now=$(files)
	[ "$now" -le "$most" ] || most=$now
done
[ "$most" -gt 0 ] || fail 'it was not seen running' "$SCRATCH/out" "$SCRATCH/err"
[ "$most" -le 40 ] || fail "$most descriptors are open in a run of 32 connections"
wait "$pid"

# The server goes: what is due is dropped as nobody accepts, and the run ends in time.
start "$RINGLOAD" run --quiet --probe off --no-keepalive -r 200 -d 2s -c 64 --timeout 500ms --json "$record" "$url/" \
	>"$SCRATCH/out" 2>"$SCRATCH/err"
sleep 1
stop "$server"
wait "$pid"
expect_accounted
expect_record '.requests | .completed > 50 and .dropped.no_connection > 50 and .scheduled == 400'
expect_record '.connections.failed.refused > 50'
begun=$SECONDS
attempt --no-keepalive "$url/"
expect_status 5
[ $((SECONDS - begun)) -lt 5 ] || fail 'it hangs without a server'

# refused CODE SENTENCE OPTION...
refused() {
	local code=$1 sentence=$2

	shift 2
	run "$RINGLOAD" run "$@"
	expect_status "$code"
	expect_equal "message of $*" "$(cat "$SCRATCH/err")" "ringload: $sentence"
}
refused 2 '--pipeline 4 with --no-keepalive: a connection has one request then; leave one of them out' \
	--no-keepalive --pipeline 4 "$url/"
refused 2 '--connect-rate 10 is less than -r 100: with --no-keepalive each request needs a connect of its own; ask for at least --connect-rate 100' \
	--no-keepalive --connect-rate 10 -r 100 "$url/"
refused 2 "--source \"::1\": the target has no IPv6 address: expected addresses of its own kind, as 127.0.0.1:$port" \
	--source ::1 "$url/"
refused 2 '--source "127.0.0.7/24": a range of this length begins at 127.0.0.0: ask for 127.0.0.0/24, or for 127.0.0.7 alone' \
	--source 127.0.0.7/24 "$url/"
refused 3 '--source "203.0.113.9": it is not an address of this host: add it as root with "ip addr add 203.0.113.9/32 dev lo"' \
	--source 203.0.113.9 "$url/"
refused 3 '--source "203.0.113.0/28": 203.0.113.1 is not an address of this host: add the range as root with "ip route add local 203.0.113.0/28 dev lo"' \
	--source 203.0.113.0/28 "$url/"
