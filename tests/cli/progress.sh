#!/bin/bash
# SPDX-License-Identifier: MIT
# The live line: on a terminal, and nowhere else.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh

serve --route '/slow service=fixed:20ms'
rewrite=$'\r\033[K'

# on_terminal ARGUMENT...: a run whose standard error is a terminal of 90 columns; what it showed
# there is in $SCRATCH/shown, its report in $SCRATCH/out.
on_terminal() {
	printf -v command '%q ' "$RINGLOAD" run "$@"
	TERM=${terminal:-xterm} script --quiet --return --log-out "$SCRATCH/shown" \
		--command "stty cols 90; $command >$SCRATCH/out" >"$SCRATCH/script" </dev/null
	status=$?
}

on_terminal -r 100 -w 1s -d 2s -c 8 "$url/slow"
[ $status = 0 ] || [ $status = 4 ] || fail "exit $status" "$SCRATCH/shown"
lines=$(grep -oF "$rewrite" "$SCRATCH/shown" | wc -l)
[ "$lines" -ge 4 ] || fail "the line was rewritten $lines times" "$SCRATCH/shown"
for word in 100 p99 'in flight'; do
	expect_text "$SCRATCH/shown" "$word"
done
expect_no_text "$SCRATCH/out" "$rewrite"
# The line is gone at the end.
[ -z "$(tail -c 4 "$SCRATCH/shown" | tr -d '\r\n\033[K')" ] || grep -q 'COMMAND_EXIT_CODE' "$SCRATCH/shown" ||
	fail 'something is left on the line' "$SCRATCH/shown"

# Not with -q, not on a terminal that cannot rewrite a line.
on_terminal -q -r 100 -d 1500ms -c 8 "$url/slow"
expect_no_text "$SCRATCH/shown" "$rewrite"
terminal=dumb on_terminal -r 100 -d 1500ms -c 8 "$url/slow"
expect_no_text "$SCRATCH/shown" "$rewrite"

# Not elsewhere: the diagnostics stay empty.
run "$RINGLOAD" run -r 100 -d 1500ms -c 8 "$url/slow"
expect_equal 'diagnostics' "$(cat "$SCRATCH/err")" ''
