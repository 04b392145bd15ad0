#!/bin/bash
# SPDX-License-Identifier: MIT
# test-timeout: 90
# Who may not look into the kernel: the load runs all the same, and the way to the rights is told.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/kernel.sh

mend='sudo setcap cap_bpf,cap_perfmon'
chmod 755 "$SCRATCH"
mkdir "$SCRATCH/nobody"
chown 65534:65534 "$SCRATCH/nobody"
record=$SCRATCH/nobody/record.json

# A program that nobody may run, wherever the build lies.
cp "$RINGLOAD" "$SCRATCH/ringload"
chmod 755 "$SCRATCH/ringload"
as_nobody() {
	run setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all "$@"
}
as_nobody "$SCRATCH/ringload" --version
[ "$status" = 0 ] || fail 'nobody may not run the program' "$SCRATCH/err"

serve --seed 1

# A run goes on; the report says what is missing, and how to get it.
as_nobody "$SCRATCH/ringload" run -n 500 -c 8 --json "$record" "$url/"
expect_measured 'as nobody'
expect_record '.requests.completed == 500'
expect_kernel '.status == "not_measured" and (.reason | contains("CAP_BPF") and contains("CAP_PERFMON"))'
expect_text "$SCRATCH/out" 'CAP_BPF'
tr -s ' \n' ' ' <"$SCRATCH/out" >"$SCRATCH/joined"
expect_text "$SCRATCH/joined" "$mend"

# Required, it does not begin.
served=$(stats .responses)
as_nobody "$SCRATCH/ringload" run --probe require -n 500 -c 8 --json "$record.none" "$url/"
expect_status 3
expect_text "$SCRATCH/err" '--probe require: '
expect_text "$SCRATCH/err" "$mend"
[ ! -e "$record.none" ] || fail 'a record of nothing was written'
expect_equal 'requests sent' "$(stats ".responses - $served")" 0

# A profile that was asked for is missed aloud.
as_nobody "$SCRATCH/ringload" run -n 500 -c 8 --profile "$SCRATCH/nobody/p" --json "$record" "$url/"
expect_measured 'as nobody with a profile'
expect_text "$SCRATCH/err" '--profile: nothing is written: '
[ ! -e "$SCRATCH/nobody/p.svg" ] || fail 'a profile of nothing was written'

# Alone there is nothing left to do.
as_nobody "$SCRATCH/ringload" probe -p "$port" -d 200ms
expect_status 3
expect_text "$SCRATCH/err" "$mend"
cp "$SCRATCH/err" "$SCRATCH/sentence"

# The demo goes on as well.
as_nobody "$SCRATCH/ringload" demo -d 500ms -r 200 --json "$record"
expect_record '.requests.completed == 100'
expect_kernel '.status == "not_measured" and (.reason | contains("CAP_BPF"))'

# With what the sentence names it works. A file system without capabilities cannot show that.
rights=$(sed -n 's/.*sudo setcap \([^ ]*\) .*/\1/p' "$SCRATCH/sentence")
if setcap "$rights" "$SCRATCH/ringload" 2>"$SCRATCH/setcap"; then
	as_nobody "$SCRATCH/ringload" run --probe require --probe-sample 1 -n 500 -c 8 --json "$record" "$url/"
	expect_measured 'with capabilities'
	expect_kernel '.status == "measured" and .requests == 500'
	# Root's server may not be looked into; what its network namespace counts is this one's.
	expect_kernel '.counters | .listen_overflows != null and .throttled_ns == null'
fi
