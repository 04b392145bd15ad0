#!/bin/bash
# SPDX-License-Identifier: MIT
# Ctrl-C in a search: the trial under way ends, and the interval so far is reported.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/search.sh

serve --seed 1 --route '* capacity=2000'

begin() {
	rm -f "$search_record"
	start "$RINGLOAD" breakpoint --probe "$probe" --json "$search_record" "$@" >"$SCRATCH/out" 2>"$SCRATCH/err"
	runner=$pid
}
said() {
	grep -q "$1" "$SCRATCH/err"
}
end() {
	SECONDS=0
	wait "$runner"
	status=$?
	[ $SECONDS -le 10 ] || fail "the search went on for $SECONDS s"
}

# With the probe, where it can be had: it takes something of the budget.
probe=auto
run "$RINGLOAD" breakpoint --dry-run --probe "$probe" --budget 5m "$url/"
expect_status 0
mv "$SCRATCH/out" "$SCRATCH/dry"
begin --budget 5m "$url/"
wait_for 40 said 'trial 3, ' || fail 'no third trial' "$SCRATCH/err"
kill -INT "$runner"
end
expect_status 130
expect_sound
expect_search '.interrupted and (.trials | length) >= 3 and
	(.answer.lower_rps != null) == any(.trials[]; .verdict == "pass")'
expect_search '.answer.sentence | startswith("interrupted")'
[ -s "$SCRATCH/out" ] || fail 'no report'
# What --dry-run said is what was done, but where the kernel did not take the probe after all.
if ! grep -q Explained "$SCRATCH/dry" || jq -e '.trials[0].result.kernel.status == "measured"' "$search_record" >/dev/null; then
	first=$(printf '%.2f' "$(jq '.trials[0].duration_s' "$search_record")")
	expect_text "$SCRATCH/dry" "if all passed, each after its warm-up: 1,000/s for $first s, "
fi
probe=off

# Before the first trial has ended.
begin --ladder 200 --step-duration 50s "$url/"
has_answers() {
	[ "$(stats .responses)" -gt "$answered" ]
}
answered=$(($(stats .responses) + 20))
wait_for 20 has_answers || fail 'no load' "$SCRATCH/err"
kill -TERM "$runner"
end
expect_status 130
expect_sound
expect_search '.interrupted and (.trials | length) == 1 and .trials[0].verdict == "void"'
expect_search '.answer.kind == "undecided" and .answer.lower_rps == null and .answer.upper_rps == null'
