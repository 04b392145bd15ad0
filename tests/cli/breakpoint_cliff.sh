#!/bin/bash
# SPDX-License-Identifier: MIT
# A target of a known capacity: the interval contains it, and is about as narrow as was asked.
# test-timeout: 120 (a search is repeated on a busy machine)
# test-alone: it measures what a server bears
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/search.sh

capacity=3000
serve --seed 1 --route "* capacity=$capacity"
width=0.2
found --budget 12s --precision 5% --svg "$SCRATCH/search.svg" "$url/"
# Half a percent too much is borne in a trial, as nobody could tell it from chance; what others take of
# the machine can make it less. Far from it there is no doubt, on whatever machine.
expect_search ".answer.lower_rps == null or .answer.lower_rps <= $capacity * 1.05"
expect_search ".answer.upper_rps == null or .answer.upper_rps >= $capacity * 0.9"
expect_search "all(.trials[]; .verdict != \"pass\" or .rps < $capacity * 1.1)"
expect_search "all(.trials[]; .verdict != \"fail\" or .rps > $capacity * 0.5)"
expect_search '.goal.slo and .goal.precision == 0.05 and .goal.budget_s == 12 and (.goal.thresholds | length) == 4'
expect_search '.command[0:2] == ["ringload", "breakpoint"] and .elapsed_s > 3 and (.interrupted | not)'
# It went on over the connections it had.
expect_search '.trials[-1].result.connections.established <= 64'
# What is said of it.
expect_text "$SCRATCH/err" 'the usual objectives are taken'
expect_text "$SCRATCH/err" 'trial 1, 1,000/s for '
[ "$(grep -c '^ringload: trial ' "$SCRATCH/err")" = "$(json "$search_record" '.trials | length')" ] ||
	fail 'not one line for each trial' "$SCRATCH/err"
expect_text "$SCRATCH/out" 'requests/s'
expect_text "$SCRATCH/search.svg" '<svg'
