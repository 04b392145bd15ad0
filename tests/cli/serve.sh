#!/bin/bash
# SPDX-License-Identifier: MIT
# The embedded target as a command: where it listens, what it says, how it ends, what it refuses.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh

# refused CODE SENTENCE ARGUMENT...
refused() {
	local code=$1 sentence=$2

	shift 2
	run "$RINGLOAD" serve "$@"
	expect_status "$code"
	expect_equal "message of \"$*\"" "$(cat "$SCRATCH/err")" "ringload: $sentence"
}

# Any free port, several addresses; a summary when it is told to end, and exit code 0.
serve --seed 1 --address 127.0.0.1 --address 127.0.0.2 --workers 2
expect_equal 'lines' "$(grep -c '^listening on http://127.0.0.[12]:[0-9]*$' "$SCRATCH/serve.out")" 2
load -n 100 -c 4 "$url/"
load -n 50 -c 2 "$(sed -n '2s/^listening on //p' "$SCRATCH/serve.out")/"
expect_equal 'requests' "$(stats .requests)" 150
expect_equal 'workers' "$(stats .workers)" 2
kill -INT "$server"
wait "$server"
expect_equal 'exit code after SIGINT' $? 0
expect_text "$SCRATCH/serve.out" 'served 150 requests over '
expect_text "$SCRATCH/serve.out" 'residence p50 '

# It ends although connections are open.
serve --seed 1
start "$RINGLOAD" run -q -r 100 -d 30s --timeout 200ms --json "$record" "$url/" >"$SCRATCH/out" 2>"$SCRATCH/err"
runner=$pid
served() {
	[ "$(stats .responses)" -gt 5 ]
}
wait_for 20 served || fail 'the load did not begin' "$SCRATCH/err"
SECONDS=0
stop "$server"
[ $SECONDS -le 5 ] || fail "the target took $SECONDS s to end"
kill -INT "$runner"
wait "$runner"
expect_accounted

# A port that is taken.
serve --seed 1
refused 3 "cannot listen on \"127.0.0.1:$port\": Address already in use" --port "$port"

# Routes: from the command line and from a file, and where they are wrong.
printf '# two\n/a status=201\n/b status=202   # with a comment\n' >"$SCRATCH/routes"
serve --routes "$SCRATCH/routes" --route '/c* status=203'
for pair in a:201 b:202 c:203 cd:203 d:200; do
	status=$(curl -gs -o "$SCRATCH/body" -w '%{http_code}' "$url/${pair%:*}")
	expect_equal "status of /${pair%:*}" "$status" "${pair#*:}"
done
echo '/a service=soon' >"$SCRATCH/wrong"
run "$RINGLOAD" serve --routes "$SCRATCH/wrong"
expect_status 2
grep -q "^ringload: $SCRATCH/wrong:1:[0-9]*: " "$SCRATCH/err" || fail 'no place in the message' "$SCRATCH/err"
run "$RINGLOAD" serve --route '/a sice=5'
expect_status 2
grep -q "^ringload: --route:4: .*size" "$SCRATCH/err" || fail 'no place or nearest key' "$SCRATCH/err"

# Options.
refused 2 '--port: "65536" is too large: write 0 to 65535' --port 65536
refused 2 '--workers: "0" is too small: write 1 to 256' --workers 0
refused 2 '--cpus: "a" is not a list of CPUs: expected as in 0-3,8' --cpus a
refused 2 '"x" is one argument too many: expected ringload serve [OPTION]...' x
