# shellcheck shell=bash disable=SC2034,SC2016 # used by the tests; jq has variables too
# SPDX-License-Identifier: MIT
#
# What the tests of the command line share beside assert.sh: an embedded target to drive load
# against, and the end of everything that was started. Source it after assert.sh.
#
# The tests must not leave a process behind however they end, so each process started in the
# background goes through `start`.
started=()

# start COMMAND...: in the background, without input; its id is in `pid`. A script's shell lets what
# it starts there ignore SIGINT, which is undone.
start() {
	env --default-signal=INT,QUIT "$@" </dev/null &
	pid=$!
	started+=("$pid")
}

# stop PID: ends it softly and waits for it.
stop() {
	kill -TERM "$1" 2>/dev/null
	wait "$1" 2>/dev/null
}

stop_all() {
	local each

	for each in "${started[@]}"; do
		stop "$each"
	done
}
trap stop_all EXIT
trap 'exit 143' TERM
trap 'exit 130' INT HUP

# serve OPTION...: an embedded target on a port that was free; its address is in `url` (without a
# path), its port in `port`, its process id in `server`.
serve() {
	: >"$SCRATCH/serve.out"
	start "$RINGLOAD" serve --port 0 "$@" >"$SCRATCH/serve.out" 2>"$SCRATCH/serve.err"
	server=$pid
	wait_for 20 grep -q '^listening on http://' "$SCRATCH/serve.out" ||
		fail 'the target does not listen' "$SCRATCH/serve.out" "$SCRATCH/serve.err"
	url=$(sed -n 's|^listening on \(http://[^ ]*[0-9]\)/*$|\1|p' "$SCRATCH/serve.out" | head -n 1)
	port=${url##*:}
}

# stats FILTER: what the target has counted so far.
stats() {
	curl -gsS --max-time 10 "$url/__stats" | jq -r "$1" ||
		fail 'the target tells no statistics' "$SCRATCH/serve.err"
}

# load ARGUMENT...: a run whose record is in $SCRATCH/record.json; see `run` of assert.sh.
load() {
	rm -f "$SCRATCH/record.json"
	run "$RINGLOAD" run --json "$SCRATCH/record.json" "$@"
}

# The value of a figure of that record.
record() {
	json "$SCRATCH/record.json" "$1"
}

expect_record() {
	expect_json "$SCRATCH/record.json" "$1"
}

# The last load was measured: exit code and verdict agree. A machine that is busy with other things
# may make a short or an open loop invalid, which says nothing about what was counted.
expect_measured() {
	case $(record .validity.verdict) in
	valid) expect_status 0 ;;
	too_short | generator_limited) expect_status 4 ;;
	*) fail "verdict $(record .validity.verdict)" "$SCRATCH/out" "$SCRATCH/err" ;;
	esac
	expect_record .complete
	expect_identity
}

# Both identities of docs/measurement.md hold, in the record of the last load.
expect_identity() {
	expect_record '.requests | (.dropped | add) as $dropped | (.failed | add) as $failed
		| .scheduled == .sent + $dropped + .unsent
		and .sent == .completed + $failed + .timed_out + .in_flight'
	expect_record '(.outcome | add) == .requests.completed and (.status | add // 0) == .requests.completed'
}
