#!/bin/bash
# SPDX-License-Identifier: MIT
# IPv6 across a cable between two namespaces: global and link-local addresses, the latter with their
# interface, which is missing, wrong, or written in either way.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/namespaces.sh

[ -e /proc/net/if_inet6 ] || skip 'there is no IPv6 here'

make_space
left=$space
make_space
right=$space
join_spaces "$left" "$right"
serve_inside "$right" -a :: -p 8000
# And one that listens on nothing but its link-local address.
serve_inside "$right" -a 'fe80::2%far' -p 8002
expect_text "$SCRATCH/serve.out" 'listening on http://[fe80::2%far]:8002'
run_inside "$left"

served=0
# reached ADDRESS OPTION... URL: every request of a load arrives, at this address.
reached() {
	local address=$1

	shift
	load -n 200 -c 4 "$@"
	expect_all_answered 200 200
	expect_record ".target.addresses[0].address == \"$address\" and .connections.established == 4"
	served=$((served + 200))
	expect_equal 'requests of the target' \
		"$(nsenter --target "$right" --net curl -gsS --max-time 10 'http://[::1]:8000/__stats' | jq .requests)" "$served"
}
reached '[fd99::2]:8000' 'http://[fd99::2]:8000/'
for zone in %25near %near; do
	reached '[fe80::2%near]:8000' "http://[fe80::2$zone]:8000/"
	reached '[fe80::2%near]:8000' --connect-to "[fe80::2$zone]:8000" http://10.99.0.2:9/
done
index=$(in_space "$left" ip -o link show near | cut -d: -f1)
reached '[fe80::2%near]:8000' "http://[fe80::2%25$index]:8000/"

load -n 200 -c 4 'http://[fe80::2%25near]:8002/'
expect_all_answered 200 200
run "$RINGLOAD" run --quiet 'http://[fd99::2]:8002/'
expect_status 5

# The zone is this machine's own affair.
run "$RINGLOAD" run --dry-run 'http://[fe80::2%25near]:8000/'
expect_status 0
expect_text "$SCRATCH/out" 'Host: [fe80::2]:8000'

# refused STATUS URL MESSAGE
refused() {
	run "$RINGLOAD" run --quiet -n 1 -c 1 "$2"
	expect_status "$1"
	expect_equal 'message' "$(cat "$SCRATCH/err")" "ringload: $3"
}
refused 2 'http://[fe80::2]:8000/' 'IPv6 address "fe80::2" is link-local: name the interface it is on, as in "[fe80::1%25eth0]"; this machine has near'
refused 3 'http://[fe80::2%25far]:8000/' 'IPv6 address "fe80::2%far" is on an interface that does not exist here; this machine has near'
refused 2 'http://[fd99::2%25near]:8000/' 'IPv6 address "fd99::2%near" has an interface, which only link-local ones (fe80::/10) need: leave "%near" out'
refused 5 'http://[fe80::2%25near]:8001/' 'cannot connect to [fe80::2%near]:8001: Connection refused'
