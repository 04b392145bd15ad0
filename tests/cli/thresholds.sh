#!/bin/bash
# SPDX-License-Identifier: MIT
# What a run is held to, and the exit codes that come of it.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh

serve --route '/slow service=fixed:300ms' --route '/bad status=500'

# judged CODE ARGUMENT...: a closed loop of a second, which is valid on any machine.
judged() {
	local code=$1

	shift
	attempt -d 1100ms -c 60 "$@"
	expect_status "$code"
	expect_accounted
	expect_record '.validity.verdict == "valid"'
}

judged 0 --threshold 'p99<20s' --threshold 'error_rate<1%' --threshold 'failed==0' "$url/slow"
expect_record '[.thresholds[].state] == ["pass", "pass", "pass"]'
judged 1 --threshold 'p50 < 100ms' --threshold 'p99<20s' "$url/slow"
expect_record '[.thresholds[].state] == ["fail", "pass"] and .thresholds[0].value >= 300000000'
expect_text "$SCRATCH/out" 'p50 < 100ms'
judged 0 --threshold 'warn: p50<100ms' "$url/slow"
expect_record '.thresholds[0].state == "warn"'
judged 1 --threshold 'error_rate<1%' "$url/bad"
expect_record '.thresholds[0].value == 1'
judged 1 --threshold 'status_5xx==0' "$url/bad"

# The usual objectives. A closed loop was asked no rate.
judged 1 --slo "$url/slow"
expect_record '[.thresholds[] | select(.state == "fail") | .expression] == ["p95<200ms"]'
expect_record '[.thresholds[] | select(.state == "not_evaluated")] | length == 1'

# A measurement that is not valid is judged as that first: a failed objective proves nothing then.
attempt -n 10 -c 2 --threshold 'p50<1ms' "$url/slow"
expect_status 4
expect_record '.validity.verdict == "too_short" and .thresholds[0].state == "fail"'

# What makes no sense is refused before the load, with the place.
before=$(stats .requests)
for wrong in 'p99<200' 'p99' 'speed<5' 'p101<1s' '<5ms' 'p99<200ms or so'; do
	run "$RINGLOAD" run --threshold "$wrong" "$url/"
	expect_status 2
	grep -qE "^ringload: --threshold: column [0-9]+ of \"" "$SCRATCH/err" ||
		fail "no place in the message about \"$wrong\"" "$SCRATCH/err"
done
expect_equal 'requests of refused runs' "$(stats .requests)" "$before"
