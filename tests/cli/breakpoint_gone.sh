#!/bin/bash
# SPDX-License-Identifier: MIT
# The server ends while a search is under way: that is told, and neither a slow recovery nor a collapse.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/search.sh

serve --seed 1
start "$RINGLOAD" breakpoint --probe off --ladder 50,100,200,400 --step-duration 1s --timeout 1s \
	--json "$search_record" "$url/" >"$SCRATCH/out" 2>"$SCRATCH/err"
runner=$pid
wait_for 20 grep -q 'trial 1, ' "$SCRATCH/err" || fail 'no first trial' "$SCRATCH/err"
kill -KILL "$server"
wait "$runner"
status=$?
case $status in
0 | 1 | 4) ;;
*) fail "exit $status" "$SCRATCH/err" ;;
esac
expect_sound
expect_search 'any(.causes[]; .key == "gone" and (.sign | not) and .strength == 1)'
expect_search 'all(.causes[]; .key != "slow_recovery" and .key != "collapse")'
expect_text "$SCRATCH/out" 'server gone: nobody listened any more after trial '
