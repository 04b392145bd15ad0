#!/bin/bash
# SPDX-License-Identifier: MIT
# The server ends while a search is under way: that ends the search and is told, and is neither a
# bound nor a slow recovery nor a collapse.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/search.sh

# gone OPTION...: a search whose server ends after the first trial.
gone() {
	rm -f "$search_record"
	start "$RINGLOAD" breakpoint --probe off --timeout 600ms --json "$search_record" "$@" "$url/" \
		>"$SCRATCH/out" 2>"$SCRATCH/err"
	runner=$pid
	wait_for 20 grep -q 'trial 1, ' "$SCRATCH/err" || fail 'no first trial' "$SCRATCH/err"
	kill -KILL "$server"
	wait "$runner"
	status=$?
	if ! jq -e '.trials[0].verdict == "pass"' "$search_record" >/dev/null; then
		echo "the machine is too busy for a first trial: $*"
		return
	fi
	expect_status 4
	expect_sound
	expect_search 'any(.causes[]; .key == "gone" and (.sign | not) and .strength == 1)'
	expect_search 'all(.causes[]; .key != "slow_recovery" and .key != "collapse")'
	expect_search '.answer.kind == "undecided" and (.answer.sentence | test("the server went away after trial [0-9]+, of "))'
	# What it did not answer is void, and made again once.
	expect_search '.trials[-2:] | length == 2 and all(.verdict == "void")'
	expect_search '.trials[-1] | .reason | startswith("the server went away: none of ")'
	# shellcheck disable=SC2016 # jq has variables too
	expect_search '. as $r | all(.answer.upper_trials[]; $r.trials[.].result.requests.completed > 0)'
	expect_text "$SCRATCH/out" 'server gone: nobody listened any more after trial '
	expect_text "$SCRATCH/out" 'not decided: the server went away after trial '
}

serve --seed 1
# Long before its budget is spent.
gone --budget 40s --first 400 --highest 2k
expect_search '.elapsed_s < 25'
