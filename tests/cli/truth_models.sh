#!/bin/bash
# SPDX-License-Identifier: MIT
# Servers that read and send in other ways than most: a thread for each connection, io_uring with and
# without a thread of the kernel, and a response sent by another thread than read the request.
# test-alone: it compares times with stamped ones
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/kernel.sh
source tests/truth.sh

compare truth_threads --work spin:200 -- -n 600 -c 4
expect_attributed
expect_slowest
expect_compared 'mean("app_cpu") >= 196000 - stolen'
expect_compared '[.kernel.workers[] | .requests] | length == 4 and add == 600'

compare truth_uring --work spin:200 -- -n 600 -c 4
expect_attributed
expect_slowest
expect_compared 'mean("app_cpu") >= 196000 - stolen'
expect_compared '.kernel.offloaded_share == 0 and (.kernel.workers | length == 1)'

# The kernel's thread reads: how long a request stayed is known, and of what no word is said.
compare truth_uring --work spin:200 --sqpoll -- -n 100 -c 2
expect_whole
expect_compared '.kernel.offloaded_share == 1 and .kernel.attributed == 0'
expect_compared 'residence >= 196000'
expect_compared '[.kernel.stages[] | select(.in_residence) | .count] | add == 0'

compare truth_handoff --work sleep:1000 -- -n 300 -c 2
expect_whole
expect_slowest
expect_compared '.kernel.handoff_share == 1 and .kernel.attributed == 0 and .kernel.counters.handoffs == 300'
expect_compared 'residence | above(truth("app").least_ns)'
expect_compared '[.kernel.stages[] | select(.in_residence) | .count] | add == 0'
