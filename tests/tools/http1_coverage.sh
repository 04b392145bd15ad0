#!/bin/bash
# SPDX-License-Identifier: MIT
# The corpus takes at least 95 % of the branches of the HTTP/1.1 parsers.
source tests/assert.sh

run tests/fuzz/http1_coverage 95
expect_status 0
expect_text "$SCRATCH/out" 'TOTAL'
