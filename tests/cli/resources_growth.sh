#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # jq has variables too
# test-timeout: 150
# Growth an hour, of a server that leaks a known amount for a minute.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/resources.sh

# 64 KiB 20 times a second: 4.4 GiB an hour.
resources_serve --leak 65536
attempt -r 20 -c 1 -d 61s --threshold 'target_memory_growth<100M' "$url/"
expect_accounted
expect_read
expect_resources '(window | map(.completed) | add / 61 * 65536 * 3600) as $leak
	| .resources.memory_growth | (.bytes_per_hour / $leak | . > 0.95 and . < 1.1) and .r_squared > 0.98
		and .error_bytes_per_hour < 0.05 * $leak and .samples >= 55
		and (.robust_bytes_per_hour / $leak | . > 0.9 and . < 1.15) and .p < 0.001 and .robust_p < 0.001'
expect_resources '.thresholds[0].state == "fail" and .thresholds[0].unit == "bytes_per_hour"'
expect_text "$SCRATCH/out" 'memory grows by 4.'
