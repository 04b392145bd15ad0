#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # what jq expands
# A name with several addresses: all serve, one refuses, one begins to refuse, none serves; and what
# is counted for each of them.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/namespaces.sh

[ -e /proc/net/if_inet6 ] || skip 'there is no IPv6 here'

make_space
name_hosts "$space" '127.0.0.2 several' '127.0.0.3 several' '127.0.0.4 half' '127.0.0.2 half' '::1 both' '127.0.0.2 both' \
	'127.0.0.4 none' '127.0.0.5 none' 'fe80::1 local' '127.0.0.2 local'

# What is counted by address adds up.
expect_added_up() {
	expect_record '.target.addresses as $all
		| ([$all[].connects.attempted] | add) == .connections.attempted
		and ([$all[].connects.established] | add) == .connections.established
		and ([$all[].connects.failed] | add) == ([.connections.failed[]] | add)
		and ([$all[].requests.completed] | add) == .requests.completed
		and ([$all[].requests.failed] | add) == ([.requests.failed[]] | add)
		and ([$all[].requests.timed_out] | add) == .requests.timed_out'
}
# served_by ADDRESS: requests that the target there has counted.
served_by() {
	nsenter --target "$space" --net curl -gsS --max-time 10 "http://$1:8000/__stats" | jq .requests
}

serve_inside "$space" -a 127.0.0.2 -a ::1 -p 8000
serve_inside "$space" -a 127.0.0.3 -p 8000
second=$server
run_inside "$space"

# All serve: every second connection, and each request is counted where it went.
load -n 4000 -c 16 http://several:8000/
expect_added_up
expect_record '[.target.addresses[] | [.address, .connections]] == [["127.0.0.2:8000", 8], ["127.0.0.3:8000", 8]]'
expect_equal 'requests of the first' "$(record '.target.addresses[0].requests.completed')" "$(served_by 127.0.0.2)"
expect_equal 'requests of the second' "$(record '.target.addresses[1].requests.completed')" "$(served_by 127.0.0.3)"
expect_text "$SCRATCH/out" '127.0.0.3:8000: 8 connections, '
load -n 1000 -c 9 -t 2 -w 100ms -r 2000 http://several:8000/
expect_added_up
expect_record '[.target.addresses[].connections] == [5, 4] and .requests.completed == 1000'

# IPv4 and IPv6 of one name; a name as --connect-to, and another port of the URL's name.
load -n 400 -c 4 http://both:8000/
expect_added_up
expect_record '[.target.addresses[].address] | sort == ["127.0.0.2:8000", "[::1]:8000"]'
load -n 400 -c 4 --connect-to several:8000 http://nowhere.invalid/
expect_record '[.target.addresses[].connections] == [2, 2]'
load -n 400 -c 4 --connect-to :8000 http://several:1/
expect_record '[.target.addresses[].connections] == [2, 2]'

# One refuses from the start: it is left out, with a line.
load -n 400 -c 4 http://half:8000/
expect_added_up
expect_text "$SCRATCH/out" '127.0.0.4:8000 is left out: Connection refused'
expect_record '[.target.addresses[].address] == ["127.0.0.2:8000"] and .connections.attempted == 4'
expect_record 'any(.notes[]; . == "127.0.0.4:8000 is left out: Connection refused")'
load -n 400 -c 4 http://local:8000/
expect_record '.notes == ["[fe80::1]:8000 is left out: a link-local address needs its interface, which a name does not give"]'

# None serves.
run "$RINGLOAD" run --quiet http://none:8000/
expect_status 5
expect_equal 'message' "$(cat "$SCRATCH/err")" \
	'ringload: cannot connect to 127.0.0.4:8000: Connection refused, 127.0.0.5:8000: Connection refused'

# One begins to refuse: its connections are tried there again, come to the other one, and it is told
# which was the bad one.
ends_soon() {
	sleep 1
	kill -KILL "$second"
}
ends_soon &
ending=$!
load -r 2000 -d 3s -c 16 --timeout 2s http://several:8000/
wait "$ending"
expect_added_up
expect_record '.target.addresses | .[0].connects.failed == 0 and .[1].connects.failed >= 8
	and .[1].connects.established == 8 and .[0].connects.established >= 16
	and .[0].requests.failed == 0 and .[0].requests.completed > 2 * .[1].requests.completed'
expect_record '.connections.failed.refused >= 8 and .connections.replaced >= 8'
expect_text "$SCRATCH/out" '; 8 of 16 connects'
