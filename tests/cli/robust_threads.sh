#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2119 # what jq expands
# A server with a thread for each connection: threads that come and go by the thousand, and more of
# them than the probe has places for.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/kernel.sh
source tests/truth.sh
source tests/robust.sh

# Small stacks, for as many threads.
serve_threads() {
	local usual

	usual=$(ulimit -Ss)
	ulimit -Ss 128
	truth_serve truth_threads
	ulimit -Ss "$usual"
}

# Twice as many as there are places, each gone after its connection. Those that ended first
# share a row.
serve_threads
probing
"$SERVERS/robust_client" 127.0.0.1 "$port" 9000 ak 4 || fail 'a connection went wrong'
sleep 0.3
probed
expect_kernel '.requests == 18000 and .attributed == 18000' "$probed"
expect_kernel '.handoff_share == 0 and .unattributed_share == 0 and .counters.lost == 0' "$probed"
expect_kernel '[.workers[].requests] | add == 18000' "$probed"
expect_kernel '.workers | length > 4096 and all(.[]; .exited) and all(.[] | select(.tid > 0); .requests <= 3)' "$probed"
expect_kernel '[.workers[] | select(.tid == 0) | .name] == ["others"]' "$probed"
# One of them or three: that is uneven, but by no more than it is.
expect_kernel '.imbalance <= 2' "$probed"
expect_no_text "$SCRATCH/probed.out" 'thread 0'
stop "$server"

# More at a time than there are places: 4,096, one of them the probe's own.
[ "$(ulimit -n)" -ge 11000 ] || ulimit -n 11000 2>/dev/null || fail 'too few open files for 5,000 connections'
serve_threads
# As long as a slow machine may need for them all: the answers to requests given up would come after.
load --probe-sample 1/1 -c 5000 -n 15000 --timeout 60s "$url/"
expect_sane "$record" "$SCRATCH/out"
expect_all_answered 15000 200
expect_kernel '.requests == 15000 and .handoff_share == 0 and .counters.lost == 905'
expect_kernel '(.workers | length) <= 4095 and .requests - .attributed >= 905 and .unattributed_share < 0.3'
expect_kernel '.unattributed_share as $share | 1 - .attributed / .requests | . > $share - 1e-6 and . < $share + 1e-6'
expect_text "$SCRATCH/out" 'were read by a thread the probe had no room for: in residence, in no stage'
expect_text "$SCRATCH/out" '905  connections or threads the probe had no room for'
