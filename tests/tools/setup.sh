#!/bin/bash
# SPDX-License-Identifier: MIT
# tools/setup on machines that lack things, played by a PATH with few commands in it.
# shellcheck disable=SC2016 # the machines' commands are written here, not run
source tests/assert.sh

bin=$SCRATCH/bin
mkdir "$bin"
for tool in bash awk cat tr mktemp tail rm chmod; do
	ln -s "$(command -v $tool)" "$bin/$tool"
done

# a_command NAME: from standard input.
a_command() {
	rm -f "$bin/$1"
	{
		echo '#!/bin/bash'
		cat
	} >"$bin/$1"
	chmod +x "$bin/$1"
}

setup() {
	run env PATH="$bin" HERE="$SCRATCH" POLICY_FILE="$SCRATCH/policy" bash tools/setup "$@"
}

# This machine has what the tests need: nothing to do, nothing to say.
run tools/setup build test
expect_status 0
expect_equal 'output' "$(cat "$SCRATCH/out" "$SCRATCH/err")" ''

run tools/setup everything
expect_status 2
expect_text "$SCRATCH/err" '"everything" is none of build, test'

# No package manager.
setup build
expect_status 3
expect_text "$SCRATCH/err" 'no apt-get, dnf or pacman here'

# An ordinary user is told the command.
a_command id <<<'echo 1000'
a_command apt-get <<<'echo "$*" >>"$HERE/apt"'
setup build
expect_status 3
expect_text "$SCRATCH/err" 'run: sudo apt-get install -y --no-install-recommends gcc'
[ ! -e "$SCRATCH/apt" ] || fail 'apt-get was called without rights' "$SCRATCH/apt"

# Each manager gets its own names.
setup --list build test
expect_status 0
expect_text "$SCRATCH/out" liburing-dev
mv "$bin/apt-get" "$bin/dnf"
setup --list build test
expect_text "$SCRATCH/out" liburing-devel
mv "$bin/dnf" "$bin/pacman"
setup --list build test
expect_text "$SCRATCH/out" liburing
expect_no_text "$SCRATCH/out" -dev
rm "$bin/pacman"

# Root: lists are fetched when the first try fails, no service may start meanwhile.
a_command id <<<'echo 0'
a_command apt-get <<'SH'
echo "$*" >>"$HERE/apt"
[ -x "$POLICY_FILE" ] || echo "services may start" >>"$HERE/apt"
if [ "$1" = update ]; then
	: >"$HERE/updated"
	exit 0
fi
[ -e "$HERE/updated" ] || exit 100
for tool in cc make ar pkg-config clang; do
	printf '#!/bin/bash\nexit 0\n' >"${BASH_SOURCE%/*}/$tool"
	chmod +x "${BASH_SOURCE%/*}/$tool"
done
SH
setup build
expect_status 0
expect_equal 'calls of apt-get' "$(cut -d ' ' -f 1 "$SCRATCH/apt" | tr '\n' ' ')" 'install update install '
expect_no_text "$SCRATCH/apt" 'services may start'
[ ! -e "$SCRATCH/policy" ] || fail 'the policy file was left'

# Once more: idempotent and silent.
rm "$SCRATCH/apt"
setup build
expect_status 0
expect_equal 'output' "$(cat "$SCRATCH/out" "$SCRATCH/err")" ''
[ ! -e "$SCRATCH/apt" ] || fail 'apt-get was called again' "$SCRATCH/apt"

# What fails says how to see more; what does not help is told.
rm "$bin/clang"
a_command apt-get <<<'echo "E: broken"; exit 100'
setup build
expect_status 3
expect_text "$SCRATCH/err" 'E: broken'
expect_text "$SCRATCH/err" 'run it by hand to see more: apt-get install -y --no-install-recommends clang'
a_command apt-get <<<'exit 0'
setup build
expect_status 3
expect_text "$SCRATCH/err" 'installed, yet still missing: clang'
