#!/bin/bash
# SPDX-License-Identifier: MIT
# The simulator misses no count: each one taken out of the engine makes it fail.
# test-timeout: 180
source tests/assert.sh

run tests/sim/mutate
expect_status 0
expect_text "$SCRATCH/out" ' 0 survived'
