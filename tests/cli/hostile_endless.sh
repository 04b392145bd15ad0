#!/bin/bash
# SPDX-License-Identifier: MIT
# Servers that never come to an end: heads are bounded by size, bodies by time, neither takes memory,
# and Ctrl-C works.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/hostile.sh

calm -c 4 -n 8

# What has a limit of size breaks it.
for mode in head-lines head-value head-name head-reason chunk-size chunk-extension trailers; do
	face $mode -c 4 -n 8
	expect_record '.requests | .sent == 8 and .failed.parse == 8'
	expect_record '.odd_bytes[0].reason | test("longer than 64 KiB|more than 256 headers")'
done

# What has none is read as fast as it comes, and ends with the timeout.
for mode in interim body-length body-chunks body-close; do
	face $mode -c 4 -n 4
	expect_record '.requests | .sent == 4 and .timed_out == 4'
	expect_record ".bytes.received > 16e6 / ($slower * $slower)"
done

# However it is received, and on whatever connections.
for how in '--rx-timestamps' '--buffer 64K' '--no-keepalive'; do
	# shellcheck disable=SC2086 # an option and its value
	calm -c 4 -n 4 $how
	# shellcheck disable=SC2086
	face head-value -c 4 -n 4 $how
	expect_record '.requests | .sent == 4 and .failed.parse == 4'
	# shellcheck disable=SC2086
	face body-chunks -c 4 -n 4 $how
	expect_record '.requests | .sent == 4 and .timed_out == 4'
done
calm -c 4 -n 8

# interrupted OPTION...: Ctrl-C while all four requests are being answered; how long it went on
# after it, in went_on_ms.
interrupted() {
	hostile body-length
	begin -t 1 -c 4 -d 60s "$@" "$url/"
	sleep $slower
	kill -INT "$client"
	if [ "${again:-}" ]; then
		sleep 0.5
		alive "$client" || fail 'the first Ctrl-C did not wait for the answers' "$SCRATCH/err"
		kill -INT "$client"
	fi
	local from_ms=$(($(date +%s%N) / 1000000))
	await_client
	went_on_ms=$(($(date +%s%N) / 1000000 - from_ms))
	expect_status 130
	expect_accounted
	expect_record '.validity.verdict == "interrupted" and .requests.in_flight == 4'
	[ "$peak_kb" -le $((calm_kb + 2 * most_growth_kb)) ] || fail "$peak_kb KiB of memory"
}

# The first one waits as long as the drain, the second one not at all.
interrupted --timeout 50s --drain 300ms
[ $went_on_ms -le $((3000 * slower)) ] || fail "it drained for $went_on_ms ms"
again=yes
interrupted --timeout 50s
[ $went_on_ms -le $((3000 * slower)) ] || fail "it went on for $went_on_ms ms"
