#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # the command in the lab expands its own variables
# `ringload lab`: the command's exit code, its environment, and a load on the null server.
source tests/assert.sh
source tests/load.sh

[ "$(id -u)" = 0 ] || skip 'a network namespace and its program need root'

run "$RINGLOAD" lab -- sh -c 'exit 7'
expect_status 7
run "$RINGLOAD" lab -- sh -c 'kill -TERM $$'
expect_status 143
run "$RINGLOAD" lab --port 90 sh -c 'echo "$RINGLOAD_NULL_URL" "$@"' name --port -x
expect_status 0
expect_equal 'output' "$(cat "$SCRATCH/out")" 'http://127.0.0.1:90/ --port -x'
run "$RINGLOAD" lab no-such-command
expect_status 2
expect_text "$SCRATCH/err" 'no-such-command'

# Every request is answered, and counted on both sides.
run "$RINGLOAD" lab --counts --body-bytes 300 -- \
	sh -c '"$0" run -q -n 2000 -c 16 --json "$1" "$RINGLOAD_NULL_URL"' "$RINGLOAD" "$record"
expect_measured lab
expect_record '.requests.completed == 2000 and .bytes.received > 2000 * 300'
expect_text "$SCRATCH/err" 'null server: 17 connections, 2000 requests'
