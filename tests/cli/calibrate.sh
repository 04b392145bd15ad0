#!/bin/bash
# SPDX-License-Identifier: MIT
# test-timeout: 90
# What this machine can generate: the figures, and where they are kept.
source tests/assert.sh

# Asked for what cannot be.
run "$RINGLOAD" calibrate -d 100ms
expect_status 2
expect_text "$SCRATCH/err" '--duration'
run "$RINGLOAD" calibrate --json "$SCRATCH/nowhere/record.json"
expect_status 2
run "$RINGLOAD" calibrate http://127.0.0.1/
expect_status 2

# Where it could not be kept nothing is measured. Not even root can make a folder below a file.
: >"$SCRATCH/file"
run env XDG_STATE_HOME="$SCRATCH/file" "$RINGLOAD" calibrate
expect_status 3
expect_text "$SCRATCH/err" 'set XDG_STATE_HOME to a folder that takes it'
expect_equal 'lines' "$(wc -l <"$SCRATCH/err")" 1

[ "$(id -u)" = 0 ] || skip 'the null server needs root'
record=$SCRATCH/record.json
run "$RINGLOAD" calibrate -d 1s --json "$record"

# On a machine that is too busy for any rate that is said, and nothing is kept.
if [ "$status" = 4 ]; then
	expect_text "$SCRATCH/err" 'not calibrated: at no rate the generator kept its schedule'
	expect_equal 'the report' "$(cat "$SCRATCH/out")" ''
	[ ! -e "$record" ] || fail 'a record of nothing was written'
	expect_equal 'what is kept' "$(ls "$XDG_STATE_HOME/ringload")" ''
	echo 'the machine is too busy to calibrate'
	exit 0
fi

expect_status 0
expect_json "$record" '.schema == "ringload.calibration/1" and .server == "null_server"'
expect_json "$record" ".kernel == \"$(uname -r)\" and (.machine | test(\"^[0-9a-f]{16}$\"))"
expect_json "$record" '.workers >= 1 and .connections >= 64 and .highest_rps > 1000'
# Neither faster than a system call nor slower than what was asked.
expect_json "$record" '.cpu_ns_per_request | . > 200 and . < 1e6'
# A floor is of a valid trial, or there is none.
if [ "$(json "$record" .latency_floor_ns)" = null ]; then
	expect_text "$SCRATCH/out" 'not measured, the machine was too busy: '
	expect_json "$record" '.send_lag_ns == null'
else
	expect_json "$record" '.latency_floor_ns | .p50 > 500 and .p50 <= .p99 and .p99 < 1e9'
	expect_json "$record" '.send_lag_ns.p50 <= .send_lag_ns.p99'
	expect_text "$SCRATCH/out" 'send lag '
fi
expect_json "$record" '.steal == null or (.steal >= 0 and .steal < 1)'
for label in calibrated 'highest rate' cost floor machine kept; do
	grep -q "^$label " "$SCRATCH/out" || fail "the report has no \"$label\"" "$SCRATCH/out"
done
expect_text "$SCRATCH/err" 'closed loop: '
grep -q ': held$' "$SCRATCH/err" || fail 'no rate was told to be held' "$SCRATCH/err"
cmp "$record" "$XDG_STATE_HOME"/ringload/calibration-*.json || fail 'what is kept is not what was written'
expect_equal 'who may look there' "$(stat -c %a "$XDG_STATE_HOME/ringload")" 700

# From now on a run is told.
run "$RINGLOAD" run --dry-run -r "$(json "$record" '.highest_rps + 1000')" http://127.0.0.1:9/
expect_status 0
expect_text "$SCRATCH/out" 'this machine has shown'
