#!/bin/bash
# SPDX-License-Identifier: MIT
# The options of what is measured in the server's kernel, of `run` and of `probe`: what is refused,
# and what --dry-run says. Nothing here needs rights.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh

# refused CODE SENTENCE ARGUMENT...: exactly this line, and nothing on standard output.
refused() {
	local code=$1 sentence=$2

	shift 2
	run "$RINGLOAD" "$@"
	expect_status "$code"
	expect_equal "message of \"$*\"" "$(cat "$SCRATCH/err")" "ringload: $sentence"
	expect_equal "output of \"$*\"" "$(cat "$SCRATCH/out")" ''
}

anywhere=http://127.0.0.1:9/

refused 2 '--probe: "on" is not one of auto|off|require' run --probe on $anywhere
refused 2 '--probe-sample: "1/65" is not one in a number: write 1/1 to 1/64, as in 1/8' \
	run --probe-sample 1/65 $anywhere
refused 2 '--probe-sample: "2/8" is not one in a number: write 1/1 to 1/64, as in 1/8' \
	run --probe-sample 2/8 $anywhere
refused 2 '--probe-port: "http" is not a whole number: write 1 to 65535' run --probe-port http $anywhere
refused 2 '--probe-port: "70000" is too large: write 1 to 65535' run --probe-port 80,70000 $anywhere
refused 2 '--probe-netns: there is no "/run/netns/no-such-name": No such file or directory' \
	run --probe-netns no-such-name $anywhere
refused 2 '--probe-cgroup: there is no "/sys/fs/cgroup/no/such": No such file or directory' \
	run --probe-cgroup no/such $anywhere
refused 2 '--probe-pid: there is no process 4194304' run --probe-pid 4194304 $anywhere
refused 2 "--profile: cannot write \"$SCRATCH/none/x.folded\": No such file or directory: make the folder \"$SCRATCH/none\", or name a file elsewhere" \
	run --profile "$SCRATCH/none/x" $anywhere
mkdir "$SCRATCH/taken.svg"
refused 2 "--profile: \"$SCRATCH/taken.svg\" is a folder: name a file in it" \
	run --profile "$SCRATCH/taken" $anywhere
for option in sample=1/8 port=80 netns=/proc/self/ns/net cgroup=/sys/fs/cgroup pid=$$; do
	refused 2 "--probe-${option%=*}: --probe off measures nothing there: leave one out" \
		run --probe off "--probe-$option" $anywhere
done
refused 2 '--profile: --probe off measures nothing there: leave one out' \
	run --probe off --profile "$SCRATCH/x" $anywhere

refused 2 '--port is missing: expected ringload probe --port PORT [OPTION]...' probe
refused 2 '--port is missing: expected ringload probe --port PORT [OPTION]...' probe -d 1s
refused 2 '--port: "0" is too small: write 1 to 65535' probe -p 0
refused 2 '--duration: "5" has no unit: write 30s, 2m or 250ms' probe -p 80 -d 5
refused 2 '--sample: "x" is not one in a number: write 1/1 to 1/64, as in 1/8' probe -p 80 --sample x
refused 2 '--pid: there is no process 4194304' probe -p 80 --pid 4194304
refused 2 "--json: cannot write \"$SCRATCH/none/x.json\": No such file or directory: make the folder \"$SCRATCH/none\", or name a file elsewhere" \
	probe -p 80 --json "$SCRATCH/none/x.json"
refused 2 '"80" is one argument too many: expected ringload probe [OPTION]...' probe 80
refused 2 'unknown option "--prot": did you mean --port?' probe --prot 80

# What would be done, in words.
dry() {
	run "$RINGLOAD" run --dry-run "$@"
	expect_status 0
	grep '^Kernel' "$SCRATCH/out" | sed 's/^Kernel *//'
}
serve --seed 1
expect_equal 'by default' "$(dry "$url/")" "port $port of this network namespace, 1 of 8 connections at a time"
expect_equal 'every request' "$(dry --probe-sample 1 "$url/")" "port $port of this network namespace, every request"
expect_equal 'another port' "$(dry --probe-port "80,$port" --probe-sample 1/2 "$url/")" \
	"ports 80, $port, 1 of 2 connections at a time"
expect_equal 'filters' "$(dry --probe-netns "/proc/$server/ns/net" --probe-pid "$server" --profile "$SCRATCH/p" "$url/")" \
	"port $port, network namespace /proc/$server/ns/net, process $server, 1 of 8 connections at a time, with sampled stacks of the server"
expect_equal 'switched off' "$(dry --probe off "$url/")" 'not measured: switched off by --probe off'
# The port of --connect-to counts, not that of the URL.
expect_equal 'elsewhere' "$(dry --connect-to "127.0.0.1:$port" http://name.invalid/)" \
	"port $port of this network namespace, 1 of 8 connections at a time"
stop "$server"
expect_equal 'nobody listens' "$(dry "$url/")" \
	"not measured: no process of this machine listens on port $port: --probe-port takes the port that the server itself listens on"
# An address for documentation (RFC 5737) is nobody's.
expect_equal 'another machine' "$(dry "http://192.0.2.1:$port/")" \
	"not measured: the server is on another machine: run ringload probe --port $port there"
[ ! -e "$SCRATCH/p.svg" ] || fail 'a dry run wrote a profile'

# Off is off: the reason stands in the record.
serve --seed 1
attempt -n 50 "$url/"
expect_record '.kernel.status == "not_measured" and .kernel.reason == "switched off by --probe off"'
