#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2119 # what jq expands
# A server whose workers are replaced while it is probed; two runs at once, and two probes of one server.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/kernel.sh
source tests/nginx.sh
source tests/robust.sh

nginx_start
trap 'nginx_stop; stop_all' EXIT
nginx_worker() {
	pgrep -P "$nginx_pid" | tail -n 1
}

# Reloaded under load: both generations are in the report, the first as exited, and no request is
# missing. A connection that the old worker closes just then may cost one.
first=$(nginx_worker)
start "$RINGLOAD" run -q --probe require --probe-sample 1/1 -r 1000 -d 2500ms -c 16 --json "$record" "$nginx_url/hello" \
	>"$SCRATCH/out" 2>"$SCRATCH/err"
runner=$pid
has_load() {
	[ "$(nginx_requests)" -gt 300 ]
}
wait_for 20 has_load || fail 'no load' "$SCRATCH/err"
kill -HUP "$nginx_pid"
replaced() {
	! alive "$first" && [ "$(nginx_worker)" != "$first" ]
}
wait_for 10 replaced || fail 'nginx did not replace its worker' "$SCRATCH/nginx/error.log"
second=$(nginx_worker)
wait "$runner"
expect_accounted
uneven=20
expect_sane "$record" "$SCRATCH/out"
expect_kernel "([.workers[].pid] | sort) == ([$first, $second] | sort)"
expect_kernel "all(.workers[]; .requests > 100 and .exited == (.pid == $first))"
expect_text "$SCRATCH/out" ' exited'
# /status is asked for by this test itself.
expect_record '.kernel.requests as $seen | .requests.completed | $seen >= . and $seen <= . + 400'
expect_kernel '.counters | .closed >= 16 and .lost == 0'
nginx_stop
uneven=0

# Two runs at once against two servers: each has its own.
runs=()
for each in 1 2; do
	serve --route "* service=fixed:${each}ms"
	servers[each]=$server
	start "$RINGLOAD" run -q --probe require --probe-sample 1/1 -r 100 -d 60s -n $((100 * each)) -c 8 \
		--pacing sleep --json "$SCRATCH/$each.json" "$url/" >"$SCRATCH/$each.out" 2>"$SCRATCH/$each.err"
	runs[each]=$pid
done
for each in 1 2; do
	record=$SCRATCH/$each.json
	wait "${runs[each]}"
	status=$?
	expect_measured "run $each"
	expect_sane "$record" "$SCRATCH/$each.out"
	expect_kernel ".requests == 100 * $each and .attributed == .requests and .sampled_fraction == 1"
	expect_kernel "[.workers[].pid] == [${servers[each]}]"
	expect_kernel ".stages[] | select(.name == \"app_sleep\") | .mean_ns > $each * 800000"
done

# Two probes of one server, one of them in a run: both follow every request.
record=$SCRATCH/record.json
probing
load --probe-sample 1/1 -n 2000 -c 16 "$url/"
sleep 0.2
probed
for each in "$record" "$probed"; do
	expect_sane "$each"
	expect_kernel '.requests == 2000 and .attributed == 2000' "$each"
done
expect_kernel '.counters.opened == 17 and .counters.closed == 17' "$probed"
