#!/bin/bash
# SPDX-License-Identifier: MIT
# What gave way is no CPU: threads sleep in each request.
# test-timeout: 120 (a ladder is repeated on a busy machine)
# test-alone: only its own load may be what gives way
source tests/assert.sh
source tests/load.sh
source tests/causes.sh

# sleeper PROGRAM OPTION...: sets url and server.
sleeper() {
	start "$SERVERS/$1" "${@:2}" >"$SCRATCH/sleeper.out" 2>"$SCRATCH/sleeper.err"
	server=$pid
	wait_for 20 grep -q '^listening on ' "$SCRATCH/sleeper.out" ||
		fail "$1 does not listen" "$SCRATCH/sleeper.out" "$SCRATCH/sleeper.err"
	url=$(sed -n 's/^listening on //p' "$SCRATCH/sleeper.out")
	before_others "$server"
}

# One thread: the others' requests wait while it sleeps in one.
sleeper truth_epoll --work sleep:2000
found --ladder 100,1k --step-duration 1500ms --timeout 1s "$url/"
expect_named blocked "$(says '^server blocked on sleep: ')"
expect_search 'all(.causes[]; .key != "cpu_bound" and .key != "lock_bound")'
stop "$server"

# A thread for each connection: no request waits in the server, as all connections are taken.
sleeper truth_threads --work sleep:10000
found -c 16 --ladder 100,2500 --step-duration 1500ms --timeout 1s "$url/"
expect_named blocked "$(says 'waited longer for a connection than in it')"
