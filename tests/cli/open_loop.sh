#!/bin/bash
# SPDX-License-Identifier: MIT
# With a rate: everything the schedule holds is accounted for, whatever the server does.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh

serve --route '/slow service=fixed:100ms' --route '/never answer=none'

before=$(stats .requests)
load -r 500 -w 500ms -d 1500ms -c 16 "$url/"
expect_record '.requests.scheduled == 750 and .warmup.requests.scheduled == 250'
expect_record '.requests.completed == 750 and .warmup.requests.completed == 250'
expect_record '.rate.asked_rps == 500 and .rate.sent_rps == 500'
expect_record '.scenarios[0].load | .model == "open" and .arrival == "constant" and .asked_rps == 500'
expect_equal 'requests at the target' "$(($(stats .requests) - before))" 1000

# Two workers keep one schedule.
load -r 300 -d 1s -t 2 -c 4 "$url/"
expect_record '.requests.scheduled == 300 and .requests.completed == 300'

# Fractions of a rate, and a number of requests instead of a duration.
load -r 120/m -d 1250ms -c 2 "$url/"
expect_record '.requests.scheduled == 3 and .rate.asked_rps == 2'
load -r 400 -n 200 -c 4 "$url/"
expect_record '.requests.scheduled == 200 and .requests.completed == 200 and .window.duration_s == 0.5'

# Random arrivals: the same seed is the same schedule, another seed another one.
scheduled=()
for seed in 7 7 8; do
	load -r 800 --arrival poisson --seed $seed -d 500ms -c 16 "$url/"
	expect_record ".seed == \"$seed\" and .scenarios[0].load.arrival == \"poisson\""
	scheduled+=("$(record .requests.scheduled)")
done
expect_equal 'arrivals of the same seed' "${scheduled[0]}" "${scheduled[1]}"
[ "${scheduled[0]}" != "${scheduled[2]}" ] || fail "seeds 7 and 8 both give ${scheduled[0]} arrivals"

# A server slower than the schedule: requests wait for a connection, and the wait counts.
load -r 40 -n 20 -c 1 "$url/slow"
expect_record '.requests.scheduled == 20 and .requests.completed == 20'
expect_record '.latency_ns.service.max < 1000000000 and .latency_ns.total.max > 1400000000'
expect_record '.latency_ns.connection_wait.max > 1300000000'
expect_record '.window.duration_s == 0.5 and .window.drain_s > 1.4'

# Those that would wait longer than the timeout are dropped, and so are those above the limit.
load -r 40 -n 20 -c 1 --timeout 500ms "$url/slow"
expect_record '.requests.dropped.expired > 5 and .requests.scheduled == 20 and .error_rate > 0.2'
load -r 100 -d 500ms -c 4 --max-in-flight 4 "$url/slow"
expect_record '.requests.dropped.limit > 10 and .requests.scheduled == 50'

# The drain can be cut short: what is open then is told as such.
load -r 40 -d 500ms -c 1 --drain 50ms "$url/slow"
expect_record '.requests | .scheduled == 20 and .unsent > 0 and .in_flight > 0'
expect_record '.latency_ns.total | .censored > 0 and (.lower_bound | index("p99") != null)'

# Nobody answers: everything times out, in time.
SECONDS=0
attempt -r 50 -d 1s -c 8 --timeout 300ms "$url/never"
[ $SECONDS -le 20 ] || fail "timeouts of 300 ms took $SECONDS s"
expect_status 5
expect_record .complete
expect_accounted
expect_record '.requests | .completed == 0 and .timed_out > 0 and .scheduled == 50'
