#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # nginx has variables of its own
# Every shape of response a real server gives is taken for what it is.
source tests/assert.sh
source tests/load.sh
source tests/nginx.sh

nginx_start '
	location /ssi/ { ssi on; ssi_types *; alias '"$SCRATCH"'/nginx/root/; }
	location /until-close/ {
		ssi on;
		ssi_types *;
		chunked_transfer_encoding off;
		alias '"$SCRATCH"'/nginx/root/;
	}
	location = /empty { return 204; }
	location = /moved { return 301 /hello; }
	location = /broken { return 503; }
	location = /upload { client_max_body_size 8m; client_body_buffer_size 8m; proxy_pass http://127.0.0.1:$server_port/hello; }
'
head -c 1048576 /dev/zero | tr '\0' 'x' >"$SCRATCH/nginx/root/large"
printf 'some text' >"$SCRATCH/nginx/root/small"

# A megabyte, with a length.
load -n 200 -c 4 "$nginx_url/large"
expect_all_answered 200 200
expect_json "$record" '.bytes.received > 200 * 1048576 and .bytes.received < 200 * (1048576 + 1024)'

# The same in chunks, as nginx does not know the length of what it rewrites.
curl -s -i -o "$SCRATCH/head" "$nginx_url/ssi/large"
grep -qi '^transfer-encoding: chunked' "$SCRATCH/head" || fail 'nginx sends no chunks'
load -n 100 -c 4 "$nginx_url/ssi/large"
expect_all_answered 100 200
expect_json "$record" '.bytes.received > 100 * 1048576'
load -n 2000 -c 8 --pipeline 4 "$nginx_url/ssi/small"
expect_all_answered 2000 200

# The end of the connection is the end of the body: complete, not short.
curl -s -i -o "$SCRATCH/head" "$nginx_url/until-close/small"
! grep -qiE '^(content-length|transfer-encoding):' "$SCRATCH/head" || fail 'nginx tells a length'
load -n 300 -c 8 "$nginx_url/until-close/small"
expect_all_answered 300 200
expect_json "$record" '.connections.closed_by_peer >= 292'

# No body where none may be, whatever the head says.
load -n 500 -c 4 -X HEAD "$nginx_url/large"
expect_all_answered 500 200
expect_json "$record" '.bytes.received < 500 * 1024'
expect_equal 'HEAD requests logged' "$(nginx_logged '^200 HEAD /large$')" 500
load -n 500 -c 4 "$nginx_url/empty"
expect_all_answered 500 204
modified=$(curl -sI "$nginx_url/small" | sed -n 's/^Last-Modified: \(.*\)\r$/\1/p')
[ -n "$modified" ] || fail 'nginx gives no Last-Modified'
load -n 500 -c 4 -H "If-Modified-Since: $modified" "$nginx_url/small"
expect_all_answered 500 304

# Statuses and what they count as.
load -n 500 -c 4 "$nginx_url/none"
expect_all_answered 500 404
expect_json "$record" '.outcome.status_4xx == 500 and .outcome.ok == 0 and .error_rate == 1'
load -n 500 -c 4 "$nginx_url/broken"
expect_all_answered 500 503
expect_json "$record" '.outcome.status_5xx == 500 and .error_rate == 1'
load -n 500 -c 4 "$nginx_url/moved"
expect_all_answered 500 301
expect_json "$record" '.outcome.ok == 500 and .error_rate == 0'

# A body that nginx reads whole and passes on.
head -c 300000 /dev/urandom >"$SCRATCH/body"
load -n 100 -c 4 -X POST --body-file "$SCRATCH/body" "$nginx_url/upload"
expect_all_answered 100 200
expect_json "$record" '.bytes.sent > 100 * 300000'
expect_equal 'POST requests logged' "$(nginx_logged '^200 POST /upload$')" 100
