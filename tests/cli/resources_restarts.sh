#!/bin/bash
# SPDX-License-Identifier: MIT
# A server that is killed under load and started again, by whoever supervises it or by its first
# process.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/resources.sh

# Kills with the load under way: soon after the file is there.
kill_later() {
	sleep "$1"
	kill -KILL "$2"
}

# One process, and a shell that starts another: it does not hold the socket, so it is none of the
# server.
cat >"$SCRATCH/supervise" <<'SCRIPT'
#!/bin/bash
# supervise PROGRAM PORT: its first port is any, and then the same.
trap 'kill "$child"; exit 0' TERM
"$1" --port "$2" --spin 100 &
child=$!
echo "$child" >"$3"
wait "$child"
"$1" --port "$2" --spin 100 &
child=$!
wait "$child"
SCRIPT
chmod 755 "$SCRATCH/supervise"
resources_serve
stop "$server"
start "$SCRATCH/supervise" "$SERVERS/resources_server" "$port" "$SCRATCH/first" >/dev/null 2>"$SCRATCH/supervise.err"
wait_for 20 curl -fsS "$url/" || fail 'the supervised server does not answer' "$SCRATCH/supervise.err"
first=$(cat "$SCRATCH/first")
kill_later 2.2 "$first" &
attempt -r 100 -c 2 -d 6s --timeout 2s --threshold 'target_restarts==0' "$url/"
wait $!
expect_accounted
expect_read
expect_resources 'counted("restarts") == 1 and counted("exited") == 1 and counted("started") == 1'
expect_resources '.thresholds[0].state == "fail" and .thresholds[0].value == 1'
expect_resources ".resources.processes | length == 2 and any(.[]; .pid == $first and .ended and (.began | not))
	and any(.[]; .pid != $first and .began and (.ended | not))"
# The time of both counts.
expect_resources 'counted("cpu_ns") > completed * 100e3 * 0.7 - 40e6'
expect_text "$SCRATCH/out" '1 process of the server ended and was replaced'
stop_all
started=()

# Workers, whose first process replaces them: found as its children.
resources_serve --workers 3
worker=$(pgrep -P "$server" | head -n 1)
kill_later 2.2 "$worker" &
attempt -r 100 -c 6 -d 5s --timeout 2s "$url/"
wait $!
expect_accounted
expect_read
expect_resources 'counted("restarts") == 1 and counted("exited") == 1 and level("processes").max == 4'
expect_resources ".resources.processes | length == 5 and any(.[]; .pid == $worker and .ended)"
