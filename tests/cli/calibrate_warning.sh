#!/bin/bash
# SPDX-License-Identifier: MIT
# A run that asks for more than this machine has shown is told so, and runs; a calibration that
# cannot be read stops nothing.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/calibration.sh

serve --seed 1
keep_calibration "$XDG_STATE_HOME" 900
wanted='--rate 1,000: this machine has shown 900 requests a second (ringload calibrate, 2024-01-31T12:00:00Z)'

# load is quiet: a warning is said all the same.
load -r 1000 -n 100 "$url/"
expect_text "$SCRATCH/err" "ringload: warning: $wanted"
expect_record ".notes | any(startswith(\"$wanted\"))"
expect_record '.requests.completed == 100'

# Within it, and where no rate is asked for, there is nothing to say.
load -r 900 -n 90 "$url/"
expect_equal 'diagnostics' "$(cat "$SCRATCH/err")" ''
expect_record '.notes == []'
load -n 100 "$url/"
expect_equal 'diagnostics of a closed loop' "$(cat "$SCRATCH/err")" ''

run "$RINGLOAD" run --dry-run -r 1000 "$url/"
expect_status 0
tr -s ' \n' ' ' <"$SCRATCH/out" >"$SCRATCH/joined"
expect_text "$SCRATCH/joined" "Warning $wanted"
run "$RINGLOAD" run --dry-run -r 900 "$url/"
expect_no_text "$SCRATCH/out" 'Warning'

# Damaged: one line, once, and the run goes on.
damage() {
	load -r 1000 -n 100 "$url/"
	expect_equal 'lines' "$(wc -l <"$SCRATCH/err")" 1
	expect_text "$SCRATCH/err" "$calibration"
	expect_text "$SCRATCH/err" 'ringload calibrate'
	expect_record '.notes == []'
	run "$RINGLOAD" run --dry-run -r 1000 "$url/"
	expect_status 0
}
echo '{"schema": "ringload.calibration/1"' >"$calibration"
damage
: >"$calibration"
damage
rm "$calibration"
mkdir "$calibration"
damage

# Missing, in three ways.
rmdir "$calibration"
load -r 1000 -n 100 "$url/"
expect_equal 'diagnostics' "$(cat "$SCRATCH/err")" ''
rm -r "$XDG_STATE_HOME"
: >"$XDG_STATE_HOME"
load -r 1000 -n 100 "$url/"
expect_equal 'diagnostics of a file for a folder' "$(cat "$SCRATCH/err")" ''
XDG_STATE_HOME=$SCRATCH/none load -r 1000 -n 100 "$url/"
expect_equal 'diagnostics without a folder' "$(cat "$SCRATCH/err")" ''

# Another kernel's says nothing.
rm "$XDG_STATE_HOME"
keep_calibration "$XDG_STATE_HOME" 900
mv "$calibration" "${calibration%.json}x.json"
load -r 1000 -n 100 "$url/"
expect_equal 'diagnostics with another kernel' "$(cat "$SCRATCH/err")" ''
