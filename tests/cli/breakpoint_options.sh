#!/bin/bash
# SPDX-License-Identifier: MIT
# What makes no sense of a search is refused before anything is sent; what would be done can be asked.
source tests/assert.sh

# refused SENTENCE ARGUMENT...: exit 2 with exactly this line.
refused() {
	local sentence=$1

	shift
	run "$RINGLOAD" breakpoint "$@" http://127.0.0.1:9/
	expect_status 2
	expect_equal "message of \"$*\"" "$(cat "$SCRATCH/err")" "ringload: $sentence"
	expect_equal "output of \"$*\"" "$(cat "$SCRATCH/out")" ''
}

refused 'unknown option "--rate": the search chooses the rates, see --first, --highest and --ladder' --rate 5k
refused 'unknown option "-d": the search chooses how long a trial is, see --budget and --trial' -d 5s
refused '--precision: "2" is ambiguous, write a share as 1% or 0.01' --precision 2
refused '--ladder: "1k" is not above the rate before it: expected rates that rise, as in 1k,2k,5k' --ladder 2k,1k
refused '--ladder: "stpes" is not a ladder: did you mean steps?' --ladder stpes
refused '--highest: a ladder has its own loads and lengths: leave one out' --ladder stress --highest 5k
refused '--step-duration: only a ladder has steps: give --ladder too, or --trial for a search' \
	--step-duration 5s
refused '--timeout 2s: requests would be given up before "p99<3s" could be judged: ask for a --timeout above 3s' \
	--threshold 'p99<3s'
refused '--timeout 500ms: requests would be given up before "p99<500ms" could be judged: ask for a --timeout above 500ms' \
	--timeout 500ms
refused '--json: --dry-run measures nothing that could be written: leave one out' --dry-run --json -
refused "--svg: cannot write \"$SCRATCH/none/x.svg\": No such file or directory: make the folder \"$SCRATCH/none\", or name a file elsewhere" --svg "$SCRATCH/none/x.svg"
refused '-c 1 is less than -t 2: every worker needs a connection of its own; ask for at least -c 2 or for fewer workers' \
	-c1 -t2

refused '--budget 5s leaves no time for the first trial: ask for more of it, or for shorter trials' \
	--dry-run --budget 5s --trial 5s
refused '--budget 5s leaves no time for the first trial: ask for more of it, or for shorter trials' \
	-q --budget 5s --trial 4900ms
refused '--budget "20s" is too short for a ladder of 1 step of 20s, which take up to 22s with what lies between them: ask for --budget 22s, or for a shorter --step-duration' \
	--budget 20s --ladder 500 --threshold 'p99<1s'
refused '--trial "200ms" is too short to see whether the server keeps up: at least 250ms are needed' --trial 200ms
refused '--step-duration "100ms" is too short to see whether the server keeps up: at least 250ms are needed' \
	--ladder stress --step-duration 100ms

refused '--budget: "1s" is too small: expected 5s to 1d' --budget 1s
refused '--first "1,000" is not between --lowest "5,000" and --highest "1,000,000": change one of them' \
	--first 1k --lowest 5k

# A load that its objectives cannot be told of.
refused '--highest "5" is too low to tell "error_rate<1%" within --budget "30s": that takes at least 300 requests in each trial: ask for --budget 6m18s, or for an objective that is told sooner' \
	--threshold 'error_rate<1%' --probe off --highest 5 --budget 30s

# What would be done.
run "$RINGLOAD" breakpoint --dry-run --first 100 --highest 800 --budget 30s http://127.0.0.1:9/
expect_status 0
expect_equal 'diagnostics' "$(cat "$SCRATCH/err")" ''
expect_text "$SCRATCH/out" '/s and 800/s, until the interval is at most'
expect_text "$SCRATCH/out" 'p95<200ms, p99<500ms'
expect_text "$SCRATCH/out" 'the usual objectives, as no'
expect_text "$SCRATCH/out" 'if all passed, each after its warm-up: 100/s for '
expect_text "$SCRATCH/out" '800 requests/s, constant arrivals, over 64 connections'
# A breach can last no longer than the trials.
run "$RINGLOAD" breakpoint --dry-run --probe off --budget 36s --abort-on-breach http://127.0.0.1:9/
expect_status 0
expect_text "$SCRATCH/out" 'Warning      --abort-on-breach 5s ends no trial: the longest are 2.00 s: '
run "$RINGLOAD" breakpoint --dry-run --probe off --budget 36s --abort-on-breach 1s http://127.0.0.1:9/
expect_status 0
expect_no_text "$SCRATCH/out" 'ends no trial'
# Bounds that were not typed follow those that were.
run "$RINGLOAD" breakpoint --dry-run --threshold 'error_rate<50%' --highest 5 --budget 30s http://127.0.0.1:9/
expect_status 0
expect_text "$SCRATCH/out" 'from 5 requests/s on, between 5/s and 5/s'
run "$RINGLOAD" breakpoint --dry-run --ladder stress --step-duration 3s --threshold 'p50<1s' http://127.0.0.1:9/
expect_status 0
expect_text "$SCRATCH/out" 'a ladder of 3 loads'
expect_text "$SCRATCH/out" 'Judged by    p50<1s'
expect_text "$SCRATCH/out" '1,000/s for '
expect_text "$SCRATCH/out" '10,000 requests/s, constant arrivals'
# A ladder gets the time that its steps need.
run "$RINGLOAD" breakpoint --dry-run --ladder "$(seq -s, 100 100 2000)" http://127.0.0.1:9/
expect_status 0
expect_text "$SCRATCH/out" 'within about 7m53s'
tr -s ' \n' ' ' <"$SCRATCH/out" >"$SCRATCH/line"
expect_text "$SCRATCH/line" '1,900/s for 20.0 s, 2,000/s for 20.0 s'
