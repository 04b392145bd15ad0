#!/bin/bash
# SPDX-License-Identifier: MIT
# A server whose control group has a quota of a fifth of a CPU and asks for more.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/resources.sh
source tests/quota.sh

resources_serve --spin 5000
echo "$server" >"$group/cgroup.procs"
attempt -c 4 -d 3s --threshold 'target_throttled<1%' --threshold 'target_cpu_max<50%' "$url/"
expect_accounted
expect_read
expect_resources 'limits.quota_cpus == 0.2 and limits.cpus == 0.2'
# A CPU is not always there, so that it may use less; more than its quota only by what a period adds.
expect_resources '.resources.cpu | .max > 0.1 and .mean < 0.26 and .max_share > 0.5'
expect_resources 'counted("throttled_ns") > 200e6 and counted("throttled_periods") > 10'
expect_resources '[.thresholds[].state] == ["fail", "fail"]'
expect_text "$SCRATCH/out" 'its CPU quota (0.2 CPUs) held tasks of the server for'
