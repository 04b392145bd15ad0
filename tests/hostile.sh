# shellcheck shell=bash disable=SC2034,SC2154 # used by the tests
# SPDX-License-Identifier: MIT
#
# Runs against a server that does one thing wrong (tests/servers/hostile.c), watched from outside:
# how much memory the client took, and when it ended. Source it after tests/assert.sh, tests/load.sh
# and tests/serving.sh.

# What is measured of a run lies in the client's memory from the start; a server may make it touch
# pages that a good one would not: buffers, histograms of failures. Sanitizers keep books.
case $VARIANT in
release | cover) most_growth_kb=4096 slower=1 ;;
asan) most_growth_kb=32768 slower=2 ;;
*) most_growth_kb=32768 slower=4 ;;
esac
timeout_ms=$((300 * slower))

# hostile MODE: such a server; its address is in `url`.
hostile() {
	[ -z "${hostile_pid:-}" ] || stop "$hostile_pid"
	: >"$SCRATCH/hostile.out"
	start "$SERVERS/hostile" "$1" >"$SCRATCH/hostile.out" 2>"$SCRATCH/hostile.err"
	hostile_pid=$pid
	wait_for 20 grep -q '^listening on ' "$SCRATCH/hostile.out" ||
		fail "no server: $1" "$SCRATCH/hostile.err"
	url=$(sed -n 's/^listening on //p' "$SCRATCH/hostile.out")
}

# did FIGURE: ends the server; what it counted.
did() {
	kill -TERM "$hostile_pid"
	wait_for 20 grep -q '^{' "$SCRATCH/hostile.out" || fail 'the server says nothing'
	sed -n '/^{/p' "$SCRATCH/hostile.out" | jq -r ".$1"
}

# The most memory the process had so far, in KiB, into peak_kb; stays when it is gone.
look_at_memory() {
	local name value rest

	while read -r name value rest; do
		[ "$name" != VmHWM: ] || peak_kb=$value
	done 2>/dev/null <"/proc/$1/status"
}

# Waits for the client, looking at its memory.
await_client() {
	while alive "$client"; do
		look_at_memory "$client"
		sleep 0.02
	done
	wait "$client"
	status=$?
	took_ms=$(($(date +%s%N) / 1000000 - began_ms))
}

# begin OPTION... URL: a run in the background; its process id is in `client`.
begin() {
	rm -f "$record"
	peak_kb=0
	began_ms=$(($(date +%s%N) / 1000000))
	start "$RINGLOAD" run --quiet --probe off --json "$record" "$@" \
		>"$SCRATCH/out" 2>"$SCRATCH/err"
	client=$pid
}

# face MODE OPTION...: a run against such a server that ends in bounded memory and time, with
# everything accounted for. The time is that of four timeouts and what a busy machine takes beside: the
# runs are of four requests a connection, or of as much time. Its exit is that of not one response,
# unless `answers` is set. The drain is longer than the timeout, so that what was sent last times out too
# and does not end as in flight; it ends with the last of them.
answers=''
face() {
	local mode=$1

	shift
	hostile "$mode"
	begin -t 1 --timeout "${timeout_ms}ms" --drain "$((timeout_ms + 500))ms" "$@" "$url/"
	await_client
	case $status/$answers in
	5/ | 0/yes | 4/yes) ;;
	*) fail "$mode: exit $status" "$SCRATCH/err" "$SCRATCH/out" ;;
	esac
	expect_accounted
	[ "$took_ms" -le $((4 * timeout_ms + 3000 * slower)) ] ||
		fail "$mode: it took $took_ms ms" "$SCRATCH/out"
	[ "$peak_kb" -gt 0 ] || fail "$mode: its memory was not seen"
	[ -z "${calm_kb:-}" ] || [ "$peak_kb" -le $((calm_kb + most_growth_kb)) ] ||
		fail "$mode: $peak_kb KiB of memory, $calm_kb with a good server"
}

# calm OPTION...: what the same run takes against a server that does nothing wrong.
calm() {
	answers=yes
	calm_kb=''
	face fine "$@"
	answers=''
	calm_kb=$peak_kb
}
