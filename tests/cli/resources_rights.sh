#!/bin/bash
# SPDX-License-Identifier: MIT
# Without rights: one's own server is read like any, another user's as far as it may be.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/resources.sh

chmod 755 "$SCRATCH"
mkdir "$SCRATCH/nobody"
chown 65534:65534 "$SCRATCH/nobody"
record=$SCRATCH/nobody/record.json
cp "$RINGLOAD" "$SERVERS/resources_server" "$SCRATCH"
chmod 755 "$SCRATCH/ringload" "$SCRATCH/resources_server"
nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all)
SERVERS=$SCRATCH
run "${nobody[@]}" "$SCRATCH/ringload" --version
[ "$status" = 0 ] || fail 'nobody may not run the program' "$SCRATCH/err"

# load_as_nobody OPTION...
load_as_nobody() {
	rm -f "$record"
	run "${nobody[@]}" "$SCRATCH/ringload" run --quiet --probe off --json "$record" "$@"
	expect_measured "$*"
}

: >"$SCRATCH/own.out"
start "${nobody[@]}" "$SCRATCH/resources_server" --spin 500 >"$SCRATCH/own.out" 2>"$SCRATCH/own.err"
wait_for 20 grep -q '^listening on ' "$SCRATCH/own.out" || fail 'the server does not listen' "$SCRATCH/own.err"
load_as_nobody -r 200 -c 2 -d 2s "$(sed 's/^listening on //' "$SCRATCH/own.out")/"
expect_read
expect_resources 'counted("cpu_ns") > completed * 500e3 * 0.8 - 20e6 and level("open_files").max > 3'
expect_resources '.resources.not_measured | has("disk_written_bytes") or has("voluntary_switches") | not'

# Root's: which process it is cannot be seen, but it can be named.
resources_serve --spin 500
load_as_nobody -r 200 -c 2 -d 2s "$url/"
expect_resources '.resources.status == "not_measured"'
expect_resources '.resources.reason | contains("run as root") and contains("--observe-pid")'
load_as_nobody -r 200 -c 2 -d 2s --observe-pid "$server" "$url/"
expect_read
expect_resources 'counted("cpu_ns") > completed * 500e3 * 0.8 - 20e6'
expect_resources '.resources.not_measured | .disk_written_bytes | contains("another user")'
