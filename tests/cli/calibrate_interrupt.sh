#!/bin/bash
# SPDX-License-Identifier: MIT
# Ctrl-C while calibrating, in the first trial and in a later one: there is no calibration of half of
# it.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh

told() {
	[ "$(wc -l <"$SCRATCH/err")" -ge "$1" ]
}
# The first line is the obstacle, and then come the trials.
export RINGLOAD_REFUSE_BPF=null_server
for lines in 1 2; do
	start "$RINGLOAD" calibrate -d 3s --json "$SCRATCH/none.json" >"$SCRATCH/out" 2>"$SCRATCH/err"
	wait_for 30 told $lines || fail 'no trial was made' "$SCRATCH/err"
	sleep 0.5
	SECONDS=0
	kill -INT "$pid"
	wait "$pid"
	expect_equal 'exit code' $? 130
	[ $SECONDS -le 10 ] || fail "it went on for $SECONDS s" "$SCRATCH/err"
	expect_text "$SCRATCH/err" 'interrupted'
	expect_equal 'the report' "$(cat "$SCRATCH/out")" ''
	[ ! -e "$SCRATCH/none.json" ] || fail 'a record of nothing was written'
	expect_equal 'what is kept' "$(ls "$XDG_STATE_HOME/ringload")" ''
done
