#!/bin/bash
# SPDX-License-Identifier: MIT
# The server dies in the middle of a run: what it answered counts, the rest is told apart by cause,
# and every request is accounted for.
source tests/assert.sh
source tests/load.sh
source tests/nginx.sh

nginx_start ""

# All of nginx at once: the master first, so that it starts no other worker.
kill_nginx() {
	local workers

	sleep 1.5
	workers=$(cat "/proc/$nginx_pid/task/$nginx_pid/children")
	kill -KILL "$nginx_pid"
	# shellcheck disable=SC2086 # one or more
	kill -KILL $workers
}

: >"$SCRATCH/nginx/access.log"
kill_nginx 2>/dev/null &
killer=$!
load -r 2000 -d 3s -c 16 --timeout 500ms "$nginx_url/hello"
wait $killer
wait "$nginx_pid" 2>/dev/null
nginx_pid=

# Half of the run was served. What crossed the end failed on its connection, at most one on each.
expect_json "$record" '.requests.scheduled == 6000'
expect_json "$record" '.requests.completed > 1000 and .requests.completed < 5000'
logged=$(nginx_logged '^200 GET /hello')
completed=$(json "$record" .requests.completed)
if [ $((logged - completed)) -gt 16 ] || [ "$logged" -lt "$completed" ]; then
	fail "nginx logged $logged requests, $completed were completed"
fi
expect_json "$record" '.requests.failed | .parse == 0 and .send == 0 and .closed + .reset + .short <= 16'

# The connections were ended and found nobody any more (one or two may still have got into the queue
# of a socket about to close); what was due waited its time and was dropped.
expect_json "$record" '.connections.closed_by_peer >= 16 and .connections.failed.refused > 16'
expect_json "$record" '.requests.dropped.no_connection > 1000'
expect_json "$record" '.requests.in_flight == 0 and .requests.unsent == 0'
expect_json "$record" '.error_rate > 0.3 and .error_rate < 0.7'
expect_json "$record" '.latency_ns.total.censored > 1000 and (.latency_ns.total.lower_bound | index("p99")) != null'

# Nobody listens: the next run ends at once, with the errno's words.
run "$RINGLOAD" run --quiet -r 10 -d 1s "$nginx_url/hello"
expect_status 5
expect_text "$SCRATCH/err" 'Connection refused'
