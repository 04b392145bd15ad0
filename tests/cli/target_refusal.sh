#!/bin/bash
# SPDX-License-Identifier: MIT
# A target that refuses what finds too many waiting: at once, in the way it was told, and counted.
# test-alone: it measures what a server bears
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/steady.sh

target=(--route "/status capacity=500 refuse-above=50" \
	--route '/busy capacity=500 refuse-above=50 refuse=429' \
	--route '/close capacity=500 refuse-above=50 refuse=close' \
	--route '/reset capacity=500 refuse-above=50 refuse=reset')

# queue PATH FIGURE
queue() {
	stats ".routes[] | select(.path == \"$1\") | .queue.$2"
}

# 1,000 a second for 2 s: 500 a second are served, and the 50 of the queue.
if steady -r 1000 -d 2s -c 300 /status; then
	expect_record '.status["200"] | . > 1050 * 0.95 and . < 1050 * 1.02'
	expect_record '.latency_ns.service.p90 < 100000000 * 1.02 + 5000000'
fi
refused=$(queue /status refused)
expect_record ".status == {\"200\": (2000 - $refused), \"503\": $refused}"
expect_record '.requests.completed == 2000 and .outcome.status_5xx == .status["503"]'
expect_equal 'longest' "$(queue /status longest)" 50
# A refusal takes less than the service time that every answer takes.
expect_record '.latency_ns.service.min < 2000000'

load -r 1000 -d 500ms -c 300 "$url/busy"
expect_record ".status[\"429\"] == $(queue /busy refused) and .outcome.status_4xx == .status[\"429\"]"

# Without an answer: each refusal is a failure of its class.
for kind in close:closed reset:reset; do
	path=/${kind%:*}
	load -r 1000 -d 500ms -c 300 "$url$path"
	refused=$(queue "$path" refused)
	[ "$refused" -gt 100 ] || fail "$path refused $refused requests only"
	expect_record ".requests.failed.${kind#*:} == $refused"
	expect_record ".requests | .completed + .failed.${kind#*:} == .sent"
	expect_equal "misbehaved on $path" \
		"$(stats ".routes[] | select(.path == \"$path\") | .misbehaved")" "$refused"
done

# The summary at the end tells.
stop "$server"
expect_text "$SCRATCH/serve.out" "queue of \"/reset\": at most 50 requests, $refused refused"
