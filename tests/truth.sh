# shellcheck shell=bash disable=SC2034,SC2016,SC2154 # used by and from elsewhere; jq has variables too
# SPDX-License-Identifier: MIT
#
# A server that stamps its own requests (tests/servers/truth_*.c), a load on it with the probe, and the
# two views side by side. Source it after tests/assert.sh, tests/load.sh, tests/serving.sh and
# tests/kernel.sh.
#
# The server's stamps bound what the kernel can have seen (tests/servers/shared/stamps.h); the tests
# hold the probe's means to that. How close they come is measured by `make bench`.
truth_case=$SCRATCH/case.json

# What drives the load, given the words behind "--" of `compare`, and writes $record. And what goes on
# beside it: a command, given the server's process id, which ends by itself.
drive=drive_ringload
beside=
# What must hold of the server's log, else the machine was too busy for the case: a jq condition.
usable=true

drive_ringload() {
	load --probe-sample 1/1 "$@" "$url/"
}

# drive_client CONNECTIONS REQUESTS INTERVAL_US PAUSE_US: requests in two parts (truth_client), with
# `ringload probe` around them. What the client saw is in $SCRATCH/client.json.
drive_client() {
	local probe_pid

	rm -f "$record"
	start "$RINGLOAD" probe --quiet --port "$port" --sample 1/1 --json "$record" >"$SCRATCH/out" 2>"$SCRATCH/err"
	probe_pid=$pid
	wait_for 20 holds_programs "$probe_pid" || fail 'the probe does not attach' "$SCRATCH/err"
	sleep 0.3
	"$SERVERS/truth_client" "$port" "$@" >"$SCRATCH/client.json" 2>"$SCRATCH/client.err" ||
		fail 'the client failed' "$SCRATCH/client.err"
	kill -INT "$probe_pid"
	wait "$probe_pid"
	status=$?
	expect_status 0
}

# has_worked PID: the server has used 50 ms of CPU, so the load is on.
has_worked() {
	local -a stat

	read -ra stat <"/proc/$1/stat" && [ $(((stat[13] + stat[14]) * 1000 / $(getconf CLK_TCK))) -ge 50 ]
}

# truth_serve PROGRAM OPTION...: sets url, port and server.
truth_serve() {
	: >"$SCRATCH/truth.out"
	start "$SERVERS/$1" "${@:2}" --log "$SCRATCH/truth.log" >"$SCRATCH/truth.out" 2>"$SCRATCH/truth.err"
	server=$pid
	wait_for 20 grep -q '^listening on ' "$SCRATCH/truth.out" ||
		fail "$1 does not listen" "$SCRATCH/truth.out" "$SCRATCH/truth.err"
	url=$(sed -n 's/^listening on //p' "$SCRATCH/truth.out")
	port=${url##*:}
}

# Time of all CPUs, and what of it was stolen, in ticks.
cpu_ticks() {
	awk '$1 == "cpu" { for (i = 2; i <= 9; i++) sum += $i; print sum, $9 }' /proc/stat
}

# once SERVER LOAD: both are names of arrays. Sets `ticks` and `stolen_ticks`.
once() {
	local -n server_words=$1 load_words=$2
	local before after other=

	truth_serve "${server_words[@]}"
	read -ra before < <(cpu_ticks)
	if [ -n "$beside" ]; then
		"$beside" "$server" &
		other=$!
	fi
	"$drive" "${load_words[@]}"
	[ -z "$other" ] || wait "$other"
	read -ra after < <(cpu_ticks)
	stop "$server"
	tail -n +2 "$SCRATCH/truth.out" >"$SCRATCH/truth.json"
	ticks=$((after[0] - before[0]))
	stolen_ticks=$((after[1] - before[1]))
}

# compare PROGRAM OPTION... -- LOAD...: serves, drives, and leaves both views in $truth_case. When
# more than 1 % of the CPUs was stolen meanwhile, or the log is not usable, it does so again, at most
# three times in all.
compare() {
	local -a served=() driven=()
	local turn ticks stolen_ticks

	while [ "$1" != -- ]; do
		served+=("$1")
		shift
	done
	driven=("${@:2}")
	for turn in 1 2 3; do
		once served driven
		[ $((stolen_ticks * 100)) -le "$ticks" ] && jq -se "$usable" "$SCRATCH/truth.log" >/dev/null && break
	done
	[ -s "$SCRATCH/client.json" ] || echo null >"$SCRATCH/client.json"
	jq -n --slurpfile record "$record" --slurpfile truth "$SCRATCH/truth.json" \
		--slurpfile client "$SCRATCH/client.json" --slurpfile log "$SCRATCH/truth.log" \
		--argjson stolen $((stolen_ticks + 1)) --argjson hz "$(getconf CLK_TCK)" \
		'$record[0] + {truth: $truth[0], split: $client[0], log: $log, stolen_ns: ($stolen * 1e9 / $hz)}' \
		>"$truth_case" || fail 'the two views cannot be read' "$SCRATCH/truth.out" "$SCRATCH/truth.err"
	expect_compared '.kernel.status == "measured" and .truth.lost == 0'
	expect_compared '.requests == null or (.requests.completed == .truth.requests and .requests.in_flight == 0)'
}

# For the conditions below. A hook may lie a little outside of the stamps where clocks are compared,
# and time that was stolen from a thread is the kernel's CPU time and not the server's.
truth_words='. as $case
	| def stage($name): $case.kernel.stages[] | select(.name == $name);
	def mean($name): stage($name).mean_ns // 0;
	def count($name): stage($name).count;
	def residence: $case.kernel.residence.mean_ns;
	def truth($name): $case.truth[$name];
	def above($low): . >= $low * 0.999 - 1500;
	def below($high): . <= $high * 1.001 + 1500;
	def bounded($truth): above($truth.least_ns) and below($truth.most_ns);
	def stolen: $case.stolen_ns / $case.truth.requests;
	def nearly($truth): above($truth.least_ns - stolen) and below($truth.most_ns + stolen);
	def sum($one; $other): {least_ns: ($one.least_ns + $other.least_ns), most_ns: ($one.most_ns + $other.most_ns)};
	def dominating: [$case.kernel.stages[] | select(.in_residence)] | max_by(.mean_ns) | .name;
'

# expect_compared CONDITION: else the stages beside the truth.
expect_compared() {
	jq -e "$truth_words $1" "$truth_case" >/dev/null 2>"$SCRATCH/jq" && return
	jq -r '"requests: kernel \(.kernel.requests), attributed \(.kernel.attributed), server \(.truth.requests)",
		(.truth | to_entries[] | select(.value | type == "object") | "truth \(.key): \(.value | tojson)"),
		"client: \(.latency_ns.service.mean // null) \(.split | tojson)",
		"residence: \(.kernel.residence | del(.histogram) | tojson)",
		(.kernel.stages[]? | "\(.name): \(.count) of mean \(.mean_ns), p50 \(.p50), p99 \(.p99)"),
		"counters: \(.kernel.counters | tojson)"' "$truth_case" >"$SCRATCH/sides" 2>&1
	fail "not so: $1" "$SCRATCH/jq" "$SCRATCH/sides" "$SCRATCH/err"
}

# What holds whatever the server does, when every request is followed.
expect_whole() {
	expect_compared '.kernel.requests == .truth.requests'
	expect_compared '.latency_ns == null or residence < .latency_ns.service.mean'
	expect_compared '.truth.residence.count == .truth.requests'
	expect_compared 'residence | below(truth("residence").most_ns)'
	expect_compared '[.kernel.stages[].mean_ns | select(. != null and . < 0)] == []'
}

# The same, and of a server in which the thread that reads a request also sends its response. A thread
# that is woken may count as running before it does (its scheduler spares a look at the clock), so the
# stamps know CPU time and run queue together better than each.
expect_attributed() {
	expect_whole
	expect_compared '.kernel.attributed == .kernel.requests and .kernel.handoff_share == 0'
	expect_compared '[.kernel.stages[] | select(.in_residence) | .mean_ns] | add - residence | fabs < 20'
	expect_compared 'mean("app") + mean("queue") - residence | fabs < 20'
	expect_compared 'mean("app_sleep") + mean("app_disk") + mean("app_stopped") - mean("app_blocked") | fabs < 20'
	expect_compared 'mean("app") | bounded(truth("app"))'
	expect_compared 'mean("app_cpu") + mean("app_runq") | nearly(sum(truth("cpu"); truth("runq")))'
	expect_compared 'mean("app_blocked") | nearly(truth("blocked"))'
	# The packet was stamped before the socket had it, so what the server waited is path and queue.
	expect_compared 'mean("queue") | below(truth("wait").most_ns)'
	expect_compared 'count("rx_path") < .truth.requests or (mean("queue") + mean("rx_path") | bounded(truth("wait")))'
}

# Each of the slowest requests is one that the server has written down, and took as long there: but
# for what lies between the packet and the socket, and around the send.
expect_slowest() {
	expect_compared '.kernel.slowest | length > 0'
	expect_compared '.log as $log | all(.kernel.slowest[]; . as $row
		| ($row.client | split(":") | .[-1] | tonumber) as $from
		| [$log[] | select(.client_port == $from and .offset_bytes == $row.offset_bytes)]
		| length == 1 and (.[0].residence as $seen | $row.residence_ns + $row.rx_path_ns | bounded($seen)))'
}
