#!/bin/bash
# SPDX-License-Identifier: MIT
# The CPU time of a server that uses 200 µs of it for each request, by itself or in a child for each.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/resources.sh

# 1,000 requests a second of 200 µs: a fifth of a CPU. The machine may be too busy for all of them, so
# it is the time for each that is bounded; from above generously, as it also has to be received and
# sent. The kernel counts in ticks of 10 ms.
resources_serve --spin 200
load -r 1000 -c 8 -d 3s -w 500ms --threshold 'target_cpu<100.5%' --threshold 'warn:target_cpu<1%' \
	--threshold 'target_memory_max<512M' --threshold 'target_memory_growth<1M' "$url/"
expect_read
expect_resources 'counted("cpu_ns") | . >= completed * 200e3 * 0.9 - 20e6 and . <= completed * 500e3 + 50e6'
expect_resources '.resources.cpu | .mean > 0.05 and .mean <= .max and .max < 1.1 and .mean_share <= .mean'
# How it is divided into user and system is what the timer found running, so it is not bounded here: of
# a server that always begins its work just behind a tick, all of it can be one of them.
expect_resources 'counted("restarts") == 0'
expect_resources 'level("processes").max == 1 and level("threads").max == 1'
expect_resources '.resources.processes | length == 1 and .[0].pid == '"$server"' and .[0].name == "resources_serve"'
expect_resources '.resources.processes[0] | .began or .ended | not'
# Eight connections, the listening socket, the standard files.
expect_resources 'level("open_files").max >= 12 and level("open_files").max < 20'
expect_resources 'level("rss_bytes") | .mean > 65536 and .max < 64 * 1048576'
expect_resources '.resources.pss_bytes > 0 and .resources.pss_bytes <= level("rss_bytes").max'
expect_resources 'counted("voluntary_switches") > 0 and counted("loopback_bytes") > completed * 100'
expect_resources '[.thresholds[].state] == ["pass", "warn", "pass", "not_evaluated"]'
expect_resources '.thresholds[3].reason | contains("too short")'
expect_text "$SCRATCH/out" "the server's resources"
expect_text "$SCRATCH/out" "resources_serve (process $server): 1 process, 1 thread"
expect_no_text "$SCRATCH/out" 'attention'
stop "$server"

# In a child for each request, of which hardly any lives long enough to be seen: what the parent
# inherits is the server's. None of them is a restart.
resources_serve --spin 2000 --fork
load -r 100 -c 4 -d 3s "$url/"
expect_read
expect_resources 'counted("cpu_ns") | . >= completed * 2e6 * 0.8 - 20e6 and . <= completed * 6e6 + 50e6'
expect_resources 'counted("restarts") == 0 and counted("minor_faults") > completed'
stop "$server"

# Of a run without the kernel's side, and of another user's.
resources_serve
load -n 500 -c 4 --observe off "$url/"
expect_resources '.resources == {status: "not_measured", reason: "switched off by --observe off"}'
expect_resources '[.timeline[].resources] | unique == [null]'
expect_text "$SCRATCH/out" 'switched off by --observe off'

# What would be read is said before.
run "$RINGLOAD" run --dry-run --probe off "$url/"
expect_status 0
expect_text "$SCRATCH/out" "of process $server, once a second"
run "$RINGLOAD" run --dry-run --probe off --observe off "$url/"
expect_text "$SCRATCH/out" 'not measured: switched off by --observe off'

# Another process is named: the figures are its own.
start sleep 60
other=$pid
load -r 200 -c 2 -d 2s --observe-pid "$other" "$url/"
expect_read
expect_resources ".resources.processes | length == 1 and .[0].pid == $other and .[0].name == \"sleep\""
expect_resources 'counted("cpu_ns") == 0 and level("threads").max == 1'

for wrong in 4194303 0 x; do
	run "$RINGLOAD" run --observe-pid "$wrong" "$url/"
	expect_status 2
	expect_text "$SCRATCH/err" '--observe-pid'
done
run "$RINGLOAD" run --observe off --observe-pid "$other" "$url/"
expect_status 2
expect_text "$SCRATCH/err" '--observe off reads nothing of it'
