#!/bin/bash
# SPDX-License-Identifier: MIT
# What the doctor says to type mends what it found: in a network namespace, where nobody else is.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/namespaces.sh

make_space
record=$SCRATCH/doctor.json

# look: judges the namespace as it is now.
look() {
	run in_space "$space" "$RINGLOAD" doctor --quick --json "$record"
	expect_status 0
}

# state_of KEY
state_of() {
	json "$record" ".checks[] | select(.key == \"$1\") | .state"
}

# What only the machine's own namespace has is not there to be spoilt.
keys=()
spoil() {
	in_space "$space" sh -c "echo '$3' >/proc/sys/net/$2" 2>/dev/null && keys+=("$1")
}
spoil tcp.ports ipv4/ip_local_port_range '32768 60999'
spoil tcp.tw_reuse ipv4/tcp_tw_reuse 0
spoil tcp.somaxconn core/somaxconn 128
spoil tcp.syn_backlog ipv4/tcp_syncookies 2
spoil tcp.congestion ipv4/tcp_congestion_control bbr
spoil tcp.slow_start ipv4/tcp_slow_start_after_idle 1
[ ${#keys[@]} -ge 4 ] || fail "only ${#keys[@]} settings can be changed here: ${keys[*]}"

look
for key in "${keys[@]}"; do
	expect_equal "state of $key when it was spoilt" "$(state_of "$key")" limited
	mend=$(json "$record" ".checks[] | select(.key == \"$key\") | .mend")
	in_space "$space" bash -c "${mend//sudo /}" >"$SCRATCH/mended" 2>&1 ||
		fail "$key is not mended by: $mend" "$SCRATCH/mended"
done
look
for key in "${keys[@]}"; do
	expect_equal "state of $key when it was mended" "$(state_of "$key")" ok
done
