#!/bin/bash
# SPDX-License-Identifier: MIT
# tests/kernels/run itself, with a qemu that only writes what a guest would: what it takes for a pass
# and a failure, and that it leaves no guest running.
# shellcheck disable=SC2016 # the commands are written here, not run
source tests/assert.sh

bin=$SCRATCH/bin
kernel=$SCRATCH/kernel
mkdir -p "$bin" "$kernel/boot" "$kernel/lib/modules"
: >"$kernel/boot/vmlinuz-1.2"

# a_command NAME: from standard input.
a_command() {
	{
		echo '#!/bin/bash'
		cat
	} >"$bin/$1"
	chmod +x "$bin/$1"
}

# Only some machines have these, and nothing here needs them.
for name in busybox bpftool cpio; do
	a_command $name <<<'exit 0'
done
a_command fetch <<<'printf "%s 1.2 $KERNEL\n" debian backports'
a_command qemu-system-x86_64 <<'QEMU'
files=()
for argument; do
	[[ $argument != file:* ]] || files+=("${argument#file:}")
done
echo "a word from the console" >"${files[0]}"
echo $$ >>"$SCRATCH/guests"
[ ! -e "$SCRATCH/crash" ] || exit 1
printf '%b' "$RESULTS" >"${files[1]}"
[ -e "$SCRATCH/ends" ] && exit 0
exec sleep 1000
QEMU

# kernels RESULTS ARGUMENT...: what the guest says, with the escapes of printf.
kernels() {
	local results=$1

	shift
	: >"$SCRATCH/guests"
	run env PATH="$bin:$PATH" KERNEL="$kernel" KERNELS_FETCH="$bin/fetch" RESULTS="$results" \
		KERNELS_TIMEOUT=2 KERNELS_LOGS="$SCRATCH/logs" tests/kernels/run "$@"
}

last_line() {
	tail -n 1 "$SCRATCH/out"
}

none_runs() {
	local guest

	while read -r guest; do
		! alive "$guest" || fail "guest $guest was left running"
	done <"$SCRATCH/guests"
}

# Both kernels, whether the guest switches itself off or not.
kernels 'ok 1200 first\r\nok 30 second\r\ndone 2\r\n'
expect_status 0
expect_equal 'summary' "$(last_line)" '4 passed, 0 failed'
expect_text "$SCRATCH/out" 'ok      1.200 s  kernels/debian first'
expect_text "$SCRATCH/out" 'ok      0.030 s  kernels/backports second'
expect_no_text "$SCRATCH/out" console
expect_equal 'guests' "$(wc -l <"$SCRATCH/guests")" 2
none_runs
: >"$SCRATCH/ends"
kernels 'ok 1200 first\ndone 1\n' debian
expect_status 0
expect_equal 'summary' "$(last_line)" '1 passed, 0 failed'

# A failed check is told with its reason and the console.
kernels 'ok 1 first\nFAIL 20 second: exit 3: got "a", expected "b: c"\ndone 2\n' debian
expect_status 1
expect_equal 'summary' "$(last_line)" '1 passed, 1 failed'
expect_text "$SCRATCH/out" '     exit 3: got "a", expected "b: c"'
expect_text "$SCRATCH/out" 'a word from the console'

# What is cut, wrong or too little is a failure.
for results in '' 'ok 1 first\n' 'ok 1 first\ndone 1' 'ok 1 first\ndone 2\n' 'done 0\n' \
	'ok 1 first\nnonsense\ndone 1\n' 'ok first\ndone 1\n' 'ok 1 first\ndone 1\nok 1 second\n'; do
	kernels "$results" debian
	expect_status 1
done
: >"$SCRATCH/crash"
kernels 'ok 1 first\ndone 1\n' debian
expect_status 1
expect_text "$SCRATCH/out" 'the guest did not come to its end'
rm "$SCRATCH/crash" "$SCRATCH/ends"

# A guest that hangs is ended.
kernels 'ok 1 first\n' debian
expect_status 1
expect_equal 'summary' "$(last_line)" '1 passed, 1 failed'
none_runs

# A kernel that cannot be had is a failure, and the other one is booted.
a_command fetch <<<'echo "debian 1.2 $KERNEL"; exit 3'
kernels 'ok 1 first\ndone 1\n'
expect_status 1
expect_text "$SCRATCH/out" 'kernels/backports'
expect_text "$SCRATCH/out" 'no kernel to boot'
expect_text "$SCRATCH/out" 'kernels/debian first'

run tests/kernels/run trixie
expect_status 2
expect_text "$SCRATCH/err" '"trixie" is none of'

# Ctrl-C ends the guest.
: >"$SCRATCH/guests"
env --default-signal=INT PATH="$bin:$PATH" KERNEL="$kernel" KERNELS_FETCH="$bin/fetch" RESULTS='' \
	KERNELS_LOGS="$SCRATCH/logs" tests/kernels/run debian >"$SCRATCH/out" 2>&1 &
runner=$!
wait_for 10 test -s "$SCRATCH/guests" || fail 'no guest was started' "$SCRATCH/out"
kill -INT $runner
wait $runner
expect_equal 'exit status' $? 130
none_runs
[ -z "$(find "$SCRATCH" -maxdepth 1 -name 'ringload-kernels.*')" ] || fail 'its directory is left'
