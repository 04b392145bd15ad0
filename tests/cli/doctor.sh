#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # what stands in quotes is for jq, or for a reader's shell
# What this machine can measure: as root and as nobody, as text and as JSON, and without changing it.
source tests/assert.sh

record=$SCRATCH/doctor.json

# What both forms say of each check: "ok key".
states_of_text() {
	sed -nE 's/^  (ok|limited|missing|unknown) +([a-z_0-9.]+) .*/\1 \2/p' "$SCRATCH/out"
}
states_of_record() {
	json "$record" '.checks[] | "\(.state) \(.key)"'
}

# expect_findings: what holds on every machine and for every user.
expect_findings() {
	expect_json "$record" '.schema == "ringload.doctor/1"'
	expect_json "$record" '.counts == (.checks | reduce .[].state as $state (
		{ok: 0, limited: 0, missing: 0, unknown: 0}; .[$state] += 1))'
	expect_json "$record" '.checks | length == (map(.key) | unique | length) and length > 60'
	expect_json "$record" 'all(.checks[]; .finding != "" and (.state == "ok") == (.effect == null))'
	expect_json "$record" 'all(.checks[]; .state != "ok" or .mend == null)'
	expect_json "$record" 'all(.can[]; IN("yes", "no", "unknown"))'
}

# Written into a file, the table stands on standard output: one look, twice told.
run "$RINGLOAD" doctor --json "$record"
expect_status 0
expect_equal 'diagnostics' "$(cat "$SCRATCH/err")" ''
expect_findings
expect_equal 'states in text and record' "$(states_of_text)" "$(states_of_record)"
expect_json "$record" '.can.load == "yes"'
tail -n 6 "$SCRATCH/out" | tr '\n' ' ' | grep -qF "$(json "$record" .summary)" ||
	fail 'the text does not end with the summary' "$SCRATCH/out"
# Every mend can be copied from the text.
json "$record" '[.checks[] | select(.needs_root | not) | .mend // empty] | unique | .[]' >"$SCRATCH/mends"
while read -r mend; do
	expect_text "$SCRATCH/out" "\$ $mend"
done <"$SCRATCH/mends"

# What was measured, was.
expect_json "$record" '.checks[] | select(.key == "time.pauses") | .finding | test("at a time \\(CPU")'
expect_json "$record" '.checks[] | select(.key == "time.timers") | .finding | test("^p50 .* late$")'
# What files say elsewhere too.
expect_json "$record" ".checks[] | select(.key == \"kernel.release\") | .finding == \"$(uname -r)\""
expect_json "$record" ".checks[] | select(.key == \"tcp.congestion\") |
	.finding | startswith(\"$(cat /proc/sys/net/ipv4/tcp_congestion_control)\")"

# Alone on standard output, and quicker.
run "$RINGLOAD" doctor --quick --json -
expect_status 0
cp "$SCRATCH/out" "$record"
expect_findings
expect_json "$record" '[.checks[] | select(.group == "measured") | .state] | all(. == "unknown")'

# Too few files for any load: that is the environment's fault, and it is said.
run bash -c 'ulimit -n 128; exec "$0" doctor --quick --json "$1"' "$RINGLOAD" "$record"
expect_status 3
expect_findings
expect_json "$record" '.can.load == "no"'
expect_text "$SCRATCH/out" '$ sudo prlimit --pid $$ --nofile='
tr '\n' ' ' <"$SCRATCH/out" | grep -q 'it cannot drive a load (limits.files' || fail 'no word of the load' "$SCRATCH/out"

# The documentation has the table of this version.
"$RINGLOAD" doctor --list >"$SCRATCH/list"
sed -n '/^| check /,$p' docs/doctor.md | cmp - "$SCRATCH/list" || fail 'docs/doctor.md is old: make manual'
expect_equal 'checks in the list' "$(grep -c '^| `' "$SCRATCH/list")" "$(json "$record" '.checks | length')"

run "$RINGLOAD" doctor --json "$SCRATCH/none/doctor.json"
expect_status 2

[ "$(id -u)" = 0 ] || exit 0

# One hook less is one line more.
RINGLOAD_REFUSE_BPF=retransmit_segment run "$RINGLOAD" doctor --quick --json "$record"
expect_status 0
expect_json "$record" '.checks[] | select(.key == "hook.retransmit") |
	.state == "missing" and (.finding | contains("RINGLOAD_REFUSE_BPF"))'
expect_json "$record" '.can.kernel == "yes"'
RINGLOAD_REFUSE_BPF=schedule_switch run "$RINGLOAD" doctor --quick --json "$record"
expect_json "$record" '.can.kernel == "no" and (.summary | contains("server'\''s kernel (hook.schedule)"))'

# Nobody sees less, is told what is missing, and that root would see more.
cp "$RINGLOAD" "$SCRATCH/ringload"
chmod 755 "$SCRATCH" "$SCRATCH/ringload"
mkdir "$SCRATCH/nobody"
chown 65534:65534 "$SCRATCH/nobody"
record=$SCRATCH/nobody/doctor.json
run setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all \
	"$SCRATCH/ringload" doctor --quick --json "$record"
expect_status 0
expect_findings
expect_equal 'states in text and record of nobody' "$(states_of_text)" "$(states_of_record)"
expect_json "$record" '.can == {load: "yes", kernel: "no", profile: "unknown", others: "no", null_server: "unknown"}'
expect_json "$record" '[.checks[] | select(.group == "hooks" and .key != "hook.rx_path")] |
	all(.state == "unknown" or .state == "missing") and any(.needs_root)'
expect_text "$SCRATCH/out" 'checks may not be tried by this user: sudo ringload doctor'
expect_text "$SCRATCH/out" "sudo setcap cap_bpf,"
expect_text "$SCRATCH/out" "+ep '$SCRATCH/ringload'"

# With what is named there, the same user may. A file system without capabilities cannot show that.
mend=$(json "$record" '.checks[] | select(.key == "cap.bpf") | .mend')
if bash -c "${mend#sudo }" 2>"$SCRATCH/setcap"; then
	run setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all \
		"$SCRATCH/ringload" doctor --quick --json "$record"
	expect_status 0
	expect_json "$record" '.can | .kernel == "yes" and .profile == "yes" and .others == "yes"'
fi
