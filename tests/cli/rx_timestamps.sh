#!/bin/bash
# SPDX-License-Identifier: MIT
# Stamps of arrival (--rx-timestamps): a response that lies in a client that was stopped shows as the
# client's queueing, and not as the server's or the network's time.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh

# Where stamps were asked for, each completed request has one or is counted as having none.
expect_stamps_accounted() {
	expect_record '[., .warmup] | all(.[]; .latency_ns.client_queue.count == .latency_ns.until_arrival.count
		and .latency_ns.client_queue.count + .rx_stamps.unstamped == .requests.completed)'
}

serve --route '* service=fixed:20ms'

# Not asked for: not there, with a reason, and nothing can be judged by it.
load -n 20 -c 4 --threshold 'client_queue.p99<1s' "$url/"
expect_record '.latency_ns | .client_queue == null and .until_arrival == null
	and (.not_measured | keys == ["client_queue", "until_arrival"])'
expect_record '.rx_stamps.unstamped == 0 and .warmup.latency_ns.client_queue == null'
expect_record '.thresholds[0] | .state == "not_evaluated" and (.reason | test("--rx-timestamps"))'
expect_no_text "$SCRATCH/out" 'queueing in the client'

# An ordinary run, cut in many ways: the two parts make the whole.
load -r 500 -n 500 -w 200ms -c 50 --pipeline 2 --rx-timestamps "$url/"
expect_stamps_accounted
expect_record '.latency_ns.client_queue.count > 400'
expect_record '.latency_ns.until_arrival.min >= 20000000'
expect_record '.latency_ns.client_queue.min < 20000000'
expect_record '.latency_ns | .client_queue.max <= .service.max and .until_arrival.max <= .service.max'
expect_record '.rx_stamps.unstamped > 0 or (.latency_ns
	| .client_queue.histogram.sum + .until_arrival.histogram.sum == .service.histogram.sum)'
expect_text "$SCRATCH/out" 'queueing in the client'

# Stopped for a while with some twenty requests under way: their answers arrive meanwhile.
before=$(stats .requests)
start "$RINGLOAD" run --quiet --probe off --json "$record" -r 1000 -d 2s -c 64 --rx-timestamps "$url/"
client=$pid
has_load() {
	[ "$(stats .requests)" -gt $((before + 500)) ]
}
wait_for 20 has_load || fail 'no load'
kill -STOP "$client"
sleep 0.4
kill -CONT "$client"
wait "$client"
status=$?
expect_measured
expect_stamps_accounted
expect_record '.latency_ns.client_queue.max > 360000000'
expect_record '.latency_ns.service.max > 360000000'
expect_record '.latency_ns.until_arrival.max < 200000000'
# Few of them all; those that came late were sent late.
expect_record '.latency_ns.client_queue.p75 < 100000000 and .latency_ns.total.max > 360000000'

# A connection for each response.
stop "$server"
serve --route '* close-after=1'
load -n 200 -c 4 --rx-timestamps "$url/"
expect_stamps_accounted
expect_record '.latency_ns.client_queue.count >= 180'
