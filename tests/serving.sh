# shellcheck shell=bash disable=SC2034,SC2016 # used by the tests; jq has variables too
# SPDX-License-Identifier: MIT
#
# An embedded target to drive load against, and the end of everything that was started. Source it
# after tests/assert.sh and tests/load.sh.
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

# stop PID: ends it softly, though it may be stopped, and waits for it.
stop() {
	kill -TERM "$1" 2>/dev/null
	kill -CONT "$1" 2>/dev/null
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
