#!/bin/bash
# SPDX-License-Identifier: MIT
# A run that ends itself: soon after the service began to fail, with all that was measured, judged as
# a failure; and not where it did not fail.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh

# aborted: what every record of such a run says.
aborted() {
	case $status in
	1) expect_record '.validity.verdict == "valid"' ;;
	4) expect_record '.validity.verdict == "generator_limited"' ;;
	*) fail "exit $status" "$SCRATCH/out" "$SCRATCH/err" ;;
	esac
	expect_accounted
	expect_record '.window | .interrupted == false and .planned_s == 30 and .aborted.after_s < 20
		and .duration_s >= .aborted.after_s and .duration_s < .aborted.after_s + 5'
	expect_text "$SCRATCH/out" 'ended early: '
	expect_text "$SCRATCH/out" 'FAILED: ended early'
}

# begin NAME OPTION... URL: a run in the background; its id is in `pid`.
begin() {
	local name=$1

	shift
	start "$RINGLOAD" run --quiet --probe off --json "$SCRATCH/$name.json" "$@" \
		>"$SCRATCH/$name.out" 2>"$SCRATCH/$name.err"
}

# finish NAME PID: it is the run that is looked at.
finish() {
	wait "$2"
	status=$?
	mv "$SCRATCH/$1.json" "$record"
	mv "$SCRATCH/$1.out" "$SCRATCH/out"
	mv "$SCRATCH/$1.err" "$SCRATCH/err"
}

# Healthy, all the while that the others fail.
serve --route '* service=fixed:5ms'
begin healthy -c 8 -d 5s --abort-on-breach 1s --slo "$url/"
healthy=$pid

# It stops answering; the requests are not waited for until they time out.
serve --route '* service=fixed:5ms freeze=60s@1500ms'
begin silent -c 8 -d 30s --abort-on-breach 1s --drain 100ms "$url/"
silent=$pid

# Of 300 a second it answers 200, and after two seconds it refuses the rest.
serve --route '* capacity=200 refuse-above=200'
attempt -r 300 -c 300 -d 30s --abort-on-breach 1s --threshold 'p99<10s' "$url/"
aborted
expect_record '.window.aborted | .sign == "errors" and .unit == "share" and .bound == 0.01
	and .value > 0.01 and .value < 0.8 and .lasted_s >= 1 and .after_s >= 2'
# Drained: what was due has its answer.
expect_record '.requests | .completed == .scheduled and .in_flight == 0 and .unsent == 0'
expect_record '.status["503"] > 0 and .status["200"] > 200 and .thresholds[0].state == "pass"'

finish silent "$silent"
aborted
expect_record '.window.aborted | .sign == "silence" and .lower_bound and .value >= 1e9'
expect_record '.requests.in_flight == 8'

finish healthy "$healthy"
expect_measured healthy
expect_record '.window | has("aborted") == false and .duration_s == 5'
expect_no_text "$SCRATCH/out" 'ended early'
