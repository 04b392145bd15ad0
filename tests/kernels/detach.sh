#!/bin/bash
# SPDX-License-Identifier: MIT
# Killed without a chance to clean up, the probe leaves nothing attached.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh

# Programs and maps of the kernel, as their names.
objects() {
	bpftool prog show | sed -n 's/.* name \([^ ]*\) .*/program \1/p'
	bpftool map show | sed -n 's/.* name \([^ ]*\) .*/map \1/p'
}
# More than the one that is tried before all of them are loaded.
attached() {
	[ "$(objects | grep -cE '^program (birth|arrival|read|send|schedule)_')" = 5 ]
}
none_left() {
	[ -z "$(objects)" ]
}

none_left || fail "there are BPF objects before: $(objects | tr '\n' ' ')"
serve --seed 1
start "$RINGLOAD" probe --quiet --port "$port" --sample 1/1 >"$SCRATCH/probe.out" 2>"$SCRATCH/probe.err"
prober=$pid
wait_for 20 attached || fail 'the probe attached nothing' "$SCRATCH/probe.out" "$SCRATCH/probe.err"
load -n 100 -c 2 "$url/"
attached || fail 'the probe lost its programs' "$SCRATCH/probe.err"
kill -KILL "$prober"
wait "$prober" 2>/dev/null
wait_for 20 none_left || fail "left in the kernel: $(objects | tr '\n' ' ')"

# A run with a probe is the same.
start "$RINGLOAD" run --quiet --probe require --probe-sample 1/1 -c 2 -d 30s "$url/" >"$SCRATCH/run.out" 2>&1
run=$pid
wait_for 20 attached || fail 'the run attached nothing' "$SCRATCH/run.out"
kill -KILL "$run"
wait "$run" 2>/dev/null
wait_for 20 none_left || fail "left in the kernel: $(objects | tr '\n' ' ')"
