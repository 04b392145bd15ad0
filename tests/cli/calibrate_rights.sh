#!/bin/bash
# SPDX-License-Identifier: MIT
# test-timeout: 90
# Who may not have the null server calibrates against the embedded target, and does not replace what
# was measured against the null server.
source tests/assert.sh
source tests/calibration.sh

# A program that nobody may run, wherever the build lies, and a state folder of nobody's.
chmod 755 "$SCRATCH"
cp "$RINGLOAD" "$SCRATCH/ringload"
chmod 755 "$SCRATCH/ringload"
mkdir "$SCRATCH/nobody"
state=$SCRATCH/nobody/state
keep_calibration "$state" 123456
cp "$calibration" "$SCRATCH/better"
record=$SCRATCH/nobody/record.json
as_nobody=()
if [ "$(id -u)" = 0 ]; then
	chown -R 65534:65534 "$SCRATCH/nobody"
	as_nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all)
fi

run env XDG_STATE_HOME="$state" "${as_nobody[@]}" "$SCRATCH/ringload" calibrate -d 1s --json "$record"
expect_text "$SCRATCH/err" 'the embedded target in place of the null server: '
expect_text "$SCRATCH/err" 'CAP_SYS_ADMIN'
cmp "$calibration" "$SCRATCH/better" || fail 'the better one was replaced'
# Too busy a machine.
if [ "$status" = 4 ]; then
	expect_text "$SCRATCH/err" 'not calibrated: '
	exit 0
fi
expect_status 0
expect_json "$record" '.server == "embedded" and .workers == 1 and .highest_rps > 1000'
expect_text "$SCRATCH/out" 'the rate is a lower bound, cost and latency are upper'
expect_text "$SCRATCH/out" 'not this one: a better one, against the null server, stays in'
