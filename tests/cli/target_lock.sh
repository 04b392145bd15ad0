#!/bin/bash
# SPDX-License-Identifier: MIT
# A target whose requests hold a mutex: 2 ms each are 500 a second, however many workers there are.
# test-alone: it measures what a server bears
source tests/assert.sh
source tests/load.sh
source tests/serving.sh

for workers in 1 2; do
	serve --seed 1 --workers $workers --route '* lock=2ms'
	load -d 1500ms -c 16 -t 1 "$url/"
	expect_record '.rate.completed_rps <= 500'
	expect_record '.requests.completed > 100'
	stats '.routes[0]' >"$SCRATCH/route"
	expect_json "$SCRATCH/route" '.lock.acquired == .requests and .lock.held_ns >= .requests * 2000000'
	# One worker never waits for another; of two, one does whenever both find a CPU.
	[ $workers = 1 ] || expect_json "$SCRATCH/route" '.lock.wait_ns > .lock.held_ns / 100'
	stop "$server"
done
