#!/bin/bash
# SPDX-License-Identifier: MIT
# Ladders: the loads one after the other, up to the first that fails.
# test-timeout: 120 (a ladder is repeated on a busy machine)
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/search.sh

serve --seed 1 --route '* capacity=1500'
if found --ladder 300,700,3k,9k --step-duration 1s "$url/"; then
	expect_search '.answer.lower_rps == 700 and .answer.upper_rps == 3000'
	expect_search '[.trials[] | select(.verdict == "pass" or .verdict == "fail").rps] == [300, 700, 3000]'
fi
expect_search '.goal.precision == null'
expect_search 'all(.trials[]; .stage == "ladder" and .duration_s == 1) and .goal.ladder == [300, 700, 3000, 9000]'

# One that is borne whole.
search --ladder 200,400 --step-duration 1s -q "$url/"
[ "$status" = 4 ] || expect_answer 0 above_highest
expect_sound
expect_equal 'diagnostics' "$(cat "$SCRATCH/err")" ''

# One's own objectives, of a server that refuses what it cannot serve.
stop "$server"
serve --seed 1 --route '* capacity=800 refuse-above=40'
if found --ladder 300,2k --step-duration 1s --threshold 'status_5xx==0' "$url/"; then
	expect_search '.answer.lower_rps == 300 and .answer.upper_rps == 2000'
	expect_search '.trials[-1].reason | contains("status_5xx")'
fi
expect_search '(.goal.slo | not) and .goal.thresholds == ["status_5xx==0"]'
expect_no_text "$SCRATCH/err" 'the usual objectives are taken'

# The first load is too much already.
search --ladder 2k,4k --step-duration 1s --threshold 'status_5xx==0' "$url/"
[ "$status" = 4 ] || expect_answer 1 below_lowest
expect_sound
