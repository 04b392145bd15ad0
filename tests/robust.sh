# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2178 # jq has variables too; shared with the tests
# SPDX-License-Identifier: MIT
#
# What holds of every record and report of the kernel's side, and a probe around whatever a test
# does. Source it after tests/assert.sh, tests/load.sh, tests/serving.sh and tests/kernel.sh.
probed=$SCRATCH/probed.json
sample=1/1

# probing OPTION...: a probe on $port that follows $sample of the requests until `probed`, which leaves its
# record in $probed and its report beside it. Further options come after these.
probing() {
	rm -f "$probed"
	start "$RINGLOAD" probe --quiet --port "$port" --sample "$sample" --json "$probed" "$@" \
		>"$SCRATCH/probed.out" 2>"$SCRATCH/probed.err"
	prober=$pid
	wait_for 20 begun "$prober" || fail "no probe: $*" "$SCRATCH/probed.err"
}

# Its programs are attached and its window has begun: only then it asks the kernel for its clock's
# next tick.
begun() {
	local syscall

	holds_programs "$1" && read -r syscall _ <"/proc/$1/syscall" && [ "$syscall" = "$(sleeping_call)" ]
}

# clock_nanosleep, by machine.
sleeping_call() {
	case $(uname -m) in
	x86_64) echo 230 ;;
	*) echo 115 ;;
	esac
}

probed() {
	kill -INT "$prober"
	wait "$prober"
	status=$?
	[ "$status" = 0 ] || [ "$status" = 130 ] || fail "exit $status of a probe" "$SCRATCH/probed.err"
	expect_sane "$probed" "$SCRATCH/probed.out"
}

# How many requests apart two readings of a window may be whose ends fell into a load: the tables are
# copied while they are written.
uneven=0

# The conditions of `expect_sane`: what is wrong with a record, as lines.
insane_words='
	def share: . == null or (. >= 0 and . <= 1);
	def close($to; $slack): . >= $to - $slack and . <= $to + $slack;
	def alike($to): close($to; $uneven);
	def wrong($when; $what): if $when then empty else "\($what): \(. | tojson | .[:400])" end;
	# Those of threads end with the window, and not with the last answer: after a short drain few lack.
	((.window.drain_s // 0) > 0.01) as $drained | ((.window.drain_s // 0) > 0.0002) as $waited | .kernel | .attributed as $attributed | .requests as $requests | [.stages[] | select(.in_residence)] as $parts
	| wrong(.status == "measured"; "status"),
	(.. | numbers | wrong((isnan or isinfinite) | not; "no number")),
	(.. | objects | to_entries[] | select(.key != "residual_ns" and .key != "at_s" and (.value | type) == "number")
		| wrong(.value >= 0; "negative")),
	({handoff_share, offloaded_share, unattributed_share, softirq: .counters.softirq_share, slowest: .slowest_1pct.share}
		| wrong(all(.[]; share); "a share")),
	(.stages[] | {name, share, share_of_slowest_1pct} | wrong((.share | share) and (.share_of_slowest_1pct | share);
		"a share of a stage")),
	(.workers[] | wrong(all(.cpu, .runq, .sleep, .disk, .stopped; share); "a share of a thread")),
	(.workers[] | wrong(.wall_s == 0 or (.cpu + .runq + .sleep + .disk + .stopped | close(1; 0.001)); "a thread'"'"'s time")),
	wrong(.residence.count | alike($requests); "requests and residences"),
	wrong($attributed <= $requests; "requests and attributed"),
	(([.workers[].requests] | add // 0) | wrong(alike($attributed) or ($drained and . < $attributed) or
		($waited and . < $attributed and . + 1 + $attributed / 100 >= $attributed);
		"requests of the threads")),
	($parts[] | {name, count} | wrong(.count | alike($attributed); "samples of a part")),
	([$parts[].share | numbers] | add | wrong($attributed == 0 or close(1; 0.001); "shares of the parts")),
	([$parts[].share_of_slowest_1pct | numbers] | add
		| wrong(. == null or . == 0 or close(1; 0.001); "shares of the parts in the slowest")),
	(([$parts[].mean_ns | numbers] | add) as $sum | .residence.mean_ns
		| wrong($attributed < $requests or . == null or close($sum; 1 + . * $uneven / 1000); "mean of the parts")),
	(.stages[] | {name, p50, p95, p99} | wrong(.p50 == null or (.p50 <= .p95 and .p95 <= .p99); "percentiles")),
	([.mix[].requests] | add // 0 | wrong(alike($requests); "requests of the mix")),
	(.mix[] | wrong(.residence_ns as $all | [.parts_ns[]] | add | close($all; $all / 1000 + 100 + $uneven * 1e6);
		"a row of the mix")),
	(.slowest[] | wrong(.residence_ns as $all | (.attributed | not) or ([.parts_ns[]] | add | close($all; 100));
		"a slow request"))
'

# expect_sane RECORD [REPORT]: no figure that cannot be, whatever the server did.
expect_sane() {
	jq -r --argjson uneven "$uneven" "$insane_words" "$1" >"$SCRATCH/insane" 2>&1
	[ ! -s "$SCRATCH/insane" ] || fail 'figures of the record that cannot be' "$SCRATCH/insane"
	[ $# -lt 2 ] && return
	expect_text "$2" 'where the time went'
	! grep -qiwE -- 'nan|inf|null' "$2" || fail 'a figure of the report is none' "$2"
	# A slow request may have come just before the window began, and the residual is a difference.
	! grep -v '^ringload\|residual\|network and client' "$2" | sed 's/^ *-[0-9.]* //' | grep -qE '(^|[^a-z0-9+])-[0-9]' ||
		fail 'a figure of the report is negative' "$2"
}

# share_server ADDRESS PORT [THREADS]: tests/servers/robust_server.c; sets server, port and url.
share_server() {
	: >"$SCRATCH/share.out"
	start "$SERVERS/robust_server" "$@" >"$SCRATCH/share.out" 2>"$SCRATCH/share.err"
	server=$pid
	wait_for 20 grep -q '^listening on ' "$SCRATCH/share.out" || fail "no server: $*" "$SCRATCH/share.err"
	url=$(sed -n 's/^listening on //p' "$SCRATCH/share.out")
	port=${url##*:}
}
