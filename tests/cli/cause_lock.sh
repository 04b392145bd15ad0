#!/bin/bash
# SPDX-License-Identifier: MIT
# What gave way is a lock that one of two threads holds at a time: 500 requests a second, with CPU left.
# test-timeout: 120 (a ladder is repeated on a busy machine)
# test-alone: only its own load may be what gives way
source tests/assert.sh
source tests/load.sh
source tests/causes.sh
[ "$(nproc)" -gt 1 ] || skip 'two threads that wait for each other need two CPUs'

# The first two of the CPUs that may be used, each with a thread of its own.
mapfile -t cpus < <(taskset -cp $$ | sed 's/.*: //' | tr ',' '\n' | while IFS=- read -r from to; do
	seq "$from" "${to:-$from}"
done)
serve --seed 1 --cpus "${cpus[0]},${cpus[1]}" --route '* lock=2ms'
before_others "$server"
found --ladder 100,800 --step-duration 1500ms --timeout 1s "$url/"
expect_named lock_bound "$(says '^server lock-bound: its 2 threads wait for one another')"
expect_search 'all(.causes[]; .key != "blocked")'
# Who has the lock works, and who does not sleeps with requests that it has read.
expect_search 'all(.trials[-1].result.kernel.workers[]; .cpu + .runq + .in_request > 0.9)'
