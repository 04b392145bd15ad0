#!/bin/bash
# SPDX-License-Identifier: MIT
# A unix socket whose server does not accept: its queue is full, which is a timeout as it would be
# over TCP, and no run hangs on it; nor does one that begins before the server accepts again.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/namespaces.sh

make_space
# The bound of a queue is the namespace's: here three may wait.
in_space "$space" sh -c 'echo 2 >/proc/sys/net/core/somaxconn' || fail 'no queue of its own'
serve_inside "$space" --unix "$SCRATCH/x.sock"
kill -STOP "$server"
started_s=$SECONDS
attempt -d 1s -c 8 --timeout 300ms --connect-to "unix:$SCRATCH/x.sock" http://localhost/
[ $((SECONDS - started_s)) -lt 20 ] || fail 'it took far longer than asked'
expect_status 5
expect_accounted
expect_record '.connections | .established == 2 and .failed.timeout >= 6 and .failed.unreachable == 0'
expect_record '.requests | .completed == 0 and .timed_out >= 2'

# Nothing is let in any more, not even a try.
run "$RINGLOAD" run --quiet --timeout 300ms -n 10 -c 4 --connect-to "unix:$SCRATCH/x.sock" http://localhost/
expect_status 5
expect_equal 'message' "$(cat "$SCRATCH/err")" "ringload: cannot connect to unix:$SCRATCH/x.sock: Connection timed out"

# A server that comes back lets in what waits.
goes_on() {
	sleep 0.5
	kill -CONT "$server"
}
goes_on &
load -n 200 -c 8 --timeout 5s --connect-to "unix:$SCRATCH/x.sock" http://localhost/
wait $!
expect_all_answered 200 200
expect_record '.connections | .attempted == 8 and .established == 8'
