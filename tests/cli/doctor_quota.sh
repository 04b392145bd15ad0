#!/bin/bash
# SPDX-License-Identifier: MIT
# A doctor that runs under a quota of a fifth of a CPU finds it, feels it, and says what lifts it.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/quota.sh

record=$SCRATCH/doctor.json
# doctor OPTION...: in the group.
doctor() {
	run bash -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group" "$RINGLOAD" doctor --json "$record" "$@"
	expect_status 0
}
check() {
	expect_json "$record" ".checks[] | select(.key == \"$1\") | $2"
}

doctor
check limits.cpu_quota '.state == "limited" and (.finding | startswith("0.2 CPUs of the "))'
# Spinning for a second, all of its threads together get a fifth of a CPU.
check time.pauses '.state == "limited" and (.finding | capture("(?<share>[0-9.]+) % in all").share | tonumber > 50)'

mend=$(json "$record" '.checks[] | select(.key == "limits.cpu_quota") | .mend')
bash -c "${mend//sudo /}" >/dev/null || fail "the quota is not lifted by: $mend"
doctor --quick
check limits.cpu_quota '.state == "ok"'
