#!/bin/bash
# SPDX-License-Identifier: MIT
# A server whose control group has a quota of a fifth of a CPU: what it is throttled for is time in the
# run queue.
# test-alone: it compares times with stamped ones
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/kernel.sh
source tests/truth.sh
source tests/quota.sh

enter() {
	echo "$1" >"$group/cgroup.procs"
}
beside=enter
compare truth_epoll --work spin:4000 -- -n 80 -c 1
expect_attributed
expect_compared 'dominating == "app_runq" and mean("app_runq") > 5000000'
expect_compared 'mean("app_runq") | nearly(truth("runq"))'
expect_compared 'mean("app_blocked") < 0.01 * mean("app_runq")'
# The group's own account of it, which ran a little longer than the window.
throttled=$(awk '$1 == "throttled_time" { print $2 } $1 == "throttled_usec" { print $2 * 1000 }' "$group/cpu.stat")
expect_compared ".kernel.counters.throttled_ns | . > 0.7 * $throttled and . <= $throttled"
