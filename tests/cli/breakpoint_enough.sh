#!/bin/bash
# SPDX-License-Identifier: MIT
# One request in ten fails at any load. A dozen requests without an error do not make that a load
# that is borne: nothing lower is tried than what can be told, and nothing is safe.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/search.sh

serve --seed 1 --route '/err status=200:90,500:10'
search --budget 6s "$url/err"
[ "$status" = 4 ] || expect_answer 1 below_lowest
expect_sound
expect_search '.answer.lower_rps == null and .answer.safe_rps == null'
expect_search 'all(.trials[]; .rps * .duration_s >= 300)'
if [ "$status" = 1 ]; then
	expect_search 'any(.notes[]; test("^nothing below [0-9.]+/s can be told within the budget: error_rate<1% takes at least 300 requests"))'
fi

# A ladder goes where it is told to, and says what that is worth.
search --ladder 20,40 --step-duration 1s --threshold 'error_rate<1%' "$url/"
expect_sound
if [ "$status" = 0 ]; then
	expect_search 'any(.notes[]; test("^[0-9]+ requests cannot tell error_rate<1%: at least 300 are needed"))'
fi
