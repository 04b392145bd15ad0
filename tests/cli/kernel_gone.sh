#!/bin/bash
# SPDX-License-Identifier: MIT
# Nothing stays in the kernel, however a run or a probe ends.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/kernel.sh

serve --seed 1
pinned=$(find /sys/fs/bpf 2>/dev/null | sort)

# has_programs COUNT: the runner holds so many; which, is in ids.
has_programs() {
	mapfile -t ids < <(programs_of "$runner")
	[ ${#ids[@]} -ge "$1" ]
}

# ends SIGNAL COMMAND...: a command that is ended so while its programs are loaded, and they go.
ends() {
	local signal=$1

	shift
	start "$RINGLOAD" "$@" >"$SCRATCH/out" 2>"$SCRATCH/err"
	runner=$pid
	wait_for 20 has_programs 5 || fail "no programs are loaded by: $*" "$SCRATCH/err"
	for id in "${ids[@]}"; do
		bpftool prog show id "$id" >/dev/null || fail "program $id is not listed"
	done
	kill "-$signal" "$runner"
	wait "$runner" 2>/dev/null
	expect_gone "${ids[@]}"
}

for signal in KILL INT; do
	ends $signal run -q --probe require -r 100 -d 30s -c 4 --profile "$SCRATCH/p" --json "$record" "$url/"
	ends $signal probe -q -p "$port" -d 30s --profile "$SCRATCH/p"
done
# Killed before it has begun, between two programs.
start "$RINGLOAD" run -q --probe require -r 100 -d 30s -c 4 "$url/" >"$SCRATCH/out" 2>"$SCRATCH/err"
runner=$pid
wait_for 20 has_programs 1 || fail 'no program is loaded' "$SCRATCH/err"
kill -KILL "$runner"
wait "$runner" 2>/dev/null
expect_gone "${ids[@]}"

expect_equal 'pinned objects' "$(find /sys/fs/bpf 2>/dev/null | sort)" "$pinned"
