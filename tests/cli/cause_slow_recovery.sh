#!/bin/bash
# SPDX-License-Identifier: MIT
# A target that bears less for seconds after an overload: a load that had passed fails. Whether a search
# gives it the time to recover is up to the loads it tries, so there are three.
# test-timeout: 120
# test-alone: only its own load may be what gives way
source tests/assert.sh
source tests/load.sh
source tests/causes.sh

serve --seed 1 --route '* capacity=1500 degraded=30% overload-above=100 recovery=4s'
recovery=$(says '^slow recovery: [0-9.,]+/s had passed, but after an overload of [0-9.,]+/s the server failed at ')
for _ in 1 2 3; do
	search --first 500 --budget 20s --precision 10% -c 500 --timeout 1s "$url/"
	[ "$status" != 0 ] || ! is_named slow_recovery "$recovery" || break
	sleep 4
done
expect_sound
expect_named slow_recovery "$recovery"
