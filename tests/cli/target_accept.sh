#!/bin/bash
# SPDX-License-Identifier: MIT
# A target that accepts late, and the short backlog that fills meanwhile.
# test-alone: it measures what a server bears
source tests/assert.sh
source tests/load.sh
source tests/serving.sh

# Five fit beside one another (the kernel takes one more than the backlog); to the others the kernel
# does not answer, and they ask again after a second.
serve --seed 1 --accept-delay 400ms --backlog 4
load -r 100 -d 500ms -c 8 "$url/"
expect_record '.requests.completed == 50'
expect_record '.latency_ns.connect.max > 900000000'
stats .connections >"$SCRATCH/connections"
expect_json "$SCRATCH/connections" '.accept_most <= 5 and .accept_rounds >= 2 and .accept_errors == 0'
stop "$server"

# With room for all they are connected at once, and wait for their first answer.
serve --seed 1 --accept-delay 400ms
load -r 100 -d 500ms -c 8 "$url/"
expect_record '.requests.completed == 50'
expect_record '.latency_ns.connect.max < 900000000'
stop "$server"

run "$RINGLOAD" serve --accept-delay 2h
expect_status 2
expect_text "$SCRATCH/err" '--accept-delay: "2h" is too large'
run "$RINGLOAD" serve --backlog 0
expect_status 2
expect_text "$SCRATCH/err" '--backlog: "0" is too small'
