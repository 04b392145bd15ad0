#!/bin/bash
# SPDX-License-Identifier: MIT
# The benchmark reads what clients say, measures commands, and writes its document right.
source tests/assert.sh

run python3 -m unittest discover -s tests/bench
[ "$status" = 0 ] || fail "a test of tests/bench failed" "$SCRATCH/err"
expect_no_text "$SCRATCH/err" 'Ran 0 tests'

BENCH=nonsense run tools/bench/run --render
expect_status 2
expect_text "$SCRATCH/err" 'BENCH="nonsense"'
run tools/bench/run --only nonsense
expect_status 2
expect_text "$SCRATCH/err" '"nonsense" is no group'

RINGLOAD=$SCRATCH/none run tools/bench/run --only steady --output "$SCRATCH/benchmarks.md"
expect_status 3
expect_text "$SCRATCH/err" 'ringload is not there: make builds'

# A document can be made of nothing, and says so.
run tools/bench/run --render --output "$SCRATCH/benchmarks.md"
expect_status 0
expect_text "$SCRATCH/benchmarks.md" '## Where we lose'
