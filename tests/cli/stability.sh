#!/bin/bash
# SPDX-License-Identifier: MIT
# A steady server is stable, also one that fails requests at random; one that errs in bursts is not.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh

runs=()

# along NAME OPTION... URL: a run of 5 s beside others; what it leaves is in $SCRATCH/NAME.*.
along() {
	local name=$1

	shift
	start "$RINGLOAD" run --quiet --probe off --json "$SCRATCH/$name.json" -d 5s -c 8 "$@" \
		>"$SCRATCH/$name.out" 2>"$SCRATCH/$name.err"
	runs+=("$pid")
}

# judged NAME CONDITION: what is true of the block in its record. A busy machine may make any of
# the runs generator_limited, and then the rate is never called unstable.
judged() {
	record=$SCRATCH/$1.json
	expect_accounted
	jq -e ".stability | $2" "$record" >/dev/null && return
	jq -c '.stability, .validity, (.timeline[] | {t_s, phase, scheduled, completed, errors})' "$record" \
		>"$SCRATCH/why"
	fail "not so of $1: $2" "$SCRATCH/why" "$SCRATCH/$1.out"
}

# Two seconds in which it answers nothing for a while, and what waits so long has timed out.
serve --route '* freeze=600ms@2s,600ms@4s'
along bursts -r 500 --timeout 200ms --threshold 'error_variation<0.1%' "$url/"
serve --seed 1 --route '/some status=200:95,500:5'
along steady -r 500 -w 500ms --threshold 'error_variation<0.1%' --threshold 'target_restarts==0' "$url/"
along some -r 500 --observe off "$url/some"
for each in "${runs[@]}"; do
	wait "$each"
done

judged steady '.intervals >= 4 and .error_variation.verdict == "stable" and .error_variation.value == 0'
judged steady '.restarts.verdict == "stable" and .rate_variation.verdict != "unstable"'
expect_json "$record" '.stability.verdict == "stable" or .validity.verdict == "generator_limited"'
expect_json "$record" '[.thresholds[].state] == ["pass", "pass"]'
expect_text "$SCRATCH/steady.out" 'stability '

# 5 % of 500 a second are never exactly 25.
judged some '.error_variation | .verdict == "unknown" and .chance > 0.005 and .chance < 0.02'
judged some '.restarts.verdict == "unknown" and .restarts.value == null'
expect_text "$SCRATCH/some.out" 'error rate: chance alone makes'

judged bursts '.verdict == "unstable" and .error_variation.verdict == "unstable"'
judged bursts '.error_variation | .value > 0.05 and .value > 5 * .chance'
expect_text "$SCRATCH/bursts.out" 'stability    UNSTABLE over'
expect_json "$record" '.thresholds[0].state == "fail" and .thresholds[0].value > 0.05'
