#!/bin/bash
# SPDX-License-Identifier: MIT
# Servers that read and send in other ways than most: a thread for each connection, io_uring with and
# without a thread of the kernel, and a response sent by another thread than read the request.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/kernel.sh
source tests/truth.sh

compare truth_threads --work spin:200 -- -r 400 -d 1s -c 8
expect_attributed
expect_slowest
expect_compared 'dominating == "app_cpu" and mean("app_cpu") >= 196000'
expect_compared '.kernel.workers | length == 8'

compare truth_uring --work spin:200 -- -r 400 -d 1s -c 8
expect_attributed
expect_slowest
expect_compared 'dominating == "app_cpu" and mean("app_cpu") >= 196000'
expect_compared '.kernel.workers | length == 1'
expect_compared '.kernel.offloaded_share == 0'

# The kernel's thread reads: how long a request stayed is known, and of what no word is said.
compare truth_uring --work spin:200 --sqpoll -- -r 100 -d 1s -c 4
expect_whole
expect_compared '.kernel.offloaded_share == 1 and .kernel.attributed == 0'
expect_compared 'residence >= 196000'
expect_compared '[.kernel.stages[] | select(.in_residence) | .count] | add == 0'

compare truth_handoff --work sleep:1000 -- -r 300 -d 1s -c 8
expect_whole
expect_slowest
expect_compared '.kernel.handoff_share == 1 and .kernel.attributed == 0 and .kernel.counters.handoffs == 300'
expect_compared '.truth.app.least_ns as $least | residence | above($least)'
expect_compared '[.kernel.stages[] | select(.in_residence) | .count] | add == 0'
