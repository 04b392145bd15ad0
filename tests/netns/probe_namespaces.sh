#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # what jq expands
# One port served in three network namespaces, two of them joined by a cable: each probe sees the
# server it was asked for, and a request is joined with its client in another namespace.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/kernel.sh
source tests/robust.sh
source tests/namespaces.sh

# serve_in SPACE PORT
serve_in() {
	: >"$SCRATCH/served"
	start nsenter --target "$1" --net "$SERVERS/robust_server" :: "$2" >"$SCRATCH/served" 2>"$SCRATCH/served.err"
	server=$pid
	wait_for 20 grep -q '^listening' "$SCRATCH/served" || fail 'no server in a namespace' "$SCRATCH/served.err"
	port=$(sed 's/.*://' "$SCRATCH/served")
}

make_space
left=$space
make_space
right=$space
join_spaces "$left" "$right"

serve_in "$right" 0
right_server=$server
serve_in "$left" "$port"
left_server=$server
share_server :: "$port"
here_server=$server

# Across the cable: the server is found where the address leads, or where the user says.
across() {
	rm -f "$record"
	run in_space "$left" "$RINGLOAD" run -q --probe require --json "$record" "$@"
	expect_measured "$*"
	expect_sane "$record" "$SCRATCH/out"
	expect_kernel "[.workers[].pid] == [$right_server]"
	expect_kernel '.slowest | length == 10 and all(.[]; .at_client != null)'
	expect_kernel 'all(.slowest[]; .residence_ns + (.at_client | .send_lag_ns + .to_server_ns + .from_server_ns)
		== .at_client.total_ns)'
}
for address in 10.99.0.2 '[fd99::2]'; do
	across --probe-sample 1/1 -n 500 -c 8 "http://$address:$port/"
	expect_kernel '.requests == 500 and .attributed == 500'
done
across --probe-sample 1/1 --probe-netns "/proc/$right/ns/net" -n 500 -c 8 "http://10.99.0.2:$port/"
expect_kernel '.requests == 500'
across -r 2000 -d 1s -c 64 "http://10.99.0.2:$port/"

# Its own loopback and not the other servers'.
run in_space "$left" "$RINGLOAD" run -q --probe require --probe-sample 1/1 --json "$record" -n 300 -c 4 "http://127.0.0.1:$port/"
expect_measured 'loopback'
expect_kernel ".requests == 300 and [.workers[].pid] == [$left_server]"

# Connections that are there before, in all three: a probe from outside sees those of the namespace it
# was given, and without one, all.
drivers=()
for space in "$left" "$right" $$; do
	start nsenter --target "$space" --net "$RINGLOAD" run -q --probe off -r 100 -d 60s -c 4 --pacing sleep \
		"http://127.0.0.1:$port/" >/dev/null 2>&1
	drivers+=("$pid")
done
has_connections() {
	[ "$(in_space "$1" ss -Htn state established "sport = :$port" | wc -l)" -ge 4 ]
}
for space in "$left" "$right" $$; do
	wait_for 20 has_connections "$space" || fail 'no load in a namespace'
done
uneven=5
for each in "/proc/$left/ns/net=$left_server" "/proc/$right/ns/net=$right_server" "/proc/self/ns/net=$here_server" \
	"=$left_server,$right_server,$here_server"; do
	netns=${each%%=*}
	# shellcheck disable=SC2086 # two words or none
	run "$RINGLOAD" probe --port "$port" --sample 1/1 -d 500ms ${netns:+--netns $netns} --json "$probed"
	expect_status 0
	expect_sane "$probed" "$SCRATCH/out"
	expect_kernel "([.workers[].pid] | sort) == ([${each#*=}] | sort)" "$probed"
	expect_kernel ".counters.seeded == 4 * ([${each#*=}] | length) and .counters.opened == 0" "$probed"
done
# Nobody serves it here any more: the others are found all the same.
stop "$here_server"
run "$RINGLOAD" probe --port "$port" --sample 1/1 -d 500ms --json "$probed"
expect_status 0
expect_kernel "([.workers[].pid] | sort) == ([$left_server, $right_server] | sort) and .counters.seeded == 8" "$probed"
kill "${drivers[@]}"
