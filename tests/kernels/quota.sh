#!/bin/bash
# SPDX-License-Identifier: MIT
# A server that may use 30 % of a CPU and wants all of it: most of a request's time it waits for the
# CPU, and the time its control group was kept from it is told.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/kernel.sh
source tests/kernels/attribution.sh

groups=/sys/fs/cgroup
echo +cpu >"$groups/cgroup.subtree_control" || fail 'no cpu controller'
mkdir -p "$groups/limited"
echo '30000 100000' >"$groups/limited/cpu.max"
echo $$ >"$groups/limited/cgroup.procs"
serve --route '/spin service=fixed:50ms by=spin'
echo $$ >"$groups/cgroup.procs"

throttled() {
	sed -n 's/^throttled_usec //p' "$groups/limited/cpu.stat"
}
before=$(throttled)
attributed 20 /spin
# 50 ms by the clock take a request out of its 30 in each 100, so that it goes on with the next, and
# then is over at once.
mean_between app_runq 50000000 80000000
mean_between app_cpu 20000000 40000000
mean_between app_blocked 0 1000000
after=$(throttled)
expect_kernel ".counters.throttled_ns > 300000000
	and .counters.throttled_ns <= ($after - $before) * 1000 and .counters.throttled_periods > 3"
