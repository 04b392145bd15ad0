# shellcheck shell=bash disable=SC2034,SC2016,SC2154 # used by and from elsewhere; jq has variables too
# SPDX-License-Identifier: MIT
#
# A server that uses what it is told to (tests/servers/resources_server.c), and what was read of it.
# Source it after tests/assert.sh, tests/load.sh and tests/serving.sh.

# resources_serve OPTION...: sets url, port and server.
resources_serve() {
	: >"$SCRATCH/resources.out"
	start "$SERVERS/resources_server" "$@" >"$SCRATCH/resources.out" 2>"$SCRATCH/resources.err"
	server=$pid
	wait_for 20 grep -q '^listening on ' "$SCRATCH/resources.out" ||
		fail 'the server does not listen' "$SCRATCH/resources.out" "$SCRATCH/resources.err"
	url=$(sed -n 's/^listening on //p' "$SCRATCH/resources.out" | head -n 1)
	port=${url##*:}
}

# For the conditions below. What was used is read with the ticks of the timeline: the intervals of a
# phase are the time between its readings.
resources_words='. as $record
	| def counted($key): $record.resources.counters[$key].count;
	def level($key): $record.resources.levels[$key];
	def limits: $record.resources.limits;
	def course($key): [$record.timeline[] | .resources[$key]];
	def window: [$record.timeline[] | select(.phase == "measured")];
	def completed: window | map(.completed) | add;
'

# expect_resources CONDITION: else all that was read.
expect_resources() {
	jq -e "$resources_words $1" "$record" >/dev/null 2>"$SCRATCH/jq" && return
	jq -c '{window, requests, validity: .validity.verdict}, .resources,
		(.timeline[] | {t_s, phase, completed, resources})' "$record" >"$SCRATCH/read"
	fail "not so: $1" "$SCRATCH/jq" "$SCRATCH/read" "$SCRATCH/err"
}

# What holds of every server that was read for at least two seconds.
expect_read() {
	expect_resources '.resources.status == "measured" and .resources.seconds > 1.5'
	expect_resources 'window | map(.resources.cpu_ns) | add == counted("cpu_ns")'
	expect_resources 'window | map(.resources.rss_bytes) | max == level("rss_bytes").max'
	expect_resources 'counted("cpu_user_ns") + counted("cpu_system_ns") == counted("cpu_ns")'
	expect_resources '[.resources | (.counters, .levels, {pss_bytes, memory_growth}) | to_entries[]
		| select(.value == null) | .key] - (.resources.not_measured | keys) == []'
}
