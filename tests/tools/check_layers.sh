#!/bin/bash
# SPDX-License-Identifier: MIT
# The tree keeps to its layers, and each rule of tools/check-layers finds its violation.
source tests/assert.sh

run tools/check-layers
expect_status 0

tree=$SCRATCH/tree

# A small tree that keeps every rule, with the words that must not mislead the check.
good_tree() {
	rm -rf "$tree"
	mkdir -p "$tree"/{src/{base,net,plan,engine,target,loader,cli},include/ringload,bpf}
	echo '#define A' >"$tree/include/ringload/a.h"
	printf '#include "ringload/a.h"\n#include <stdio.h>\n' >"$tree/src/base/a.c"
	printf '#include "base/a.h"\n#include <liburing.h>\n' >"$tree/src/net/ring.c"
	printf '#include "net/a.h"\n#include "engine/b.h"\n' >"$tree/src/engine/a.c"
	printf '#include <bpf/libbpf.h>\n#include "null.skel.h"\n' >"$tree/src/loader/a.c"
	printf '#include "hist.bpf.h"\n#include "ringload/a.h"\n#include <bpf/bpf_helpers.h>\n' \
		>"$tree/bpf/a.bpf.c"
	cat >"$tree/src/engine/b.c" <<-'C'
		/* exit() and
		 * printf("…") in a comment */
		// abort();
		const char *text = "call exit(3) \" printf(x)"; char c = '"';
		int a = snprintf(b, 1, "x") + engine_exit(1) + ops->exit(2) + my_printf(3);
		_exit(1);
	C
	printf 'int main(void)\n{\n\tprintf("x");\n\texit(0);\n}\n' >"$tree/src/cli/main.c"
}

# rejects FILE SENTENCE: with the lines of standard input appended to FILE, the check says so.
rejects() {
	good_tree
	cat >>"$tree/$1"
	run tools/check-layers "$tree"
	expect_status 1
	expect_text "$SCRATCH/out" "$1:"
	expect_text "$SCRATCH/out" "$2"
	expect_equal 'findings' "$(wc -l <"$SCRATCH/out")" 1
}

good_tree
run tools/check-layers "$tree"
expect_status 0

rejects src/base/a.c 'of a higher tier (3) than base (1)' <<<'#include "net/ring.h"'
rejects include/ringload/a.h 'of a higher tier (1) than ringload (0)' <<<'#include "base/a.h"'
rejects src/engine/a.c 'of the same tier (4) as engine' <<<'#include "target/a.h"'
rejects src/net/sock.c 'of the same tier (3) as net' <<<'  #  include "plan/plan.h"'
rejects src/net/sock.c 'may include "liburing.h"' <<<'#include <liburing.h>'
rejects src/engine/a.c 'may include "linux/io_uring.h"' <<<'#include <linux/io_uring.h>'
rejects src/target/a.c 'may include "bpf/libbpf.h"' <<<'#include <bpf/libbpf.h>'
rejects src/target/a.c 'may include "null.skel.h"' <<<'#include "null.skel.h"'
rejects src/engine/a.c 'names no folder' <<<'#include "b.h"'
rejects src/engine/a.c 'a folder without a tier' <<<'#include "util/b.h"'
rejects bpf/a.bpf.c 'bpf/ may include ringload/' <<<'#include "base/a.h"'
rejects src/engine/a.c 'does not call printf()' <<<'	printf("x");'
rejects src/engine/a.c 'does not call fprintf()' <<<'	/* so */ fprintf (stderr, "x");'
rejects src/base/a.c 'does not call perror()' <<<'	perror("x");'
rejects src/base/a.c 'does not call warnx()' <<<'	warnx("x");'
rejects src/base/a.c 'does not call exit()' <<<'	if (a) exit(1);'
rejects src/base/a.c 'does not call abort()' <<<'	abort();'
rejects src/cli/run.c 'does not call exit()' <<<'	exit(0);'

good_tree
mkdir "$tree/src/util"
echo 'int a;' >"$tree/src/util/a.c"
run tools/check-layers "$tree"
expect_status 1
expect_text "$SCRATCH/out" 'folder "util" has no tier'

# Sizes are told and do not fail.
good_tree
{
	printf 'static void long_one(void)\n{\n'
	for _ in {1..71}; do printf '\ta++;\n'; done
	printf '}\n'
	for _ in {1..600}; do printf 'int a;\n'; done
} >"$tree/src/base/long.c"
run tools/check-layers "$tree"
expect_equal 'without --sizes' "$(cat "$SCRATCH/out")" ''
run tools/check-layers --sizes "$tree"
expect_status 0
expect_text "$SCRATCH/out" 'src/base/long.c:2: warning: a function of 71 lines, more than 70'
expect_text "$SCRATCH/out" 'src/base/long.c: warning: 674 lines, more than 600'

# Nothing to look at is an error, not a success.
run tools/check-layers "$SCRATCH"
expect_status 2
