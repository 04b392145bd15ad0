#!/bin/bash
# SPDX-License-Identifier: MIT
# Without a rate: connections send as fast as they are answered. The counts are held against those
# of the target, which counts for itself.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh

serve --seed 1

# seen FILTER: what the target counted since the last call of `fresh`.
fresh() {
	before=$(stats .requests)
}
seen() {
	echo $(($(stats .requests) - before))
}

# A number of requests, exactly.
fresh
load -n 1000 -c 10 "$url/"
expect_record '.requests.sent == 1000 and .requests.completed == 1000 and .outcome.ok == 1000'
expect_record '.status == {"200": 1000} and .error_rate == 0'
expect_record '.connections.established == 10 and .connections.attempted == 10'
expect_record '.latency_ns.total.count == 1000 and .latency_ns.total.p50 > 0'
expect_record '.scenarios[0].load.model == "closed"'
expect_equal 'requests at the target' "$(seen)" 1000

# Fewer than connections, and one.
for count in 1 3; do
	fresh
	load -n $count -c 8 "$url/"
	expect_equal 'completed' "$(record .requests.completed)" $count
	expect_equal 'requests at the target' "$(seen)" $count
done

# Several workers divide them.
fresh
load -n 1001 -t 2 -c 7 "$url/"
expect_record '.requests.completed == 1001 and (.generator.workers | length) == 2'
expect_record '[.generator.workers[].connections] == [4, 3]'
expect_equal 'requests at the target' "$(seen)" 1001

# Several outstanding on a connection.
fresh
load -n 2000 -c 2 --pipeline 8 "$url/"
expect_record '.requests.completed == 2000 and .connections.established == 2'
expect_equal 'requests at the target' "$(seen)" 2000

# A duration, with a warm-up that is reported apart; both reached the target.
fresh
load -w 300ms -d 1100ms -c 4 "$url/"
expect_status 0
expect_record '.window.warmup_s == 0.3 and .window.duration_s == 1.1'
expect_record '.warmup.requests.sent > 0 and .requests.sent > 0'
expect_equal 'requests at the target' "$(seen)" "$(record '.warmup.requests.sent + .requests.sent')"
# What the warm-up left outstanding completed in the window, and the last answers came after it.
expect_record '.rate.completed_rps * 1.1 - .requests.completed | fabs < 4 + 1'

# Whichever comes first: the duration, when the number is out of reach.
load -n 1000000k -d 200ms -c 1 "$url/"
expect_record '.window.duration_s >= 0.2 and .window.duration_s < 2 and .requests.sent > 0'
