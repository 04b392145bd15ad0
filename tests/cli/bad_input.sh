#!/bin/bash
# SPDX-License-Identifier: MIT
# What makes no sense is refused before anything is sent, with a sentence that says what was
# expected, on standard error, and with the exit code of its class.
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

# Commands
refused 2 'no command was given: ringload --help lists them, ringload demo shows it at work'
refused 2 '"rnu" is not a command: did you mean run?' rnu
refused 2 '"elephant" is not a command: ringload --help lists them' elephant
refused 2 "\"$anywhere\" is not a command: did you mean ringload run $anywhere?" "$anywhere"

# Options
refused 2 'unknown option "--conections": did you mean --connections?' run --conections 5 $anywhere
refused 2 'unknown option "--elephant": --help lists them all' run --elephant $anywhere
refused 2 'unknown option "-R": the rate is -r (--rate)' run -R5000 $anywhere
refused 2 'unknown option "--latency": ringload always prints the distribution, leave it out' \
	run --latency $anywhere
refused 2 '--connections: the value is missing: expected N' run $anywhere -c
refused 2 '--duration: the value is missing, "-q" follows: expected TIME' run -d -q $anywhere
refused 2 '--rate: given twice, "5" and "6": give it once' run -r5 --rate=6 $anywhere
refused 2 '--quiet: takes no value, but has "1"' run --quiet=1 $anywhere
refused 2 'URL is missing: expected ringload run [OPTION]... URL' run
refused 2 '"b" is one argument too many: expected ringload run [OPTION]... URL' run $anywhere b

# Numbers with trailing junk
refused 2 '--connections: "64x" is not a whole number: write 1 to 1048576' run -c64x $anywhere
refused 2 '--requests: "10.5" is not a whole number: write 1 to 1000000000000000' run -n10.5 $anywhere
refused 2 '--memory: "2Q" has the unknown unit "Q": write 4096, 64K or 10MB' run --memory 2Q $anywhere
refused 2 '--seed: "0x10" is not a whole number: write 0 or more, as in 10k' run --seed 0x10 $anywhere

# Negative or zero where it makes no sense
refused 2 '--connections: "0" is too small: write 1 to 1048576' run -c0 $anywhere
refused 2 '--connections: "-5" is negative: write 1 to 1048576' run -c -5 $anywhere
refused 2 '--threads: "0" is too small: write 1 to 1024' run -t0 $anywhere
refused 2 '--requests: "0" is too small: write 1 to 1000000000000000' run -n 0 $anywhere
refused 2 '--pipeline: "0" is too small: write 1 to 1024' run --pipeline 0 $anywhere
refused 2 '--max-in-flight: "0" is too small: write 1 to 1000000000000000' \
	run --max-in-flight 0 -r5 $anywhere

# Rate or duration without sense
refused 2 '--duration: "30" has no unit: write 30s, 2m or 250ms' run -d30 $anywhere
refused 2 '--duration: "0" is too small: expected 1ms to 366d' run -d0 $anywhere
refused 2 '--duration: "-3s" is negative: write 30s, 2m or 250ms' run -d -3s $anywhere
refused 2 '--duration: "soon" is not a duration: write 30s, 2m or 250ms' run -d soon $anywhere
refused 2 '--timeout: "0" is too small: expected 1ms to 1d' run --timeout 0 $anywhere
refused 2 '--rate: "0" is too small: expected 0.001 to 100,000,000' run -r0 $anywhere
refused 2 '--rate: "-5" is negative: write 500, 10k or 30/m' run -r -5 $anywhere
refused 2 '--rate: "fast" is not a rate in requests a second: write 500, 10k or 30/m' run -r fast $anywhere
refused 2 '-r 1 with -d 100ms: not one request falls into the window; ask for a higher rate or a longer duration' \
	run -r1 -w 10ms -d100ms $anywhere

# Values that contradict each other
refused 2 '-c 2 is less than -t 3: every worker needs a connection of its own; ask for at least -c 3 or for fewer workers' \
	run -t3 -c2 $anywhere
refused 2 '--arrival: says how requests of an open loop are spaced: give --rate too' run --arrival poisson $anywhere
refused 2 '--max-in-flight 5 needs a rate (-r): without one, -c and --pipeline bound what is in flight' \
	run --max-in-flight 5 $anywhere
refused 2 '--body-file: --body was given as well: give one of them' run -b x --body-file y $anywhere
refused 2 '--json: --dry-run measures nothing that could be written: leave one out' run --dry-run --json - $anywhere
refused 2 '--pacing: "slepe" is not one of auto|spin|sleep: did you mean sleep?' run --pacing slepe $anywhere

# URLs, requests
refused 2 'URL "localhost:9" has no scheme: write "http://localhost:9/"' run localhost:9
refused 2 'URL "https://localhost/": TLS is not supported by this version; expected "http://"' run https://localhost/
refused 2 '-H "no colon" has no ":": expected "Name: value"' run -H 'no colon' $anywhere
refused 2 '-X "GE T" is not a method: expected one word, as in GET or POST' run -X 'GE T' $anywhere
refused 2 '--connect-to: "localhost" has no port: write "localhost:80"' run --connect-to localhost $anywhere

# Files
refused 2 "--json: cannot write \"$SCRATCH/none/x.json\": No such file or directory: make the folder \"$SCRATCH/none\", or name a file elsewhere" \
	run --json "$SCRATCH/none/x.json" $anywhere
refused 2 "--json: \"$SCRATCH\" is a folder: name a file in it" run --json "$SCRATCH" $anywhere
for command in doctor calibrate; do
	refused 2 "--json: cannot write \"$SCRATCH/none/x.json\": No such file or directory: make the folder \"$SCRATCH/none\", or name a file elsewhere" \
		"$command" --json "$SCRATCH/none/x.json"
done
refused 3 '--json: cannot write "/dev/full": No space left on device' doctor --quick --json /dev/full
refused 2 "--routes: cannot read \"$SCRATCH/none\": No such file or directory: name a file that exists" \
	serve --routes "$SCRATCH/none"
refused 2 "--body-file: cannot read \"$SCRATCH/none\": No such file or directory: name a file that exists" \
	run --body-file "$SCRATCH/none" $anywhere

# Nothing to measure: at once, with the words of the errno
refused 5 'cannot resolve host "no-such-host.invalid": Name or service not known' \
	run http://no-such-host.invalid/
serve --seed 1
stop "$server"
SECONDS=0
refused 5 "cannot connect to 127.0.0.1:$port: Connection refused" run "http://127.0.0.1:$port/"
[ $SECONDS -le 5 ] || fail "a refused connection took $SECONDS s to tell"

