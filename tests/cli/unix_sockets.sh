#!/bin/bash
# SPDX-License-Identifier: MIT
# Unix sockets: as a URL, as --connect-to, in the file system and abstract; what is no server there;
# and the embedded target's own socket file.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh

# A folder with what has to be encoded: a space, a per cent sign, a colon.
folder="$SCRATCH/a b%c:d"
mkdir "$folder"
socket=$folder/x.sock
abstract=ringload-test-$$

# serve_unix OPTION...: an embedded target that announced as many sockets as it was given.
serve_unix() {
	: >"$SCRATCH/serve.out"
	start "$RINGLOAD" serve "$@" >"$SCRATCH/serve.out" 2>"$SCRATCH/serve.err"
	server=$pid
	wait_for 20 grep -q '^listening on http+unix://' "$SCRATCH/serve.out" ||
		fail 'the target does not listen' "$SCRATCH/serve.out" "$SCRATCH/serve.err"
}
stats_unix() {
	curl -gsS --max-time 10 --unix-socket "$socket" http://localhost/__stats | jq -r "$1"
}
# expect_served COUNT: as many requests as the load's, and no more.
served=0
expect_served() {
	served=$((served + $1))
	expect_equal 'requests of the target' "$(stats_unix .requests)" "$served"
}

serve_unix --unix "$socket" --unix "@$abstract" --workers 2
expect_equal 'sockets announced' "$(grep -c '^listening on http+unix://' "$SCRATCH/serve.out")" 2
expect_no_text "$SCRATCH/serve.out" 'http://'
url=$(sed -n 's|^listening on \(http+unix://.*x.sock\)$|\1|p' "$SCRATCH/serve.out")
expect_text "$SCRATCH/serve.out" 'a%20b%25c%3Ad%2Fx.sock'

# The URL that was told; the Host header has no socket in it, unless the user says otherwise.
load -n 2000 -c 8 "$url/some/path"
expect_all_answered 2000 200
expect_record ".target.addresses == [{address: \"unix:$socket\", connections: 8} + (.target.addresses[0] | del(.address, .connections))]"
expect_record '.connections | .attempted == 8 and .established == 8 and .closed_by_peer == 0'
expect_record '.kernel.status == "not_measured"'
expect_served 2000
run "$RINGLOAD" run --dry-run "$url/some/path"
expect_status 0
expect_text "$SCRATCH/out" 'Host: localhost'
expect_text "$SCRATCH/out" "unix:$socket, 64 connections"
run "$RINGLOAD" run --dry-run -H 'Host: api.example' "$url/"
expect_text "$SCRATCH/out" 'Host: api.example'
expect_no_text "$SCRATCH/out" 'Host: localhost'

# An open loop, several workers, and bodies larger than a socket's buffer.
load -r 2000 -d 1s -c 16 -t 2 "$url/"
expect_all_answered 2000 200
expect_record ".resources | .status == \"measured\" and [.processes[].pid] == [$server]"
expect_served 2000
load -n 200 -c 4 --pipeline 4 "$url/"
expect_all_answered 200 200
expect_served 200
head -c 1000000 /dev/zero >"$SCRATCH/body"
load -n 100 -c 2 --body-file "$SCRATCH/body" "$url/"
expect_all_answered 100 200
expect_served 100

# --connect-to with an ordinary URL, whose Host stays.
load -n 100 -c 4 --connect-to "unix:$socket" http://api.example:81/
expect_record ".target.addresses[0].address == \"unix:$socket\""
expect_served 100
cd "$folder" || exit 1
for text in unix:./x.sock "unix://$socket"; do
	load -n 100 -c 4 --connect-to "$text" http://api.example:81/
	expect_served 100
done
cd "$ROOT" || exit 1
for text in "http+unix://@$abstract/" "http+unix://%00$abstract/"; do
	load -n 100 -c 4 "$text"
	expect_record ".target.addresses[0].address == \"unix:@$abstract\""
	expect_served 100
done
load -n 100 -c 4 --connect-to "unix:@$abstract" http://api.example/
expect_served 100

# The other way round, and what cannot be meant.
run "$RINGLOAD" run --connect-to :8080 "$url/"
expect_status 2
expect_text "$SCRATCH/err" '--connect-to: ":8080" has no host, and the URL'\''s unix socket is none: expected HOST:PORT'
run "$RINGLOAD" run "http+unix://%2F$(printf '%0200d' 0)/"
expect_status 2
expect_text "$SCRATCH/err" 'is too long: expected at most 107'
run "$RINGLOAD" run --source 127.0.0.1 "$url/"
expect_status 2
expect_text "$SCRATCH/err" "--source \"127.0.0.1\": the target is a unix socket, \"unix:$socket\","

# The kernel's side.
run "$RINGLOAD" run --quiet -n 100 -c 4 --json "$record" "$url/"
expect_measured 'probe auto'
expect_record '.kernel | .status == "not_measured" and (.reason | startswith("no TCP hooks: "))'
expect_text "$SCRATCH/out" 'not measured: no TCP hooks: '
served=$((served + 100))
run "$RINGLOAD" run --quiet --probe require -n 100 -c 4 "$url/"
expect_status 3
expect_text "$SCRATCH/err" '--probe require: no TCP hooks: '
expect_served 0

# A second server does not take the socket away.
run "$RINGLOAD" serve --unix "$socket"
expect_status 3
expect_text "$SCRATCH/err" 'a server listens there already'
run "$RINGLOAD" serve --unix "@$abstract"
expect_status 3
expect_text "$SCRATCH/err" 'Address already in use'
expect_served 0

# What does not answer.
stop "$server"
[ ! -e "$socket" ] || fail 'the socket of an ended target is still there'
# refused PATH REASON
refused() {
	run "$RINGLOAD" run --quiet --connect-to "unix:$1" http://localhost/
	expect_status 5
	expect_equal 'message' "$(cat "$SCRATCH/err")" "ringload: cannot connect to unix:$1: $2"
}
refused "$socket" 'No such file or directory'
refused "$folder" 'the file is no socket'
refused "@$abstract" 'Connection refused'
echo content >"$folder/file"
refused "$folder/file" 'the file is no socket'

# A server that was killed leaves its socket; the next one replaces it, but nothing else. What its ring
# still holds the kernel lets go of a moment later.
nobody_listens() {
	! awk '$4 == "00010000"' /proc/net/unix | grep -qF " $socket"
}
serve_unix --unix "$socket"
nobody_listens && fail 'it cannot be seen who listens'
kill -KILL "$server"
wait "$server" 2>/dev/null
[ -S "$socket" ] || fail 'a killed target took its socket with it'
wait_for 10 nobody_listens || fail 'the socket of a killed target still listens'
refused "$socket" 'Connection refused'
serve_unix --unix "$socket" --port 0
expect_text "$SCRATCH/serve.out" 'listening on http://127.0.0.1:'
load -n 100 -c 4 "$url/"
load -n 100 -c 4 "$(sed -n 's|^listening on \(http://.*\)|\1/|p' "$SCRATCH/serve.out")"
served=0
expect_served 200
# A file that came in its place is not removed with it.
mv "$socket" "$folder/moved"
echo content >"$socket"
stop "$server"
[ -f "$socket" ] || fail 'a target removed a file that was not its own'
run "$RINGLOAD" serve --unix "$folder/file"
expect_status 3
expect_text "$SCRATCH/err" 'the file is there and is no socket'
expect_equal 'content' "$(cat "$folder/file")" content
