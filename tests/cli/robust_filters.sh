#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2119 # what jq expands
# The probe's filters select what they say and nothing else; requests are joined with the client's
# whatever kind of address they come from.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/kernel.sh
source tests/robust.sh

# One socket for both kinds of address: an IPv4 client is known by its own address.
share_server :: 0
one=$server
for address in 127.0.0.1 '[::1]'; do
	load --probe-sample 1/1 -n 500 -c 8 "http://$address:$port/"
	expect_sane "$record" "$SCRATCH/out"
	expect_kernel '.requests == 500 and .attributed == 500 and .sampled_fraction == 1'
	expect_kernel ".slowest | length == 10 and all(.[]; (.client | startswith(\"$address:\")) and .at_client != null)"
	expect_kernel 'all(.slowest[]; .residence_ns + (.at_client | .send_lag_ns + .to_server_ns + .from_server_ns)
		== .at_client.total_ns)'
	# Sampled: the client computes the same hash, and keeps the rows of the same connections.
	load -r 2000 -d 1s -c 64 "http://$address:$port/"
	expect_sane "$record" "$SCRATCH/out"
	expect_kernel '.slowest | length == 10 and all(.[]; .at_client != null)'
done

# Two processes on one port, each with a probe of its own: what one has not, the other has.
share_server :: "$port"
two=$server
probing --pid "$one"
of_one=$prober
mv "$SCRATCH/probed.out" "$SCRATCH/one.out"
probed=$SCRATCH/two.json
probing --pid "$two"
run "$RINGLOAD" run -q --probe off -n 2000 -c 32 --json "$record" "http://127.0.0.1:$port/"
expect_measured 'two processes'
sleep 0.2
probed
kill -INT "$of_one"
wait "$of_one"
expect_sane "$SCRATCH/probed.json" "$SCRATCH/one.out"
for each in "$one $SCRATCH/probed.json" "$two $SCRATCH/two.json"; do
	expect_kernel "[.workers[].pid] == [${each% *}] and .requests > 0 and .attributed == .requests" "${each#* }"
	expect_kernel '.counters.abandoned == 0 and .counters.no_arrival == 0 and .open.waiting == 0' "${each#* }"
done
expect_equal 'requests of both' \
	"$(jq -s 'map(.kernel.requests) | add' "$SCRATCH/probed.json" "$SCRATCH/two.json")" 2000

# Two ports in one probe, and not a third: 2,000 requests to each.
shared=$port
serve --seed 1
second=$server second_port=$port
serve --seed 2
port=$shared,$second_port probing
for each in "$shared" "$second_port" "$port"; do
	run "$RINGLOAD" run -q --probe off -n 300 -c 4 --json "$record" "http://127.0.0.1:$each/"
	expect_measured "$each"
done
probed
expect_kernel ".ports == [$shared, $second_port] and .requests == 600 and .attributed == 600" "$probed"
expect_kernel "([.workers[].pid] | unique) - [$one, $two, $second] == []" "$probed"
expect_kernel ".workers[] | select(.pid == $second) | .requests == 300" "$probed"
expect_kernel "[.slowest[].server_port] - [$shared, $second_port] == []" "$probed"
stop "$second"
