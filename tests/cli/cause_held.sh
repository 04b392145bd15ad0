#!/bin/bash
# SPDX-License-Identifier: MIT
# What gave way is a lock whose holder sleeps: its 250 turns a second, and no CPU.
# test-timeout: 120 (a ladder is repeated on a busy machine)
# test-alone: only its own load may be what gives way
source tests/assert.sh
source tests/load.sh
source tests/causes.sh

start "$SERVERS/truth_threads" --work lock:4000 >"$SCRATCH/holder.out" 2>"$SCRATCH/holder.err"
server=$pid
wait_for 20 grep -q '^listening on ' "$SCRATCH/holder.out" ||
	fail 'truth_threads does not listen' "$SCRATCH/holder.out" "$SCRATCH/holder.err"
url=$(sed -n 's/^listening on //p' "$SCRATCH/holder.out")
before_others "$server"
found -c 8 --ladder 50,1k --step-duration 1500ms --timeout 1s "$url/"
expect_named lock_bound "$(says '^server waits for a lock whose holder sleeps: its 8 threads pass one at a time')"
expect_search 'all(.causes[]; .key != "blocked" and .key != "cpu_bound")'
