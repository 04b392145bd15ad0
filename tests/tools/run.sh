#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # the tests are written here, not run
# tests/run itself: what it takes for a pass, a failure and a skip, and that it leaves nothing.
source tests/assert.sh

# a_test NAME: a test from standard input.
a_test() {
	{
		echo '#!/bin/bash'
		cat
	} >"$SCRATCH/$1.sh"
	chmod +x "$SCRATCH/$1.sh"
}

# runner NAME...: runs these tests with the skip list of $SCRATCH/skips.
runner() {
	local -a lanes=()

	[ "$1" != --lanes ] || { lanes=("$1" "$2") && shift 2; }
	TEST_SKIPS=$SCRATCH/skips run tests/run "${lanes[@]}" -v release "${@/#/$SCRATCH/}"
}

last_line() {
	tail -n 1 "$SCRATCH/out"
}

: >"$SCRATCH/skips"
a_test pass <<<'echo quiet; exit 0'
a_test fail <<<'echo the cause; exit 3'
a_test skip <<<'exit 77'
a_test crash <<<'kill -SEGV $$'
a_test leave <<<'sleep 1000 & exit 0'
# (in two pieces, as this file is no test of one second)
printf '# test-%s: 1\nsleep 1000 & wait\n' timeout | a_test hang
a_test scratch <<<'[ -d "$SCRATCH" ] && [ -z "$(ls "$SCRATCH")" ] && echo "$SCRATCH" >"$SCRATCH/a" && exit 0'

runner pass.sh scratch.sh
expect_status 0
expect_equal 'summary' "$(last_line)" '2 passed, 0 failed'
expect_no_text "$SCRATCH/out" quiet

runner pass.sh fail.sh
expect_status 1
expect_equal 'summary' "$(last_line)" '1 passed, 1 failed'
expect_text "$SCRATCH/out" 'exit 3'
expect_text "$SCRATCH/out" '| the cause'

runner crash.sh
expect_status 1
expect_text "$SCRATCH/out" 'ended by signal SEGV'

runner missing.sh
expect_status 2

# A skip needs a line with a true condition.
runner pass.sh skip.sh
expect_status 1
expect_text "$SCRATCH/out" 'skipped, but not listed'
echo "$SCRATCH/skip.sh | false | never" >"$SCRATCH/skips"
runner pass.sh skip.sh
expect_status 1
expect_text "$SCRATCH/out" 'its condition in tests/skips is false here'
echo "$SCRATCH/skip.sh | true | no such hardware" >"$SCRATCH/skips"
runner pass.sh skip.sh
expect_status 0
expect_equal 'summary' "$(last_line)" '1 passed, 0 failed, 1 skipped'
expect_text "$SCRATCH/out" 'no such hardware'
for line in "$SCRATCH/gone.sh | true | why" "$SCRATCH/skip.sh | true |" "$SCRATCH/skip.sh | | why"; do
	echo "$line" >"$SCRATCH/skips"
	runner pass.sh
	expect_status 2
done
: >"$SCRATCH/skips"

# A test that measures is run again after the others, three times at most; no other is.
a_test late <<'TEST'
echo run >>"$REPORT"
echo the cause
[ "$(wc -l <"$REPORT")" -ge "$ENOUGH" ]
TEST
sed -i '1a : <<END\nsource tests/load.sh\nEND' "$SCRATCH/late.sh"
export REPORT=$SCRATCH/runs ENOUGH=3
runner late.sh pass.sh
expect_status 0
expect_equal 'summary' "$(last_line)" '2 passed, 0 failed'
expect_equal 'failures shown' "$(grep -c '| the cause' "$SCRATCH/out")" 2
expect_equal 'order' "$(awk '$3 == "s" { printf "%s ", $1 }' "$SCRATCH/out")" 'late ok late ok '
rm "$REPORT"
ENOUGH=4
runner late.sh pass.sh
expect_status 1
expect_equal 'summary' "$(last_line)" '1 passed, 1 failed'
expect_equal 'runs' "$(wc -l <"$REPORT")" 3

# What a test leaves running is a failure, and is ended.
runner leave.sh
expect_status 1
expect_text "$SCRATCH/out" 'left processes behind'
left=$(sed -n 's/.*left behind: *\([0-9]*\).*/\1/p' "$SCRATCH/out")
[ -n "$left" ] || fail 'the process left behind is not named' "$SCRATCH/out"
! alive "$left" || fail "process $left was left running"

runner hang.sh
expect_status 1
expect_text "$SCRATCH/out" 'not done after 1 s'

# Ctrl-C ends the test that runs, with its children, and removes its directory.
a_test endless <<'TEST'
sleep 1000 &
echo "$! $SCRATCH" >"$REPORT"
wait
TEST
export REPORT=$SCRATCH/report
env --default-signal=INT tests/run -v release "$SCRATCH/endless.sh" >"$SCRATCH/out" 2>&1 &
runner=$!
wait_for 10 test -s "$REPORT" || fail 'the endless test did not start' "$SCRATCH/out"
kill -INT $runner
wait $runner
expect_equal 'exit status' $? 130
read -r child directory <"$REPORT"
! alive "$child" || fail "process $child survived"
[ ! -e "$directory" ] || fail "$directory was left"
expect_equal 'summary' "$(last_line)" '0 passed, 0 failed, interrupted'

both_started() {
	[ -s "$REPORT" ] && [ "$(wc -l <"$REPORT")" = 2 ]
}

# Lanes share the tests and add up; what has to be alone runs after them, and Ctrl-C ends all of them.
REPORT=$SCRATCH/order
for name in one two three four; do
	a_test $name <<<"echo $name >>\"\$REPORT\"; sleep 0.2"
done
a_test lonely <<<'echo lonely >>"$REPORT" # test-alone: it says so'
a_test late <<'TEST'
[ -e "$REPORT.late" ] && exit 0
touch "$REPORT.late"
exit 1
TEST
sed -i '1a : <<END\nsource tests/load.sh\nEND' "$SCRATCH/late.sh"
runner --lanes 2 lonely.sh late.sh one.sh two.sh fail.sh three.sh four.sh
expect_status 1
expect_equal 'summary' "$(last_line)" '6 passed, 1 failed'
expect_equal 'each once' "$(sort "$REPORT" | tr '\n' ' ')" 'four lonely one three two '
expect_equal 'the last' "$(tail -n 1 "$REPORT")" lonely
expect_text "$SCRATCH/out" 'in run 2'
rm "$REPORT"
cp "$SCRATCH/endless.sh" "$SCRATCH/forever.sh"
sed -i 's/>"$REPORT"/>>"$REPORT"/' "$SCRATCH/endless.sh" "$SCRATCH/forever.sh"
env --default-signal=INT tests/run --lanes 2 "$SCRATCH/endless.sh" "$SCRATCH/forever.sh" >"$SCRATCH/out" 2>&1 &
runner=$!
wait_for 10 both_started || fail 'two endless tests did not start' "$SCRATCH/out"
kill -INT $runner
wait $runner
expect_equal 'exit status' $? 130
while read -r child directory; do
	! alive "$child" || fail "process $child survived"
	[ ! -e "$directory" ] || fail "$directory was left"
done <"$REPORT"
