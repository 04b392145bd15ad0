#!/bin/bash
# SPDX-License-Identifier: MIT
# A step of a ladder that fails and does not go on to its end: --abort-on-breach.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/search.sh

serve --seed 1 --route '* capacity=300 refuse-above=30'
search --ladder 900,1k --step-duration 8s -q --abort-on-breach 1s "$url/"
# A busy machine may make every trial the generator's; it ends early all the same.
[ "$status" = 4 ] || expect_answer 1 below_lowest
expect_sound
# What was asked of it stays.
expect_search '.trials[0] | .duration_s == 8 and .result.window.duration_s < 8'
expect_search '.trials[0].result.window | .planned_s == 8 and .aborted.after_s >= 1
	and (.aborted.sign == "errors" or .aborted.sign == "threshold")'
if [ "$status" = 1 ]; then
	expect_search '.trials[-1].verdict == "fail" and (.trials[-1].reason | startswith("ended early: "))'
fi
# Nothing but the report is said.
expect_equal 'diagnostics' "$(cat "$SCRATCH/err")" ''

# A time that no step is as long as: said before, and in the report and the record.
search --ladder 20 --step-duration 500ms -q --abort-on-breach "$url/"
said='--abort-on-breach 5s ends no trial: each step is 500 ms: '
expect_text "$SCRATCH/err" "ringload: warning: $said"
tr -s ' \n' ' ' <"$SCRATCH/out" >"$SCRATCH/line"
expect_text "$SCRATCH/line" "$said"
expect_search "[.notes[] | select(startswith(\"$said\"))] | length == 1"
