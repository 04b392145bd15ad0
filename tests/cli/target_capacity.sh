#!/bin/bash
# SPDX-License-Identifier: MIT
# A target of a known capacity: below it latency is flat, above it the completed rate is the capacity
# and the backlog grows by what is too much, over however many connections the load comes. What the
# machine's own delays can only make worse is bounded on one side.
# test-timeout: 120 (loads are repeated on a busy machine)
# test-alone: it measures what a server bears
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/steady.sh

capacity=730
service_ns=$((1000000000 / capacity))
target=(--workers 2 --route "* capacity=$capacity")

# queue FIGURE
queue() {
	stats ".routes[0].queue.$1"
}

# expect_full_speed: from its first answer to its last it gave as many as it could, and no more.
expect_full_speed() {
	local rate

	rate=$(stats '.routes[0] | (.responses - 1) * 1000000000 / (.last_sent_ns - .first_sent_ns)')
	jq -ne "$rate | . > $capacity * 0.98 and . < $capacity * 1.02" >/dev/null ||
		fail "$(stats .responses) requests were answered at $rate a second, not at $capacity"
}

# Below: nobody is answered in less than the service time, and most in little more; the load makes no
# difference.
for rate in 200 650; do
	if steady -r $rate -d 1s -c 50 /; then
		expect_record ".latency_ns.total.p50 < $service_ns * 2 + 5000000"
	fi
	expect_record ".latency_ns.service.min >= $service_ns * 0.99"
	expect_equal 'refused' "$(queue refused)" 0
	stop "$server"
done

# Above: 1,460 in a second are 730 too many; the last waits for a second. To whom a connection is
# wanting waits in the client for it, and no less.
asked=1460
backlog=$((asked - capacity))
last_ns=$((asked * service_ns - 1000000000))
for connections in 16 100 800; do
	if steady -r $asked -d 1s -c $connections /; then
		expect_full_speed
		expect_record ".rate.completed_rps > $capacity * 0.98"
		expect_record ".latency_ns.total.p50 < $last_ns * 0.55 + 100000000"
		# With a connection for each the whole backlog is at the target.
		least=$((connections < backlog ? connections : backlog))
		[ "$(queue longest)" -ge $((least * 85 / 100)) ] ||
			fail "$(queue longest) requests in the queue of $connections connections"
	fi
	expect_record ".requests.completed == $asked and .rate.completed_rps < $capacity * 1.005"
	expect_record ".latency_ns.total | .max > $last_ns * 0.98 and .p50 > $last_ns * 0.49"
	expect_equal 'entered' "$(queue entered)" $asked
	expect_equal 'left in the queue' "$(queue length)" 0
	[ "$(queue longest)" -le $connections ] || fail "$connections connections, $(queue longest) requests"
	stop "$server"
done

# In a closed loop the capacity is all there is, divided among the connections.
steady -d 1s -c 8 / && expect_full_speed
expect_record ".latency_ns.service.p50 > 8 * $service_ns * 0.98"
expect_equal 'longest' "$(queue longest)" 8
stop "$server"
steady -d 500ms -c 1 /
expect_record ".rate.completed_rps <= $capacity and .latency_ns.service.min >= $service_ns * 0.99"
expect_equal 'longest' "$(queue longest)" 1
