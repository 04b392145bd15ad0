#!/bin/bash
# SPDX-License-Identifier: MIT
# A server that bears 1,500 requests a second, but more than 900 for 5 s only.
# test-timeout: 120 (a ladder is repeated on a busy machine)
# test-alone: only its own load may be what gives way
source tests/assert.sh
source tests/load.sh
source tests/causes.sh

serve --seed 1 --route '* capacity=1500 sustained=60% endurance=5s degraded=50% recovery=2s'
found --ladder 400,1200 --step-duration 6500ms --timeout 1s "$url/"
expect_named slow_break "$(says '^slow break: at 1,200/s the server kept up for [345][.0-9]* s, then answered [5-9]')"
