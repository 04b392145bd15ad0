#!/bin/bash
# SPDX-License-Identifier: MIT
# nginx has served exactly the requests ringload says it sent, in open and in closed loop.
source tests/assert.sh
source tests/load.sh
source tests/nginx.sh

# agree OPTION...: a run, after which nginx's own count and its log agree with the record.
agree() {
	local before after sent

	: >"$SCRATCH/nginx/access.log"
	before=$(nginx_requests)
	load "$@"
	after=$(nginx_requests)
	sent=$(json "$record" '.requests.sent + .warmup.requests.sent')
	expect_equal "requests nginx counted ($*)" $((after - before - 1)) "$sent"
	expect_equal "requests nginx logged ($*)" "$(nginx_logged '')" "$sent"
	expect_json "$record" '.requests.unsent == 0 and ([.requests.dropped[]] | add) == 0'
	expect_json "$record" '.requests.in_flight == 0'
}

nginx_start ""

# Open loop: the schedule decides, to the request.
agree -r 2000 -d 3s -w 1s "$nginx_url/hello"
expect_all_answered 6000 200
expect_json "$record" '.warmup.requests.scheduled == 2000'
expect_json "$record" '.connections.attempted == 64 and .connections.replaced == 0'

# Several workers share one schedule; one connection; IPv6; a name.
agree -r 1999 -d 1s -t 3 -c 7 "$nginx_url/hello"
expect_all_answered 1999 200
host=127.0.0.1
! nginx_ipv6 || host='[::1]'
agree -r 300 -d 1s -c 1 "http://$host:$nginx_port/hello"
expect_all_answered 300 200
agree -r 500 -d 1s "http://localhost:$nginx_port/hello"
expect_all_answered 500 200

# A number of requests.
agree -r 5000 --arrival poisson -n 2500 "$nginx_url/hello"
expect_all_answered 2500 200
agree -n 12345 -c 32 "$nginx_url/hello"
expect_all_answered 12345 200
agree -n 1000 -c 3 -t 2 --pipeline 8 "$nginx_url/hello"
expect_all_answered 1000 200

# Closed loop by time: nobody knows how many, but both sides count the same.
agree -d 1s -w 250ms -c 16 "$nginx_url/hello"
expect_json "$record" '.requests.completed > 100 and .status == {"200": .requests.completed}'
expect_json "$record" '.warmup.requests.completed > 10'
agree -d 500ms -c 4 --pipeline 4 "$nginx_url/hello"
expect_json "$record" '.requests.completed > 100 and .requests.sent == .requests.completed'
