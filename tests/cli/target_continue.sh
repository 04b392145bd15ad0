#!/bin/bash
# SPDX-License-Identifier: MIT
# "Expect: 100-continue": an interim response is no answer, only the final one completes a request.
# test-alone: it measures what a server bears
source tests/assert.sh
source tests/load.sh
source tests/serving.sh

serve --seed 1 --route '/yes service=fixed:30ms' --route '/no continue=no service=fixed:30ms' \
	--route '/417 continue=417'

# expects PATH: ten connections, 100 requests with a body, each asking first.
expects() {
	load -r 200 -n 100 -c 20 -b 'a body' -H 'Expect: 100-continue' "$url$1"
	expect_record '.connections | .closed_by_peer == 0 and .unsolicited == 0'
	expect_equal "requests to $1" "$(stats ".routes[] | select(.path == \"$1\") | .requests")" 100
}

# The interim response comes at once, the final one 30 ms later; pipelined, too.
expects /yes
expect_all_answered 100 200
expect_record '.latency_ns.service.min >= 30000000 * 0.99'
expect_equal 'interim responses' "$(stats .apart.continues)" 100
load -r 200 -n 100 -c 4 --pipeline 8 -b 'a body' -H 'Expect: 100-continue' "$url/yes"
expect_all_answered 100 200
expect_record '.latency_ns.service.min >= 30000000 * 0.99'
expect_equal 'interim responses' "$(stats .apart.continues)" 200

# The final response without an interim one: the body that comes behind it is not a request.
expects /no
expect_all_answered 100 200
expect_equal 'answered early' "$(stats '.routes[] | select(.path == "/no") | .expect.answered')" 100
expects /417
expect_all_answered 100 417
expect_record '.outcome.status_4xx == 100'
expect_equal 'refused' "$(stats '.routes[] | select(.path == "/417") | .expect.refused')" 100
expect_equal 'bad requests' "$(stats .apart.bad_requests)" 0
expect_equal 'interim responses' "$(stats .apart.continues)" 200
