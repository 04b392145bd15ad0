#!/bin/bash
# SPDX-License-Identifier: MIT
# The sources are laid out as clang-format lays them out (`make format` does it).
source tests/assert.sh

clang-format --version | grep -q 'version 14\.' || skip 'clang-format is not version 14'
mapfile -t files < <(find src include bpf tests tools -name '*.[ch]' 2>/dev/null)
[ ${#files[@]} -gt 0 ] || fail 'no sources found'
clang-format --dry-run -Werror "${files[@]}" || fail 'run: make format'
