#!/bin/bash
# SPDX-License-Identifier: MIT
# Where reports go: text on standard output, the record in a file or alone on standard output, and
# --dry-run.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh

serve --seed 1

# The record alone.
run "$RINGLOAD" run -n 50 --json - "$url/"
expect_json "$SCRATCH/out" '.complete and .schema == "ringload.result/1" and .requests.completed == 50'
expect_equal 'JSON texts on standard output' "$(jq -c . "$SCRATCH/out" | wc -l)" 1
expect_json "$SCRATCH/out" '.command[0:4] == ["ringload", "run", "-n", "50"] and .tool.version != ""'

# A file is replaced as a whole and the report is printed.
echo old >"$record"
ln "$record" "$SCRATCH/old.json"
run "$RINGLOAD" run -n 50 --json "$record" "$url/"
[ -s "$SCRATCH/out" ] || fail 'no report'
expect_record '.complete'
expect_equal 'the old file' "$(cat "$SCRATCH/old.json")" old
expect_equal 'files beside the record' "$(find "$SCRATCH" -name '*record.json*' | wc -l)" 1

# A run that cannot begin leaves the file alone.
run "$RINGLOAD" run -n 50 --json "$SCRATCH/old.json" http://no-such-host.invalid/
expect_status 5
expect_equal 'the old file' "$(cat "$SCRATCH/old.json")" old

# What cannot be written is told; the report is there all the same.
run "$RINGLOAD" run -n 50 --json /dev/full "$url/"
expect_status 3
expect_text "$SCRATCH/err" 'No space left on device'
[ -s "$SCRATCH/out" ] || fail 'no report'
"$RINGLOAD" run -n 50 "$url/" >/dev/full 2>"$SCRATCH/err"
expect_equal 'exit code with a full disk' $? 3

# The plan in words: nothing is sent, no connection made.
accepted=$(stats '.connections.accepted - .connections.stats_only')
run "$RINGLOAD" run --dry-run -r 1k -d 3s -w 1s -t 2 -c 10 -H 'X-Test: 1' -b hello "$url/path?q=1"
expect_status 0
for text in "$url/path?q=1" "127.0.0.1:$port" 'POST /path?q=1 HTTP/1.1' 'X-Test: 1' 'Content-Length: 5' \
	'open loop, 1,000 requests/s' '3,000 measured' 'warm-up 1s' '0 on CPU' '1 on CPU' '5 connections' \
	'Memory' 'Open files'; do
	expect_text "$SCRATCH/out" "$text"
done
expect_no_text "$SCRATCH/out" Stamps
run "$RINGLOAD" run --dry-run --rx-timestamps http://127.0.0.1:9/
expect_text "$SCRATCH/out" "Stamps       of the arrival of responses"
expect_status 0
expect_equal 'connections of a dry run' "$(stats '.connections.accepted - .connections.stats_only')" "$accepted"
