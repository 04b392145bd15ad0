#!/bin/bash
# SPDX-License-Identifier: MIT
# A server that refuses a body before it has read it: what it answers is the answer, and where its
# close takes the answer away, the request failed; every request is one of these.
source tests/assert.sh
source tests/load.sh
source tests/nginx.sh

nginx_start '
	location = /reads { client_max_body_size 1k; return 413; }
	location = /closes { client_max_body_size 1k; lingering_close off; proxy_pass http://127.0.0.1:1; }
'
head -c 20000000 /dev/zero >"$SCRATCH/body"

for way in plain zero-copy auto; do
	# It goes on to read what comes, and closes then: the answer is always there.
	load -n 40 -c 4 --send "$way" --body-file "$SCRATCH/body" "$nginx_url/reads"
	expect_all_answered 40 413
	expect_record '.outcome.status_4xx == 40 and .bytes.sent > 40 * 20000000'
	expect_record '.connections.closed_by_peer >= 36'

	# It closes with the body unread: a reset may overtake the answer.
	load -n 40 -c 4 --send "$way" --body-file "$SCRATCH/body" "$nginx_url/closes"
	expect_record '.requests | .sent == 40 and .completed + .failed.reset + .failed.closed + .failed.short == 40'
	expect_record '.requests.completed == (.status["413"] // 0)'
done
