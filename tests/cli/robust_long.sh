#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2119 # what jq expands
# Requests that last much longer than a sampled stretch of time.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/kernel.sh
source tests/robust.sh

serve --route '/long service=fixed:900ms' --route '/mixed service=bimodal:1ms/900ms@20%' --seed 3

# Requests nine epochs long, admitted in one of them: each is followed to its end, also when that comes
# after the window, and no other is taken for it.
load -r 150 -d 2500ms -c 256 --pacing sleep "$url/long"
expect_sane "$record" "$SCRATCH/out"
expect_kernel '.sampled_fraction > 0.125 * 0.5 and .sampled_fraction < 0.125 * 1.6'
expect_kernel '.attributed == .requests and .residence.p50 > 8.4e8 and .residence.mean_ns > 9e8 and .residence.mean_ns < 9.5e8'
expect_kernel 'all(.mix[]; .from_ns > 8e8)'
expect_kernel '.open.waiting == 0 and .open.reading == 0 and .counters.abandoned == 0'
expect_kernel '.residual_ns < 2e7 and .residual_ns > -2e7'

# Every fifth request that long: of what is followed it is a fifth as well. Of 1,000 requests 125 are
# followed; four standard deviations are 0.14.
load -r 400 -d 2500ms -c 512 --pacing sleep "$url/mixed"
expect_sane "$record" "$SCRATCH/out"
expect_kernel '([.mix[] | select(.from_ns > 5e8) | .requests] | add) / .requests | . > 0.06 and . < 0.34'
expect_kernel '.open.waiting == 0 and .open.reading == 0 and .counters.abandoned == 0'
