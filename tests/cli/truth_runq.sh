#!/bin/bash
# SPDX-License-Identifier: MIT
# Servers that are kept from their CPU for a known time: by another process on it, by signals, and by
# a quota.
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
compare truth_epoll --work spin:8000 --cpu $last_cpu -- -r 40 -d 2s -c 4
stop "$hog"
expect_attributed
expect_compared '.truth as $truth | mean("app_runq") | bounded($truth.runq)'
expect_compared 'mean("app_runq") > 1000000 and mean("app_cpu") >= 7840000'
expect_compared 'mean("app_runq") + mean("app_cpu") > 0.95 * mean("app")'
expect_compared '.kernel.workers[0].preempted > 20'

# Stopped four times for 100 ms, almost surely in the middle of a request.
halt() {
	local turn

	sleep 1
	for turn in 1 2 3 4; do
		sleep 0.12
		kill -STOP "$1"
		sleep 0.1
		kill -CONT "$1"
	done
}
beside=halt
compare truth_epoll --work spin:5000 -- -d 3s -c 1
beside=
expect_attributed
expect_compared '(mean("app_stopped") * .kernel.attributed) as $stopped | $stopped >= 300e6 and $stopped < 4000e6'
expect_compared '.truth as $truth | mean("app_blocked") | bounded($truth.blocked)'
expect_compared 'mean("app_stopped") > 0.9 * mean("app_blocked")'
