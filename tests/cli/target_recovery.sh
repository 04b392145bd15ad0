#!/bin/bash
# SPDX-License-Identifier: MIT
# A target that bears less after it was overloaded: what it bore before it does not bear, until it had
# time to recover.
# test-alone: it measures what a server bears
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/steady.sh

target=(--route '* capacity=1000 degraded=50% overload-above=200 recovery=4s')

queue() {
	stats ".routes[0].queue.$1"
}

recovered() {
	[ "$(queue degraded)" = false ]
}

if steady -r 700 -d 1s -c 500 /; then
	expect_record '.latency_ns.total.p50 < 100000000'
	expect_equal 'overloads before' "$(queue overloads)" 0
fi

load -r 1500 -d 500ms -c 500 "$url/"
overloads=$(queue overloads)
[ "$overloads" -ge 1 ] || fail 'it was not overloaded'
expect_equal 'capacity after' "$(queue capacity_now_rps)" 500

# 700 again: 500 are served, the queue grows past 200 and keeps the server down.
load -r 700 -d 2s -c 600 "$url/"
expect_record '.rate.completed_rps < 500 * 1.02'
expect_record '.latency_ns.total.p50 > 200000000 and .latency_ns.total.max > 780000000'
expect_equal 'overloads in between' "$(queue overloads)" "$overloads"

wait_for 20 recovered || fail 'it does not recover'
expect_equal 'capacity at last' "$(queue capacity_now_rps)" 1000
load -r 700 -d 1s -c 500 "$url/"
if [ "$(record .validity.verdict)" != generator_limited ]; then
	expect_record '.latency_ns.total.p50 < 100000000'
	expect_equal 'overloads at last' "$(queue overloads)" "$overloads"
fi
