#!/bin/bash
# SPDX-License-Identifier: MIT
# Servers that compute for a known time: the probe finds it on the CPU, and the requests that wait
# for a busy thread in its queue.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/kernel.sh
source tests/truth.sh

# One thread, mostly idle.
compare truth_epoll --work spin:500 -- -r 300 -d 1500ms -c 4
expect_attributed
expect_slowest
expect_compared 'dominating == "app_cpu" and mean("app_cpu") >= 490000'
expect_compared '.kernel.workers | length == 1 and .[0].requests == 450'
expect_compared '.truth as $truth | stage("app_cpu").p50 >= $truth.cpu.p50_ns * 0.93'
expect_compared 'mean("app_blocked") < 0.1 * mean("app_cpu")'

# Four connections in turn on one thread: each waits while it computes for the others.
compare truth_epoll --work spin:500 -- -n 1000 -c 4
expect_attributed
expect_compared 'dominating == "queue_busy" and mean("queue_busy") > 1.2 * mean("app_cpu")'
expect_compared 'mean("queue_busy") + mean("queue_runq") > 0.9 * mean("queue")'

# Four threads share the connections.
compare truth_epoll --work spin:200 --threads 4 -- -r 500 -d 1s -c 16
expect_attributed
expect_slowest
expect_compared '[.kernel.workers[] | .requests] | length >= 2 and length <= 4 and add == 500'
expect_compared 'mean("app_cpu") >= 196000'
