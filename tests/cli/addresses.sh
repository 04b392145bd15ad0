#!/bin/bash
# SPDX-License-Identifier: MIT
# IPv6, in every form it is written.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh

grep -qs ' lo$' /proc/net/if_inet6 || skip 'loopback has no IPv6 address'

serve --address ::1
for host in '[::1]' '[0:0:0:0:0:0:0:1]'; do
	load -n 100 -c 4 "http://$host:$port/"
	expect_record ".requests.completed == 100 and .target.addresses[0].address == \"[::1]:$port\""
done
load -n 10 -c 1 --connect-to "[::1]:$port" http://127.0.0.1:9/
stop "$server"
run "$RINGLOAD" run "http://[::1]:$port/"
expect_status 5
expect_equal 'message' "$(cat "$SCRATCH/err")" "ringload: cannot connect to [::1]:$port: Connection refused"
