#!/bin/bash
# SPDX-License-Identifier: MIT
# test-alone: it compares times with stamped ones
# shellcheck disable=SC2016 # jq has variables too
# Requests of 50, 150 and 400 ms, of which every eighth is followed: their true mix comes out, slow
# ones as likely as fast ones.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/kernel.sh
source tests/truth.sh

drive_sampled() {
	load --probe-sample 1/8 "$@" "$url/"
}
drive=drive_sampled
compare truth_threads --work 'mix:50000*5+150000*3+400000*2' -- -n 1400 -c 96
expect_compared '.truth.requests == 1400 and .kernel.sample == 8'
# An eighth of connections that are chosen at random, one after another.
expect_compared '.kernel.requests > 80 and .kernel.requests < 350 and .kernel.attributed == .kernel.requests'
expect_compared '.kernel.sampled_fraction * 1400 - .kernel.requests | fabs < 1'

# Drawn from what there was, so each share strays by no more than so many standard deviations of a
# binomial (one run in 100,000 beyond).
expect_compared '.kernel.requests as $count | .truth.requests as $all
	| [.kernel.mix[] | {requests, ns: (.from_ns | if . < 95e6 then 50e6 elif . < 270e6 then 150e6 else 400e6 end)}] as $rows
	| .truth.asked | length == 3 and all(.[]; .ns as $ns | (.requests / $all) as $share
		| ([$rows[] | select(.ns == $ns) | .requests] | add // 0) / $count - $share
		| fabs <= 4.5 * ($share * (1 - $share) / $count | sqrt))'
# And the time they took, whose error the record tells itself.
expect_compared '.truth.app.mean_ns as $mean | .kernel.requests as $count
	| residence / $mean - 1 | fabs < 4.5 * 0.9 / ($count | sqrt)'
