#!/bin/bash
# SPDX-License-Identifier: MIT
# What gave way is the server's own limit: it refuses what finds too many waiting.
# test-timeout: 120 (a ladder is repeated on a busy machine)
# test-alone: only its own load may be what gives way
source tests/assert.sh
source tests/load.sh
source tests/causes.sh

# Many connections: those that were reset take a while to come back, and fewer would not find 50 waiting.
refusing() {
	serve --seed 1 --route "* capacity=1500 refuse-above=50 refuse=$1"
	found --ladder 400,3k --step-duration 1500ms --timeout 1s -c 256 "$url/"
	expect_named refusing "$(says "^server refuses: of the requests [0-9.]+ % $2")"
	stop "$server"
}
refusing 503 'answered with 429 or 503, 0 % at the base$'
refusing reset 'reset, '
