#!/bin/bash
# SPDX-License-Identifier: MIT
# What the machine does not allow: open files, memory, io_uring. And what an ordinary user may do
# with the limits a login gets.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh

serve --seed 1

# refused SENTENCE COMMAND...: exit 3 with exactly this line.
refused() {
	local sentence=$1

	shift
	run "$@"
	expect_status 3
	expect_equal "message of \"$*\"" "$(cat "$SCRATCH/err")" "ringload: $sentence"
	expect_equal "output of \"$*\"" "$(cat "$SCRATCH/out")" ''
}

# Too few files: the soft limit is raised to the hard one, and no further.
refused '500 connections on 1 worker need 500 open files, the hard limit is 300: raise it as root with "ulimit -Hn 500" before, or ask for fewer connections' \
	prlimit --nofile=100:300 "$RINGLOAD" run -t1 -c 500 "$url/"
run prlimit --nofile=100:300 "$RINGLOAD" run -t1 -c 250 -n 500 --json "$record" "$url/"
expect_measured
expect_record '.connections.established == 250 and .requests.completed == 500'

# Too little memory allowed.
run "$RINGLOAD" run --memory 1M -c 100 "$url/"
expect_status 3
grep -qE '^ringload: the run needs [0-9.]+ MiB of memory, --memory allows 1.00 MiB: ' "$SCRATCH/err" ||
	fail 'the memory message' "$SCRATCH/err"

# io_uring switched off, missing, too old.
policy='io_uring is refused by a security policy (seccomp or LSM): in a container, allow io_uring_setup, io_uring_enter and io_uring_register'
missing='io_uring is not there: the kernel was built without it, or a seccomp filter hides it; needed is kernel 6.1 with CONFIG_IO_URING'
old='io_uring of this kernel is too old: it lacks IORING_SETUP_DEFER_TASKRUN; needed is kernel 6.1 or newer'
refused "$policy" "$SERVERS/no_uring" EPERM "$RINGLOAD" run "$url/"
refused "$missing" "$SERVERS/no_uring" ENOSYS "$RINGLOAD" run "$url/"
refused "$old" "$SERVERS/no_uring" EINVAL "$RINGLOAD" run "$url/"
refused "$policy" "$SERVERS/no_uring" EPERM "$RINGLOAD" serve --port 0
# What needs no ring still works.
run "$SERVERS/no_uring" EPERM "$RINGLOAD" run --dry-run "$url/"
expect_status 0

# An ordinary user, with what a login of Debian gets: 1024 files that may be raised, 8 MiB of locked
# memory, no capabilities. The program is copied to where this user can read it.
cp "$RINGLOAD" "$SCRATCH/ringload"
chmod 755 "$SCRATCH" "$SCRATCH/ringload"
as_user=(env)
if [ "$(id -u)" = 0 ]; then
	as_user=(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all)
fi
run prlimit --nofile=1024:4096 --memlock=8388608:8388608 "${as_user[@]}" \
	"$SCRATCH/ringload" run -c 1500 -n 3000 --json - "$url/"
cp "$SCRATCH/out" "$record"
expect_measured
expect_record '.connections.established == 1500 and .requests.completed == 3000'
