#!/bin/bash
# SPDX-License-Identifier: MIT
# How a search ends when there is no breaking point between its bounds, and when it was the
# connections that broke.
# test-timeout: 120 (a search is repeated on a busy machine)
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/search.sh

serve --seed 1 --route '/slow service=fixed:300ms' --route '/far service=fixed:20ms' --route '/silent answer=none' \
	--route '/busy status=503'

# Too slow at any load.
search --budget 5s --threshold 'p80<200ms' --threshold 'error_rate<20%' --first 40 --lowest 20 --highest 80 "$url/slow"
[ "$status" = 4 ] || expect_answer 1 below_lowest
expect_sound
expect_search '.answer.lower_rps == null and .answer.safe_rps == null'

# As quick as one could wish, and of no use: what is not asked about errors is asked all the same.
search --budget 5s --threshold 'p99<1s' --first 800 --lowest 500 --highest 1k "$url/busy"
[ "$status" = 4 ] || expect_answer 1 below_lowest
expect_text "$SCRATCH/err" 'no --threshold is on errors: error_rate<1% is asked as well'
expect_search '.goal.thresholds == ["p99<1s", "error_rate<1%"] and (.goal.slo | not)'

# Nothing breaks up to the highest load.
search --budget 5s --first 500 --highest 1k "$url/"
[ "$status" = 4 ] || expect_answer 0 above_highest
expect_sound
expect_search 'all(.trials[]; .rps <= 1000)'

# Four connections to a server that takes 20 ms can ask 200 times a second, however much more it
# could answer.
if found --budget 8s --precision 10% -c 4 --first 60 --threshold 'p95<200ms' --threshold 'error_rate<5%' "$url/far"; then
	expect_search '.answer.lower_rps < 230 and .answer.upper_rps > 120'
	expect_search 'any(.notes[]; startswith("all 4 connections were busy"))'
fi

# Nobody there, before and after the connection.
search --budget 5s --timeout 500ms --threshold 'error_rate<50%' --first 20 --highest 20 --lowest 20 "$url/silent"
expect_status 5
stop "$server"
search "$url/"
expect_status 5
[ ! -e "$search_record" ] || fail 'a record of nothing was written'
