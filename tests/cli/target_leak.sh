#!/bin/bash
# SPDX-License-Identifier: MIT
# A target that leaks: what it says it leaked is in its resident size, by time, by requests, and no
# more than its limit.
# test-alone: it measures what a server bears
source tests/assert.sh
source tests/load.sh
source tests/serving.sh

resident_bytes() {
	awk '$1 == "VmRSS:" {print $2 * 1024}' "/proc/$server/status"
}

leaked() {
	stats '.routes[0].leak.bytes'
}

# expect_resident BEFORE LEAKED: the size grew by what was leaked since, and by little else.
expect_resident() {
	local grown=$(($(resident_bytes) - $1))

	if [ $grown -lt $(($2 * 97 / 100 - 1048576)) ] || [ $grown -gt $(($2 + 16 * 1048576)) ]; then
		fail "$2 bytes were leaked and $grown are more resident"
	fi
}

# 72 GB an hour are 20 MB a second, whether there is load or not.
serve --seed 1 --route '* leak=72GB/h leak-limit=60MB'
from=$(leaked) before=$(resident_bytes)
from_ns=$(stats .now_ns)
sleep 1
until=$(leaked)
until_ns=$(stats .now_ns)
ideal=$(((until_ns - from_ns) * 20 / 1000))
if [ $((until - from)) -lt $((ideal * 80 / 100)) ] || [ $((until - from)) -gt $((ideal + 1000000)) ]; then
	fail "$((until - from)) bytes were leaked, not about $ideal"
fi
expect_resident "$before" $((until - from))
at_limit() {
	[ "$(leaked)" -eq 60000000 ]
}
wait_for 20 at_limit || fail 'it does not come to its limit'
sleep 0.2
at_limit || fail 'it leaks beyond its limit'
stop "$server"

serve --seed 1 --workers 2 --route '* leak-per-request=20kB'
before=$(resident_bytes)
load -n 1000 -c 20 "$url/"
expect_equal 'leaked' "$(leaked)" 20000000
expect_resident "$before" 20000000
stop "$server"
expect_text "$SCRATCH/serve.out" 'leaked by "*": 19.1 MiB'
