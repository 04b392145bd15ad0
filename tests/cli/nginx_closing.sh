#!/bin/bash
# SPDX-License-Identifier: MIT
# A server that ends connections: by number of requests, after each one, and on a reload.
source tests/assert.sh
source tests/load.sh
source tests/nginx.sh

nginx_start '
	location = /ten { keepalive_requests 10; return 200 "hello\n"; }
	location = /once { keepalive_timeout 0; return 200 "hello\n"; }
'

# nginx says so in the last response: nothing is lost, every tenth request needs a connection.
load -n 2000 -c 8 "$nginx_url/ten"
expect_all_answered 2000 200
expect_json "$record" '.connections.replaced >= 190 and .connections.replaced <= 200'
load -r 1000 -d 1s -c 16 "$nginx_url/ten"
expect_all_answered 1000 200
load -n 500 -c 8 "$nginx_url/once"
expect_all_answered 500 200
expect_json "$record" '.connections.closed_by_peer >= 492'

# Pipelined behind the last response of a connection: given up, and counted as what it is.
load -n 1000 -c 4 --pipeline 4 "$nginx_url/ten"
expect_json "$record" '.requests.sent == 1000 and .requests.completed >= 500'
expect_json "$record" '.requests.failed | .parse == 0 and .short == 0 and .send == 0'

# A reload: the old worker answers what it has and closes idle connections. Requests that cross such
# a close fail as closed or reset, and only those.
: >"$SCRATCH/nginx/access.log"
reload() {
	sleep 1
	kill -HUP "$nginx_pid"
	sleep 0.7
	kill -HUP "$nginx_pid"
}
reload &
reloader=$!
load -r 2000 -d 3s -c 16 "$nginx_url/hello"
wait $reloader
expect_json "$record" '.requests.scheduled == 6000 and .requests.unsent == 0'
expect_json "$record" '.connections.closed_by_peer >= 32 and .connections.replaced >= 32'
expect_json "$record" '.requests.failed | .parse == 0 and .short == 0 and .send == 0'
expect_json "$record" '.requests.completed >= 6000 - 2 * 16'
expect_equal 'requests logged' "$(nginx_logged '^200 GET /hello')" "$(json "$record" .requests.completed)"
