#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # what jq expands
# Local ports in a network namespace that has a hundred of them: counted before the start, running
# out is told and no hang, resets and more addresses help, and nothing is left behind.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh

source tests/namespaces.sh

make_space
inside() {
	in_space "$space" "$@"
}
inside sysctl -q -w net.ipv4.ip_local_port_range='40000 40099' net.ipv4.tcp_tw_reuse=0
inside ip addr add 10.5.0.1/32 dev lo
inside ip -6 addr add fd00:5::1/128 dev lo nodad

# Its port is below the range.
serve_inside "$space" -p 8080 -a 10.5.0.1 -a fd00:5::1
run_inside "$space"
url4=http://10.5.0.1:8080/
url6='http://[fd00:5::1]:8080/'

# What is left of the port 8080 in this state, by its other end.
left_in() {
	inside ss -Htan state "$1" '( sport = :8080 or dport = :8080 )' | awk '{ print $3, $4 }' |
		tr ' ' '\n' | grep -v ':8080$' | sed 's/:[0-9]*$//' | sort
}

# More at once than there are: refused, with both ways out.
attempt -c 101 "$url4"
expect_status 3
expect_equal 'message' "$(cat "$SCRATCH/err")" \
	'ringload: 101 connections to 10.5.0.1:8080 need as many local ports, there are 100: connect from more addresses with --source, as in --source 127.0.0.0/24 for a target on this host, or widen the range with "sysctl -w net.ipv4.ip_local_port_range='"'1024 65535'"'" (it is 40000 to 40099, 0 of them reserved)'
inside sysctl -q -w net.ipv4.ip_local_reserved_ports=40050-40060
attempt -c 90 "$url4"
expect_status 3
expect_text "$SCRATCH/err" 'there are 89:'
inside sysctl -q -w net.ipv4.ip_local_reserved_ports=

# With resets as many as one likes come from them, and nothing is left.
attempt --no-keepalive --reset-on-close -n 1000 -c 8 -H 'Connection: keep-alive' "$url4"
expect_measured
expect_record '.requests.completed == 1000 and .connections.established == 1000'
expect_equal 'in TIME_WAIT after resets' "$(left_in time-wait | wc -l)" 1 # that of the preflight
expect_equal 'open after the run' "$(left_in established | wc -l)" 0

# A /29 and an address more are nine times as many; each of them is used, and equally.
inside ip route add local 10.5.1.0/28 dev lo
attempt --no-keepalive -n 700 -c 8 --source 10.5.1.1/32 --source 10.5.1.8/29 -H 'Connection: keep-alive' "$url4"
expect_measured
expect_record '.requests.completed == 700 and .connections.established == 700'
expect_equal 'addresses the server saw' "$(left_in time-wait | grep -v '^10.5.0.1$' | uniq -c | awk '{ print $1, $2 }' | tr '\n' ' ')" \
	'100 10.5.1.1 100 10.5.1.10 100 10.5.1.11 100 10.5.1.12 100 10.5.1.13 100 10.5.1.14 100 10.5.1.9 '

# IPv6: an address that is not there is refused with the command that adds it, which does.
attempt --no-keepalive -n 10 --source fd00:5::7 "$url6"
expect_status 3
expect_text "$SCRATCH/err" 'with "ip -6 addr add fd00:5::7/128 dev lo"'
attempt --no-keepalive -n 100 --source fd00:6::/64 "$url6"
expect_status 3
expect_text "$SCRATCH/err" '--source "fd00:6::/64": fd00:6:: is not an address of this host: add the range'
read -ra adds < <(sed -n 's/.*with "\(ip [^"]*\)".*/\1/p' "$SCRATCH/err")
inside "${adds[@]}"
attempt --no-keepalive -n 250 -c 4 --source fd00:6::/64 -H 'Connection: keep-alive' "$url6"
expect_measured
expect_record '.requests.completed == 250'
expect_equal 'IPv6 addresses the server saw' "$(left_in time-wait | grep -c '^\[fd00:6::')" 250
expect_equal 'of them different' "$(left_in time-wait | grep '^\[fd00:6::' | uniq | wc -l)" 250
attempt -n 300 -c 101 --source fd00:6::/64 "$url6"
expect_measured
expect_record '.connections.established == 101'

# This side closes first, and each port waits for a minute: the hundred are soon used up. That is
# told, whoever limited the rest; what is due is dropped, and the run ends.
run_out() {
	begun=$SECONDS
	attempt --no-keepalive --timeout 500ms -H 'Connection: keep-alive' "$@"
	expect_status 4
	expect_accounted
	expect_record '.validity.verdict == "generator_limited" and ([.validity.reasons[].key] | index("no_port") != null)'
	expect_record '.connections.failed | .no_port > 10 and .refused + .unreachable + .no_fd == 0'
	[ $((SECONDS - begun)) -lt 20 ] || fail "it took $((SECONDS - begun)) s"
}
inside ip addr add 10.5.2.1/32 dev lo
run_out -r 200 -d 2s -c 16 --source 10.5.2.1 "$url4"
expect_record '.requests | .scheduled == 400 and .completed >= 99 and .completed <= 100
	and .dropped.no_connection + .dropped.expired == 400 - .completed'
inside ip addr add 10.5.2.2/32 dev lo
run_out -n 300 -c 4 --source 10.5.2.2 "$url4"
expect_record '.requests.completed >= 99 and .requests.completed <= 100'
run "$RINGLOAD" run --quiet --probe off --no-keepalive --timeout 300ms -r 100 -d 1s --source 10.5.2.2 "$url4"
expect_text "$SCRATCH/out" 'without a local port'

# No descriptor, no port, no slot is held by anybody who is gone.
expect_equal 'open at the end' "$(left_in established | wc -l)" 0
expect_equal 'half open at the end' "$(left_in close-wait | wc -l)$(left_in syn-sent | wc -l)" 00
