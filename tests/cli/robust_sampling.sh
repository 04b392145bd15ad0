#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2119 # what jq expands
# What is sampled stands for what is not: in its share, and in its means within the error that is told.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/kernel.sh
source tests/robust.sh

serve --route '/spin service=fixed:200us by=spin' --route '/never answer=none'

# One in eight of 64 connections in 30 epochs: of the 1,920 pairs of both an eighth is expected. The
# connections of a bucket are chosen together, which makes chance larger than by their number.
for rate in 500 4000; do
	load -r "$rate" -d 3s -c 64 --pacing sleep "$url/"
	expect_sane "$record" "$SCRATCH/out"
	expect_kernel '.sample == 8 and .sampled_fraction > 0.125 * 0.6 and .sampled_fraction < 0.125 * 1.5'
	expect_kernel '.error_share > 0 and .error_share < 1'
	expect_kernel '.open == {waiting: 0, reading: 0, oldest_ns: 0} and .counters.abandoned == 0'
done

# The same work with every request followed, and with an eighth of them: the means agree within four
# times the error that is told, and a tenth for what the machine does meanwhile.
load --probe-sample 1/1 -r 500 -d 1500ms -c 64 "$url/spin"
whole=$(record '.kernel.stages[] | select(.name == "app_cpu") | .mean_ns')
expect_kernel '.error_share == 0'
load -r 500 -d 3s -c 64 "$url/spin"
expect_sane "$record" "$SCRATCH/out"
expect_kernel "(4 * .error_share + 0.1) as \$far | .stages[] | select(.name == \"app_cpu\") | .mean_ns / $whole
	| . > 1 - \$far and . < 1 + \$far"

# What is admitted is answered, abandoned or open, whatever bucket is selected when that happens: of
# connections that end in every way, a sampled share does in each.
sample=1/8 probing
"$SERVERS/robust_client" 127.0.0.1 "$port" 8000 ar 4 || fail 'a connection went wrong'
sleep 0.3
probed
expect_kernel '.counters | .opened == 8000 and .closed == 8000 and .resets_received == 4000' "$probed"
expect_kernel '.open == {waiting: 0, reading: 0, oldest_ns: 0}' "$probed"
expect_kernel '.requests > 4000 / 8 * 0.5 and .requests < 4000 / 8 * 1.6' "$probed"
