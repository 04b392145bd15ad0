#!/bin/bash
# SPDX-License-Identifier: MIT
# A server that stands still for a known time: latency counts from the moment a request was due, so
# the stop shows at its full length and with its full share of the requests (coordinated omission).
source tests/assert.sh
source tests/load.sh
source tests/serving.sh

rate=500
serve --route '* freeze=600ms@1500ms'
load -r $rate -d 2500ms -c 20 "$url/"
expect_record '.requests.completed == 1250'

# How long it stood still by its own clock. Requests became due evenly all the while, so the k-th
# longest wait is shorter than the stop by k / rate.
frozen_ns=$(stats '.freezes[0] | .until_ns - .from_ns')
[ "$frozen_ns" -ge 600000000 ] || fail "the target stood still for $frozen_ns ns only"
for share in p90:125 p95:63; do
	expect_record ".latency_ns.total.${share%:*} as \$is
		| ($frozen_ns - ${share#*:} * 1000000000 / $rate) as \$ideal
		| \$is > \$ideal * 0.97 - 2000000 and \$is < \$ideal * 1.1 + 100000000"
done
expect_record ".latency_ns.total.max > $frozen_ns - 1000000000 / $rate - 1000000"

# Most of these requests waited for a connection: counted from the send nothing would show.
expect_record '.latency_ns.service.p90 * 3 < .latency_ns.total.p90'
expect_record '.latency_ns.connection_wait.p90 > 200000000'

# The second in which it happened can be seen.
expect_record '[.timeline[] | select(.max > 400000000)] | length >= 1 and length <= 3'
