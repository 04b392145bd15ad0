#!/bin/bash
# SPDX-License-Identifier: MIT
# Responses much larger than a receive buffer, over few and many connections, with buffers of every
# size: whole, and every byte counted.
# test-timeout: 120
source tests/assert.sh
source tests/load.sh
source tests/nginx.sh
source tests/serving.sh
trap 'stop_all; nginx_stop' EXIT

serve --route '/big size=1M' --route '/middle size=64K' --route '/chunks size=1M chunked=100K'

# Bytes of a response, head included.
bytes_of() {
	curl -sS -i --raw "$1" | wc -c
}

# of COUNT OPTION... URL: each response came whole.
of() {
	local count=$1 address=${*: -1}

	shift
	load -n "$count" "$@"
	expect_all_answered "$count" 200
	expect_equal "bytes of $*" "$(record .bytes.received)" $((count * $(bytes_of "$address")))
}

of 200 -c 4 "$url/big"
of 400 -c 64 "$url/big"
of 200 -c 4 --pipeline 4 "$url/big"
of 100 -c 4 "$url/chunks"
of 2000 -c 16 "$url/middle"

# A size that was asked for; one that cuts every response in the middle of a line.
for size in 1K 1100 10000 64K 1M 4M; do
	of 40 -c 8 --buffer "$size" "$url/big"
	of 100 -c 2 --buffer "$size" --pipeline 3 "$url/"
done
run "$RINGLOAD" run --dry-run --buffer 256K "$url/"
expect_status 0
expect_text "$SCRATCH/out" 'buffers of 256 KiB'
run "$RINGLOAD" run --buffer 100 "$url/"
expect_status 2
run "$RINGLOAD" run --buffer 5M "$url/"
expect_status 2

nginx_start ''
trap 'stop_all; nginx_stop' EXIT
head -c 65536 /dev/urandom >"$SCRATCH/nginx/root/middle"
head -c 1048576 /dev/urandom >"$SCRATCH/nginx/root/large"
head -c 20000000 /dev/urandom >"$SCRATCH/nginx/root/huge"
of 2000 -c 32 "$nginx_url/middle"
of 300 -c 8 "$nginx_url/large"
of 300 -c 100 "$nginx_url/large"
of 10 -c 2 "$nginx_url/huge"
of 60 -c 3 --pipeline 8 "$nginx_url/large"
