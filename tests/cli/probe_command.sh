#!/bin/bash
# SPDX-License-Identifier: MIT
# test-timeout: 120
# `ringload probe`: attribution of load that something else drives.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/kernel.sh

serve --route '/spin service=fixed:200us by=spin'
probed=$SCRATCH/probed.json

# Load from elsewhere, as long as the test takes; without a probe of its own.
start "$RINGLOAD" run -q --probe off -r 500 -d 100s --timeout 1s -c 8 "$url/spin" >/dev/null
is_served() {
	[ "$(stats .responses)" -gt 10 ]
}
wait_for 20 is_served || fail 'no load'

# Beside a load: text, and the record.
run "$RINGLOAD" probe --port "$port" --duration 1s --sample 1/1 --json "$probed"
expect_status 0
expect_json "$probed" '.schema == "ringload.probe/1" and .complete and .command[0:2] == ["ringload", "probe"]'
expect_json "$probed" '.window | .interrupted == false and .planned_s == 1 and .duration_s >= 1 and .duration_s < 1.5'
expect_json "$probed" '.environment.cpus >= 1 and (.started_at | test("^20[0-9-]*T[0-9:]*Z$"))'
expect_kernel '.status == "measured" and .requests > 400 and .requests < 650' "$probed"
# The connections were there before.
expect_kernel '.counters.seeded >= 8' "$probed"
expect_kernel '.stages[] | select(.name == "app_cpu") | .mean_ns > 190000' "$probed"
# Only a client could know these.
expect_kernel '.residual_ns == null and .sampled_fraction == null' "$probed"
expect_text "$SCRATCH/out" 'where the time went'
# What the server used meanwhile, as a run tells it; 500 x 200 us a second keep a tenth of a CPU busy.
resources() {
	expect_json "$probed" ".resources | $1"
}
resources '.status == "measured" and .seconds > 0.9 and .seconds < 1.5'
resources ".processes[0].pid == $server and .processes[0].began == false"
resources '.cpu.mean > 0.05 and .cpu.mean < 0.5 and .counters.cpu_ns.count > 50000000'
resources '.levels | .rss_bytes.mean > 1000000 and .threads.mean >= 1'
# The target keeps its connections in a table of its ring, where no file is counted.
files=("/proc/$server/fd/"*)
resources ".levels.open_files.mean == ${#files[@]}"
expect_text "$SCRATCH/out" "the server's resources"
expect_text "$SCRATCH/out" "(process $server)"
expect_equal 'diagnostics' "$(cat "$SCRATCH/err")" ''

# The record alone, over two ports, one of which is silent: it is told of.
run "$RINGLOAD" probe -p "$port,1" -d 500ms --json -
expect_status 0
expect_equal 'JSON texts on standard output' "$(jq -c . "$SCRATCH/out" | wc -l)" 1
expect_json "$SCRATCH/out" ".kernel.ports == [$port, 1] and .kernel.sample == 8"
expect_text "$SCRATCH/err" 'no process of this machine listens on port 1 when the window begins'

# Ctrl-C is the usual end of one without a duration, and cuts one with.
for duration in '' '--duration 60s'; do
	# shellcheck disable=SC2086 # two words or none
	start "$RINGLOAD" probe -p "$port" --sample 1 $duration --json "$probed" \
		>"$SCRATCH/out" 2>"$SCRATCH/err"
	prober=$pid
	wait_for 20 holds_programs "$prober" || fail 'the probe did not begin' "$SCRATCH/err"
	sleep 1.5
	kill -INT "$prober"
	wait "$prober"
	status=$?
	expect_status "$([ "$duration" ] && echo 130 || echo 0)"
	expect_json "$probed" ".window.interrupted == $([ "$duration" ] && echo true || echo false)"
	expect_kernel '.requests > 100' "$probed"
	resources '.seconds > 1 and .cpu.mean > 0'
	expect_text "$SCRATCH/out" 'where the time went'
done

# Two at once see the same, each with its own sampling.
start "$RINGLOAD" probe -q -p "$port" -d 2s --sample 1 --json "$SCRATCH/one.json" >/dev/null 2>"$SCRATCH/err"
one=$pid
start "$RINGLOAD" probe -q -p "$port" -d 2s --sample 1/4 --json "$SCRATCH/two.json" >/dev/null 2>"$SCRATCH/err"
two=$pid
wait "$one" || fail 'the first of two failed' "$SCRATCH/err"
wait "$two" || fail 'the second of two failed' "$SCRATCH/err"
expect_kernel '.requests > 850 and .requests < 1200' "$SCRATCH/one.json"
expect_kernel '.requests > 50 and .requests < 600 and .sample == 4' "$SCRATCH/two.json"
for each in one two; do
	expect_kernel '.stages[] | select(.name == "app_cpu") | .mean_ns > 190000' "$SCRATCH/$each.json"
done

# The filters: a process that is not the server, the server's.
run "$RINGLOAD" probe -p "$port" -d 1s --pid $$ --json "$probed"
expect_kernel '.status == "not_measured" or .requests == 0' "$probed"
resources "any(.processes[]; .pid == $$)"
run "$RINGLOAD" probe -p "$port" -d 1s --sample 1 --pid "$server" --netns /proc/self/ns/net --json "$probed" \
	--observe-pid $$
expect_status 0
resources "any(.processes[]; .pid == $$)"
expect_kernel '.requests > 300' "$probed"

# A port where nobody listens: told at once, and found to be so at the end.
run "$RINGLOAD" probe -p 1 -d 200ms --json "$probed"
expect_status 5
resources '.status == "not_measured" and (.reason | contains("listens on port 1:"))'
expect_text "$SCRATCH/err" 'no process of this machine listens on port 1 when the window begins'
expect_kernel '.status == "not_measured" and (.reason | length > 0)' "$probed"
# Not a word of it with -q but the one that explains the exit code.
run "$RINGLOAD" probe -q -p 1 -d 200ms
expect_status 5
expect_equal 'lines of diagnostics' "$(wc -l <"$SCRATCH/err")" 1

# The live line, on a terminal and nowhere else.
TERM=xterm script --quiet --return --log-out "$SCRATCH/shown" \
	--command "'$RINGLOAD' probe -p $port --sample 1 -d 2500ms >$SCRATCH/out" >/dev/null </dev/null
expect_text "$SCRATCH/shown" 'requests/s'
expect_text "$SCRATCH/shown" 's left'
expect_no_text "$SCRATCH/out" $'\r'
