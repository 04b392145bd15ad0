#!/bin/bash
# SPDX-License-Identifier: MIT
# nginx on a unix socket: its counts are the record's, also where it ends connections, and while it
# is reloaded; and the CPU its worker is bound to is known.
source tests/assert.sh
source tests/load.sh
source tests/nginx.sh

nginx_start "
	listen unix:$SCRATCH/nginx.sock;
	location = /ten { keepalive_requests 10; return 200 'hello\n'; }
	location = /large { alias $SCRATCH/large; }
"
head -c 3000000 /dev/zero >"$SCRATCH/large"
there="--connect-to unix:$SCRATCH/nginx.sock"

# shellcheck disable=SC2086 # two words
{
	load -n 5000 -c 32 $there "$nginx_url/hello"
	expect_all_answered 5000 200
	expect_record '.connections | .attempted == 32 and .closed_by_peer == 0'
	expect_equal 'requests logged' "$(nginx_logged '^200 GET /hello')" 5000

	load -n 50 -c 4 $there "$nginx_url/large"
	expect_all_answered 50 200
	expect_record '.bytes.received > 50 * 3000000 and .bytes.received < 51 * 3000000'

	load -n 2000 -c 8 $there "$nginx_url/ten"
	expect_all_answered 2000 200
	expect_record '.connections.replaced >= 190 and .connections.replaced <= 200'

	: >"$SCRATCH/nginx/access.log"
	reload() {
		sleep 0.7
		kill -HUP "$nginx_pid"
	}
	reload &
	load -r 2000 -d 2s -c 16 $there "$nginx_url/hello"
	wait $!
	expect_record '.requests.scheduled == 4000 and .requests.unsent == 0 and .connections.closed_by_peer >= 16'
	expect_record '.requests.failed | .parse == 0 and .short == 0 and .send == 0'
	expect_record '.requests.completed >= 4000 - 16'
	expect_equal 'requests logged' "$(nginx_logged '^200 GET /hello')" "$(record .requests.completed)"

	# Where the second of two CPUs is its worker's, a load that takes both shares it.
	if [ "$(nproc)" = 2 ] && [ "$(id -u)" = 0 ]; then
		run "$RINGLOAD" run --dry-run -t 2 $there "$nginx_url/hello"
		expect_status 0
		grep -q 'on CPU 1.*, shares its CPU$' "$SCRATCH/out" || fail 'the worker of nginx is not seen' "$SCRATCH/out"
		grep -q 'on CPU 0.*, shares its CPU$' "$SCRATCH/out" && fail 'nginx is seen everywhere' "$SCRATCH/out"
	fi
}
exit 0
