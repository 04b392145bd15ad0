#!/bin/bash
# SPDX-License-Identifier: MIT
# Ctrl-C before there is a load: it is said, once, that nothing was measured.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh

# takes MASK: ringload has that signal, which is before it looks at anything; the shell that became it
# may have had it, too. SIGHUP is 1, SIGINT is 2.
takes() {
	local caught

	[ "/proc/$pid/exe" -ef "$RINGLOAD" ] && caught=$(sed -n 's/^SigCgt:\t//p' "/proc/$pid/status") &&
		((0x$caught & $1))
}

# stop_early SIGNAL ARGUMENT...: ended by it as soon as can be.
stop_early() {
	local signal=$1

	shift
	start "$RINGLOAD" "$@" >"$SCRATCH/out" 2>"$SCRATCH/err"
	wait_for 20 takes 2 || fail "$1 does not take signals" "$SCRATCH/err"
	kill "-$signal" "$pid"
	wait "$pid"
	expect_equal "exit code of $1" $? 130
	expect_equal "output of $1" "$(cat "$SCRATCH/out")" ''
}

# The body comes from a pipe that nobody writes to.
mkfifo "$SCRATCH/body"
for command in run breakpoint; do
	for signal in INT TERM HUP; do
		stop_early $signal $command -q --body-file "$SCRATCH/body" --json "$SCRATCH/none.json" http://127.0.0.1:9/
		expect_equal "message of $command" "$(cat "$SCRATCH/err")" \
			'ringload: interrupted before the load began: nothing was measured'
	done
done
[ ! -e "$SCRATCH/none.json" ] || fail 'a record of nothing was written'

# Wherever calibrate was then.
stop_early INT calibrate -q
expect_equal 'lines' "$(grep -c '^ringload: interrupted.*: nothing was' "$SCRATCH/err")" 1
expect_equal 'all lines' "$(wc -l <"$SCRATCH/err")" 1

# A signal that is ignored stays so.
(
	trap '' INT
	exec "$RINGLOAD" run -q --body-file "$SCRATCH/body" http://127.0.0.1:9/
) </dev/null >"$SCRATCH/out" 2>"$SCRATCH/err" &
pid=$!
started+=("$pid")
wait_for 20 takes 1 || fail 'SIGHUP is not taken' "$SCRATCH/err"
kill -INT "$pid"
sleep 0.3
kill -0 "$pid" 2>/dev/null || fail 'an ignored signal ended it' "$SCRATCH/err"
kill -TERM "$pid"
wait "$pid"
expect_equal 'exit code' $? 130
