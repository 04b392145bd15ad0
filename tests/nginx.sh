# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# An nginx of the test's own, for tests that want a server from elsewhere; source it after
# tests/assert.sh. One worker, on the second CPU where there is one; everything it writes is in
# $SCRATCH/nginx; it ends with the test.

nginx_pid=
nginx_port=
nginx_url=
export nginx_port nginx_url

# Whether this machine has IPv6 on loopback, where nginx then listens as well.
nginx_ipv6() {
	grep -qs ' lo$' /proc/net/if_inet6
}

# What every server of these tests offers, besides the directives given to nginx_start.
nginx_config() {
	local port=$1
	local affinity=

	[ "$(nproc)" -lt 2 ] || affinity='worker_cpu_affinity 10;'
	cat <<-CONFIG
		daemon off;
		worker_processes 1;
		$affinity
		$([ "$(id -u)" != 0 ] || echo 'user root;')
		pid $SCRATCH/nginx/pid;
		error_log $SCRATCH/nginx/error.log notice;
		events { worker_connections 4096; }
		http {
			log_format test '\$status \$request_method \$uri';
			access_log ${nginx_log:-$SCRATCH/nginx/access.log test};
			client_body_temp_path $SCRATCH/nginx/body;
			proxy_temp_path $SCRATCH/nginx/proxy;
			fastcgi_temp_path $SCRATCH/nginx/fastcgi;
			uwsgi_temp_path $SCRATCH/nginx/uwsgi;
			scgi_temp_path $SCRATCH/nginx/scgi;
			root $SCRATCH/nginx/root;
			default_type text/plain;
			keepalive_requests 1000000000;
			keepalive_timeout 1h;
			server {
				listen 127.0.0.1:$port backlog=4096;
				$(! nginx_ipv6 || echo "listen [::1]:$port backlog=4096;")
				location = /hello { return 200 "hello\n"; }
				location = /status { access_log off; stub_status; }
				$2
			}
		}
	CONFIG
}

nginx_answers() {
	kill -0 "$nginx_pid" 2>/dev/null && curl -sf -o /dev/null "http://127.0.0.1:$nginx_port/status"
}

# nginx_start [DIRECTIVES]: of the server block. Sets nginx_url (without a path) and nginx_pid.
nginx_start() {
	local tries=30

	mkdir -p "$SCRATCH/nginx/root"
	trap nginx_stop EXIT
	trap 'exit 143' TERM
	trap 'exit 130' INT
	while [ $((tries--)) -gt 0 ]; do
		# Below the range that connections take their own ports from.
		nginx_port=$((10000 + RANDOM % 20000))
		nginx_config $nginx_port "${1:-}" >"$SCRATCH/nginx/nginx.conf"
		: >"$SCRATCH/nginx/error.log"
		nginx -p "$SCRATCH/nginx" -e "$SCRATCH/nginx/error.log" -c "$SCRATCH/nginx/nginx.conf" \
			>"$SCRATCH/nginx/output" 2>&1 &
		nginx_pid=$!
		while kill -0 $nginx_pid 2>/dev/null; do
			if nginx_answers && ! grep -q 'Address already in use' "$SCRATCH/nginx/error.log"; then
				nginx_url=http://127.0.0.1:$nginx_port
				return 0
			fi
			sleep 0.05
		done
		grep -q 'Address already in use' "$SCRATCH/nginx/error.log" || break
	done
	nginx_pid=
	fail 'nginx did not start' "$SCRATCH/nginx/output" "$SCRATCH/nginx/error.log"
}

nginx_stop() {
	[ -n "$nginx_pid" ] || return 0
	kill -TERM "$nginx_pid" 2>/dev/null
	wait "$nginx_pid" 2>/dev/null
	nginx_pid=
}

# Requests nginx has counted, this question among them: between two of them there were
# second - first - 1 others.
nginx_requests() {
	curl -sf "$nginx_url/status" | awk 'NR == 3 { print $3 }'
}

# Lines of the access log: requests nginx has finished with; a pattern keeps those that match.
nginx_logged() {
	grep -c -- "${1:-}" "$SCRATCH/nginx/access.log"
}
