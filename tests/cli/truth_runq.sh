#!/bin/bash
# SPDX-License-Identifier: MIT
# Servers that are kept from their CPU for a known time: by another process on it, and by signals.
# test-alone: it compares times with stamped ones
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/kernel.sh
source tests/truth.sh

last_cpu=$(($(nproc --all) - 1))
taskset -c $last_cpu true || last_cpu=0

# A process that never sleeps on the server's CPU.
start taskset -c $last_cpu bash -c 'while :; do :; done'
hog=$pid
compare truth_epoll --work spin:8000 --cpu $last_cpu -- -n 80 -c 1
stop "$hog"
expect_attributed
expect_compared 'mean("app_runq") | nearly(truth("runq"))'
expect_compared 'mean("app_runq") > 1000000 and mean("app_cpu") >= 7840000 - stolen'
expect_compared 'mean("app_runq") + mean("app_cpu") > 0.99 * mean("app")'
expect_compared '.kernel.workers[0].preempted > 20'

# Stopped four times for 100 ms: nearly always in the middle of a request, else while it waits for one.
halt() {
	wait_for 20 has_worked "$1" || return
	for _ in 1 2 3 4; do
		sleep 0.1
		kill -STOP "$1"
		sleep 0.1
		kill -CONT "$1"
	done
}
beside=halt
compare truth_epoll --work spin:5000 -- -n 400 -c 1
beside=
expect_attributed
expect_compared 'mean("app_stopped") * .kernel.requests >= 95e6'
expect_compared '(mean("app_stopped") + mean("queue_wakeup")) * .kernel.requests >= 395e6'
expect_compared 'mean("app_stopped") > 0.9 * mean("app_blocked")'
