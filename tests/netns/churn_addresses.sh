#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # what jq expands
# A connection for each request to a name with several addresses: each serves its part, sources are
# of the kind of the address, and one that begins to refuse costs a pause and no request.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/namespaces.sh

[ -e /proc/net/if_inet6 ] || skip 'there is no IPv6 here'

make_space
name_hosts "$space" '127.0.0.2 both' '::1 both' '127.0.0.2 several' '127.0.0.3 several'
in_space "$space" ip route add local fd00:7::/64 dev lo
serve_inside "$space" -a 127.0.0.2 -a ::1 -p 8000
serve_inside "$space" -a 127.0.0.3 -p 8000
second=$server
run_inside "$space"

# Each address gets every second place, and so many requests as those made.
load --no-keepalive -n 1000 -c 8 http://both:8000/
expect_record '.target.addresses | length == 2 and all(.[]; .requests.completed > 200
	and .connects.established == .requests.completed and .connects.failed == 0)'
expect_record '.connections.established == 1000 and .requests.completed == 1000'

# A pool for each kind.
load --no-keepalive -n 400 -c 8 --source 127.0.9.0/28 --source fd00:7::/120 http://both:8000/
expect_record '.requests.completed == 400 and .notes == []'
peers() {
	in_space "$space" ss -Htan state time-wait | tr -s ' ' '\n' | sed 's/:[0-9]*$//' | sort -u
}
expect_equal 'IPv4 sources' "$(peers | grep -c '^127[.]0[.]9[.]')" 16
[ "$(peers | grep -c '^\[fd00:7::')" -gt 60 ] || fail 'IPv6 sources are not used in turn'

# A pool of one kind: the address of the other is left out, and told.
load --no-keepalive -n 400 -c 8 --source fd00:7::/120 http://both:8000/
expect_record '[.target.addresses[].address] == ["[::1]:8000"]
	and .notes == ["127.0.0.2:8000 is left out: --source has no IPv4 address to reach it from"]'

# One begins to refuse: the places that were to go there come to the other one, and no request of
# theirs is lost.
ends_soon() {
	sleep 1
	kill -KILL "$second"
}
ends_soon &
ending=$!
attempt --no-keepalive -r 500 -d 2s -c 32 --timeout 2s http://several:8000/
wait "$ending"
expect_accounted
expect_record '.requests | .scheduled == 1000 and .completed >= 990'
expect_record '.target.addresses | .[0].connects.failed == 0 and .[1].connects.failed >= 1
	and .[0].requests.completed > .[1].requests.completed'
expect_record '.connections | .attempted == .established + ([.failed[]] | add)'
expect_record '.latency_ns.connection_wait.max >= 5e6' # the pause
grep -q '^ *127[.]0[.]0[.]3:8000: [0-9,]* connections, .*; [0-9]* of [0-9]* connects' "$SCRATCH/out" || fail 'the bad address' "$SCRATCH/out"
