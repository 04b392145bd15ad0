# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # a script that is written; shared with the tests
# SPDX-License-Identifier: MIT
#
# Network namespaces of a test's own; source it after tests/assert.sh and tests/serving.sh. A
# namespace lives as long as the process that holds it; nothing has a name outside of it.
[ "$(id -u)" = 0 ] || skip 'network namespaces need root'

elsewhere() {
	[ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

# make_space: one with nothing but loopback, which is up; its holder's process id is in `space`. It
# has a mount namespace as well, so that a file can be another one inside.
make_space() {
	start unshare --net --mount sleep 600
	space=$pid
	wait_for 5 elsewhere "$space" || fail 'no network namespace'
	in_space "$space" ip link set lo up
}

# in_space SPACE COMMAND...
in_space() {
	local holder=$1

	shift
	nsenter --target "$holder" --net --mount --wd="$PWD" "$@"
}

# name_hosts SPACE LINE...: what /etc/hosts holds inside.
name_hosts() {
	local holder=$1

	shift
	printf '%s\n' "$@" >"$SCRATCH/hosts.$holder"
	in_space "$holder" mount --bind "$SCRATCH/hosts.$holder" /etc/hosts || fail 'no /etc/hosts of its own'
}

# join_spaces LEFT RIGHT: a cable between them, "near" on the left and "far" on the right, with the
# addresses 10.99.0.1 and .2, fd99::1 and ::2, and fe80::1 and ::2.
join_spaces() {
	local each holder device number

	ip link add near netns "$1" type veth peer name far netns "$2" || fail 'no cable'
	for each in "$1 near 1" "$2 far 2"; do
		read -r holder device number <<<"$each"
		in_space "$holder" ip link set "$device" addrgenmode none
		in_space "$holder" ip addr add "10.99.0.$number/24" dev "$device"
		in_space "$holder" ip addr add "fd99::$number/64" dev "$device" nodad
		in_space "$holder" ip addr add "fe80::$number/64" dev "$device" nodad
		in_space "$holder" ip link set "$device" up
	done
}

# serve_inside SPACE OPTION...: as `serve`, inside.
serve_inside() {
	local holder=$1

	shift
	: >"$SCRATCH/serve.out"
	start nsenter --target "$holder" --net --mount --wd="$PWD" "$RINGLOAD" serve "$@" \
		>"$SCRATCH/serve.out" 2>"$SCRATCH/serve.err"
	server=$pid
	wait_for 20 grep -q '^listening on http' "$SCRATCH/serve.out" ||
		fail 'the target does not listen inside' "$SCRATCH/serve.out" "$SCRATCH/serve.err"
}

# run_inside SPACE: from here on $RINGLOAD runs there, in `load` and `attempt` as well.
run_inside() {
	printf '#!/bin/bash\nexec nsenter --target %s --net --mount --wd="$PWD" "%s" "$@"\n' "$1" "$RINGLOAD" \
		>"$SCRATCH/inside"
	chmod +x "$SCRATCH/inside"
	RINGLOAD=$SCRATCH/inside
}
