#!/bin/bash
# SPDX-License-Identifier: MIT
# Servers that wait for a known time: for a timer, for a lock that another thread holds, and with
# requests of others unread meanwhile.
# test-alone: it compares times with stamped ones
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/kernel.sh
source tests/truth.sh

compare truth_epoll --work sleep:2000 -- -n 200 -c 1
expect_attributed
expect_slowest
expect_compared 'dominating == "app_sleep" and mean("app_sleep") >= 1999000'
expect_compared 'mean("app_disk") == 0 and mean("app_stopped") == 0'
# The rest of the time the thread waits for requests.
expect_compared '.kernel.workers[0] | .in_request * .wall_s / .requests | . > 0.001999 and . < 0.0022'

# Four connections on a thread that sleeps in the middle of each request.
compare truth_epoll --work sleep:2000 -- -n 400 -c 4
expect_attributed
expect_compared 'dominating == "queue_busy_blocked" and mean("queue_busy_blocked") > 4000000'
expect_compared 'mean("queue_wakeup") < 0.1 * mean("queue_busy_blocked")'

# The same over as many threads as connections: nobody waits for another.
compare truth_threads --work sleep:2000 -- -n 400 -c 4
expect_attributed
expect_compared 'dominating == "app_sleep" and mean("queue_busy_blocked") < 0.1 * mean("app_sleep")'
expect_compared '[.kernel.workers[] | .requests] | length == 4 and add == 400'

compare truth_epoll --work lock:2000 -- -n 200 -c 1
expect_attributed
expect_compared 'dominating == "app_sleep" and mean("app_sleep") >= 1900000'
