#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # what jq and other shells expand
# test-timeout: 120
# A run with the server's kernel: the block of the record, the table, the profile, warm-up and
# interruption.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/kernel.sh

serve --route '/spin service=fixed:200us by=spin' --route '/wait service=fixed:5ms'

# Every request of a run that ends by their number is seen on both sides.
load --probe-sample 1/1 -n 2000 -c 8 "$url/spin"
expect_record '.requests.completed == 2000'
expect_kernel '.status == "measured" and .reason == null and .sample == 1'
expect_kernel ".ports == [$port]"
expect_kernel '.requests == 2000 and .attributed == 2000 and .sampled_fraction == 1'
expect_kernel '.counters | .opened + .seeded >= 8 and .handoffs == 0 and .retransmits == 0'
# The parts are the residence, the shares a whole; nothing is negative.
expect_kernel '[.stages[] | select(.in_residence)] | length == 10'
expect_kernel '[.stages[] | select(.in_residence) | .share] | add | . > 0.999 and . < 1.001'
expect_kernel '([.stages[] | select(.in_residence) | .mean_ns] | add) as $sum
	| .residence.mean_ns | . > $sum * 0.99 and . < $sum * 1.01'
expect_kernel '[.stages[].mean_ns | select(. != null and . < 0)] == []'
# 200 us of computing for each; eight requests at a time on one thread wait for one another, read or
# not.
expect_kernel '.stages[] | select(.name == "app_cpu") | .mean_ns > 190000'
expect_kernel '.residence.mean_ns > 1000000'
# What the kernel saw cannot have taken longer than what the client saw.
expect_record '.kernel.residence.mean_ns < .latency_ns.service.mean and .kernel.residual_ns > 0'
expect_kernel ".workers | length == 1 and .[0].pid == $server and .[0].requests == 2000"
expect_kernel '.imbalance == 0'
# The slowest are there from both sides: each within what the client waited for it.
expect_kernel '.slowest | length == 10 and all(.[]; .attributed
	and .at_client.service_ns >= .residence_ns and .at_client.to_server_ns >= 0)'
# What the client and the server say of one request adds up to its whole time.
expect_kernel 'all(.slowest[]; (.at_client | .send_lag_ns + .to_server_ns + .from_server_ns) + .residence_ns
	== .at_client.total_ns)'
expect_kernel 'all(.slowest[]; ([.parts_ns[]] | add) as $sum | .residence_ns == $sum)'
# What served each stage.
expect_kernel '[.hooks[] | select(.core)] | length >= 5 and all(.[]; .hook != null)'
expect_kernel '.overhead_ns_per_request == null or (.overhead_ns_per_request | . > 0 and . < 100000)'
for text in 'where the time went' 'residence' 'on the CPU'; do
	expect_text "$SCRATCH/out" "$text"
done

# A server that waits for a timer is asleep meanwhile.
load --probe-sample 1 -r 200 -d 2s -c 16 "$url/wait"
expect_kernel '.stages[] | select(.name == "app_sleep") | .mean_ns > 4500000'
expect_kernel '.stages[] | select(.name == "app_sleep") | .share > 0.8'

# The warm-up is not in it: what is measured is the window's half of the requests.
load --probe-sample 1 -r 500 -w 1s -d 1s -c 8 "$url/"
expect_record '.requests.scheduled == 500'
expect_kernel '.requests >= 400 and .requests <= 600'
expect_kernel '.sampled_fraction > 0.8 and .sampled_fraction < 1.2'

# By default one of eight connections at a time.
load -r 2000 -d 2s -c 64 "$url/"
expect_kernel '.sample == 8 and .sampled_fraction > 0.06 and .sampled_fraction < 0.25'

# A profile: both files, and the stacks in the record.
load --probe-sample 1 -d 2s -c 8 --profile "$SCRATCH/server" "$url/spin"
expect_kernel '.profile.samples > 20 and (.profile.stacks | length > 0)'
[ -s "$SCRATCH/server.folded" ] || fail 'no folded stacks'
! grep -qvE '^[^;]+(;[^;]*)* [0-9]+$' "$SCRATCH/server.folded" || fail 'not folded' "$SCRATCH/server.folded"
expect_equal 'samples of both' "$(awk '{ sum += $NF } END { print sum }' "$SCRATCH/server.folded")" \
	"$(record '[.kernel.profile.stacks[].samples] | add')"
expect_text "$SCRATCH/server.svg" '<svg'
expect_text "$SCRATCH/server.svg" '</svg>'

# Interrupted: the window is as long as the run was, and the table is there.
answered=$(stats .responses)
start "$RINGLOAD" run --probe require --probe-sample 1 -r 500 -d 60s -c 8 --json "$record" "$url/" \
	>"$SCRATCH/out" 2>"$SCRATCH/err"
runner=$pid
has_answers() {
	[ "$(stats .responses)" -gt $((answered + 500)) ]
}
wait_for 20 has_answers || fail 'the run got no answers' "$SCRATCH/err"
kill -INT "$runner"
wait "$runner"
expect_equal 'exit code' $? 130
expect_record '.kernel.requests as $seen | .requests.completed | . >= $seen - 100 and . <= $seen + 100'
expect_text "$SCRATCH/out" 'where the time went'

# Two runs at once: each is told that the figures are of both.
start "$RINGLOAD" run -q --probe require --probe-sample 1 -n 4000 -r 1000 -c 8 --json "$SCRATCH/other.json" "$url/" \
	>"$SCRATCH/other.out" 2>"$SCRATCH/other.err"
other=$pid
load --probe-sample 1 -n 1000 -r 1000 -c 8 "$url/"
wait "$other"
expect_json "$SCRATCH/other.json" '.kernel | .status == "measured" and .requests >= 3900 and .requests <= 5100'
expect_record '.kernel.requests > 1500 and .kernel.sampled_fraction > 1.5'
expect_record '.notes | any(contains("others used the port too"))'
# Alone nobody is.
load --probe-sample 1 -n 1000 -r 1000 -c 8 "$url/"
expect_record '.kernel.requests >= 900 and .kernel.requests <= 1000 and .notes == []'

# Nothing is required of it and nothing is there to see: a server that no process is.
probe=auto
run "$RINGLOAD" lab -- sh -c '"$0" run -q -n 200 --json "$1" "$RINGLOAD_NULL_URL"' "$RINGLOAD" "$record"
expect_kernel '.status == "not_measured" and (.reason | startswith("no process of this machine listens on port 8080"))'
run "$RINGLOAD" lab -- sh -c '"$0" run -q --probe require -n 200 "$RINGLOAD_NULL_URL"' "$RINGLOAD"
expect_status 3
expect_text "$SCRATCH/err" '--probe require: no process of this machine listens on port 8080'
expect_equal 'report' "$(cat "$SCRATCH/out")" ''
