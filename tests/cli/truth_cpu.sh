#!/bin/bash
# SPDX-License-Identifier: MIT
# Servers that compute for a known time: the probe finds it on the CPU, and the requests that wait
# for a busy thread in its queue.
# test-alone: it compares times with stamped ones
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/kernel.sh
source tests/truth.sh

# computed US: as long on the CPU as was asked for, which the server has proven to itself.
computed() {
	expect_compared "mean(\"app_cpu\") >= ${1}000 * 0.98 - stolen and (mean(\"app_cpu\") | below(truth(\"cpu\").most_ns + stolen))"
}

# One request at a time.
compare truth_epoll --work spin:500 -- -n 500 -c 1
expect_attributed
expect_slowest
computed 500
expect_compared 'mean("app_cpu") > 0.7 * mean("app") and mean("queue_busy_blocked") == 0'
expect_compared 'stage("app_cpu").p50 >= truth("cpu").p50_ns * 0.93'
expect_compared '.kernel.workers | length == 1 and .[0].requests == 500'

# On a schedule, with what was still open when its last request became due.
compare truth_epoll --work spin:500 -- -r 400 -d 1s -c 8
expect_attributed
computed 500
expect_compared '.kernel.requests == 400'

# Four connections in turn on one thread: each waits while it computes for the others.
compare truth_epoll --work spin:500 -- -n 800 -c 4
expect_attributed
computed 500
expect_compared 'mean("queue_busy") > 1.2 * mean("app_cpu") and mean("queue_busy_blocked") == 0'
expect_compared 'mean("queue_busy") + mean("queue_runq") > 0.95 * mean("queue")'
expect_compared 'dominating | . == "queue_busy" or . == "queue_runq"'

# Four threads share the connections.
compare truth_epoll --work spin:200 --threads 4 -- -n 1000 -c 16
expect_attributed
expect_slowest
computed 200
expect_compared '[.kernel.workers[] | .requests] | length == 4 and add == 1000'
