#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # jq has variables too
# Memory that is never given back, open files near their limit, bytes written to disk.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/resources.sh

# 256 KiB for each request. The course shows it; a line through three seconds would be noise.
resources_serve --leak 262144
load -r 100 -c 2 -d 3s "$url/"
expect_read
expect_resources 'window | (.[-1].resources.rss_bytes - .[0].resources.rss_bytes) as $grown
	| (.[1:] | map(.completed) | add) as $requests
	| $grown >= ($requests - 4) * 262144 * 0.98 and $grown <= ($requests + 4) * 262144 * 1.1 + 1048576'
expect_resources 'counted("minor_faults") >= completed * 40'
expect_resources '.resources.memory_growth == null and (.resources.not_measured.memory_growth | contains("too short"))'
expect_no_text "$SCRATCH/out" 'an hour'
stop "$server"

# 500 files of 560.
(
	ulimit -n 560
	exec "$SERVERS/resources_server" --files 500
) >"$SCRATCH/files.out" 2>"$SCRATCH/files.err" </dev/null &
server=$!
started+=("$server")
wait_for 20 grep -q '^listening on ' "$SCRATCH/files.out" || fail 'the server does not listen' "$SCRATCH/files.err"
attempt -r 100 -c 8 -d 2s --threshold 'target_files_max<500' "$(sed 's/^listening on //' "$SCRATCH/files.out")/"
expect_accounted
expect_read
expect_resources 'level("open_files").max >= 512 and level("open_files").max < 530 and limits.open_files == 560'
expect_resources 'level("open_files_share").max > 0.9 and .thresholds[0].state == "fail" and .thresholds[0].value >= 512'
expect_text "$SCRATCH/out" 'of its limit of 560 files open'
stop "$server"

# Whole pages, so that each dirties its own; where the folder is not on a disk nothing is counted.
resources_serve --write "8192:$SCRATCH/written"
load -r 200 -c 2 -d 2s "$url/"
expect_read
if [ "$(stat -f -c %T "$SCRATCH")" = tmpfs ]; then
	expect_resources 'counted("disk_written_bytes") == 0'
else
	expect_resources 'counted("disk_written_bytes") | . >= (completed - 4) * 8192 * 0.8 and . <= (completed + 4) * 8192 * 1.5'
fi
