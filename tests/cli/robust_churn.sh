#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2119 # what jq expands
# Connections by the thousand, ended in every way: nothing of them is missed, counted twice or kept.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/kernel.sh
source tests/robust.sh

serve --route '/never answer=none'

# What the probe's process holds: kilobytes in memory, descriptors.
held() {
	echo "$(awk '/^VmRSS/ { print $2 }' "/proc/$prober/status")" "$(find "/proc/$prober/fd" | wc -l)"
}

# 15,000, of each eight: four with one request, one with three, one left unanswered, one reset so, and
# one that asks for nothing.
probing
"$SERVERS/robust_client" 127.0.0.1 "$port" 800 aaalarik 4 || fail 'a connection went wrong'
read -r kilobytes_first files_first < <(held)
"$SERVERS/robust_client" 127.0.0.1 "$port" 14200 aaalarik 4 || fail 'a connection went wrong'
sleep 0.3
read -r kilobytes files < <(held)
# One is there only while the programs' cost is looked at.
[ "$files" -le $((files_first + 1)) ] || fail "the probe had $files_first descriptors, and has $files"
[ "$kilobytes" -lt $((kilobytes_first + 2048)) ] || fail "the probe grew from $kilobytes_first to $kilobytes KB"
probed
expect_kernel '.counters | .opened == 15000 and .closed == 15000 and .seeded == 0 and .lost == 0' "$probed"
expect_kernel '.requests == 1875 * 7 and .attributed == .requests and .handoff_share == 0' "$probed"
expect_kernel '.counters | .abandoned == 1875 * 2 and .no_arrival == 0 and .resets_received == 1875' "$probed"
expect_kernel '.open == {waiting: 0, reading: 0, oldest_ns: 0}' "$probed"
expect_text "$SCRATCH/probed.out" '3,750  requests whose connection ended before anything was answered'
expect_equal 'connections the server still has' "$(stats '.connections.open')" 1

# Attached while they come and go: each is either there before or opened, and all of them end.
start "$SERVERS/robust_client" 127.0.0.1 "$port" 18000 ak 4
client=$pid
uneven=40
probing
wait "$client" || fail 'a connection went wrong'
sleep 0.2
probed
expect_kernel '.counters | .closed > 0 and .opened + .seeded == .closed' "$probed"
uneven=0

# A client that says it has no more to say is answered all the same.
probing
"$SERVERS/robust_client" 127.0.0.1 "$port" 500 h 4 || fail 'a connection went wrong'
sleep 1
probed
expect_kernel '.requests == 500 and .attributed == 500 and .counters.closed == 500' "$probed"
stop "$server"

# While it waits for the answer its request is open.
start "$SERVERS/truth_threads" --work sleep:2000000 >"$SCRATCH/serve.out" 2>"$SCRATCH/serve.err"
server=$pid
wait_for 20 grep -q '^listening' "$SCRATCH/serve.out" || fail 'no server' "$SCRATCH/serve.err"
port=$(sed -n 's/^listening.*://p' "$SCRATCH/serve.out")
probing
start "$SERVERS/robust_client" 127.0.0.1 "$port" 12 h 12
client=$pid
sleep 0.5
probed
expect_kernel '.requests == 0 and (.open | .reading == 12 and .waiting == 0 and .oldest_ns > 3e8 and .oldest_ns < 2e9)' \
	"$probed"
expect_text "$SCRATCH/probed.out" 'open at the end: 0 unread, 12 read but unanswered'
wait "$client" || fail 'a connection went wrong'
