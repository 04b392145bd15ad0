#!/bin/bash
# SPDX-License-Identifier: MIT
# Servers that stop: each request ends with the timeout, each run with its window and the drain.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/hostile.sh

window=(-c 4 -d "$((2 * timeout_ms))ms")
head -c 4000000 /dev/zero | tr '\0' x >"$SCRATCH/body"

calm "${window[@]}"
small_kb=$calm_kb

# Without an answer, or with the beginning of one; also to a body that nobody reads.
for mode in silent deaf half-body; do
	face $mode "${window[@]}"
	expect_record '.requests | .sent >= 8 and .sent <= 12 and .timed_out == .sent'
	expect_record '.connections | .replaced >= 4 and .closed_by_peer == 0'
done
calm "${window[@]}" --body-file "$SCRATCH/body"
face deaf "${window[@]}" --body-file "$SCRATCH/body"
expect_record '.requests | .sent >= 8 and .sent <= 12 and .timed_out == .sent'

# An answer is there when its last byte is.
calm_kb=$small_kb
short_ms=$timeout_ms
timeout_ms=$((1000 + short_ms))
face drip -c 4 -n 4
expect_record '.requests | .sent == 4 and .timed_out == 4'
expect_record '.bytes.received >= 4 and .bytes.received <= 4 * 4'
timeout_ms=$short_ms

# Nobody accepts: the kernel does it for two, one of whom was the preflight; the others time out.
face unaccepted "${window[@]}"
expect_record '.connections | .established <= 2 and .failed.timeout >= 4 and .failed.refused == 0'
expect_record '.requests | .timed_out == .sent'
face unaccepted -c 4 -r 40 -d "$((2 * timeout_ms))ms"
expect_record '.requests | .scheduled == .timed_out + .in_flight + .unsent + ([.dropped[]] | add)'
expect_record '.requests | .dropped.expired + .dropped.no_connection + .unsent >= .scheduled / 2'

# Ctrl-C ends what only waits for somebody to accept.
hostile unaccepted
begin -t 1 -c 8 --timeout 50s -d 5s "$url/"
sleep $slower
kill -INT "$client"
from_ms=$(($(date +%s%N) / 1000000))
await_client
expect_status 130
went_on_ms=$(($(date +%s%N) / 1000000 - from_ms))
[ $went_on_ms -le $((3000 * slower)) ] || fail "it went on for $went_on_ms ms"

# An answer to a request that is not read to its end, as no socket holds it: the answer counts, the
# connection is no use any more, and others take its place.
cat "$SCRATCH/body" "$SCRATCH/body" "$SCRATCH/body" "$SCRATCH/body" >"$SCRATCH/long"
calm -c 2 -n 6 --body-file "$SCRATCH/long"
answers=yes
face early-head -c 2 -n 6 --body-file "$SCRATCH/long"
expect_record '.requests | .sent == 6 and .completed == 6'
expect_record '.connections | .replaced >= 4 and .unsolicited == 0'

# Answers without end to requests that are not read: small ones fill the socket, and then wait.
head -c 15000 "$SCRATCH/body" >"$SCRATCH/small"
calm -c 1 -d "$((3 * timeout_ms))ms" --body-file "$SCRATCH/small"
answers=yes
face unread-answers -c 1 -d "$((3 * timeout_ms))ms" --body-file "$SCRATCH/small"
expect_record '.requests.completed > 100 and .connections.replaced >= 1'
