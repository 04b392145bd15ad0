#!/bin/bash
# SPDX-License-Identifier: MIT
# How requests leave, and bodies from files: every byte arrives, whichever way it was sent, and the
# record says which way that was.
# test-timeout: 150
source tests/assert.sh
source tests/load.sh
source tests/serving.sh

serve --route '/small size=10'
head -c 1024 /dev/urandom >"$SCRATCH/1K"
head -c 1048576 /dev/urandom >"$SCRATCH/1M"
head -c 104857600 /dev/zero >"$SCRATCH/100M"

# send COUNT OPTION... URL: each was answered, and the target received as many bytes as were sent.
send() {
	local count=$1 before

	shift
	before=$(stats .bytes.received)
	load -n "$count" --timeout 60s "$@" "$url/small"
	expect_all_answered "$count" 200
	# One of the requests for the statistics is among them.
	expect_equal "bytes of $*" "$(($(stats .bytes.received) - before - $(asked)))" \
		"$(record .bytes.sent)"
}

# Bytes of one request for the statistics.
asked() {
	local first

	first=$(stats .bytes.received)
	echo $(($(stats .bytes.received) - first))
}

# expect_sends PATH PLAIN ZERO_COPY COPIED
expect_sends() {
	expect_record ".environment.send_path == \"$1\""
	expect_record ".generator.sends == {plain: $2, zero_copy: $3, copied: $4, unreported: 0}"
}

# Loopback always copies, and says so: auto tries once.
for body in 1K:200 1M:50 100M:4; do
	count=${body#*:}
	file=$SCRATCH/${body%:*}
	size=$(stat -c %s "$file")
	send "$count" -c 3 --send plain --body-file "$file"
	expect_sends send "$count" 0 0
	expect_record ".bytes.sent > $count * $size and .bytes.sent < $count * ($size + 300)"
	send "$count" -c 3 --send zero-copy --body-file "$file"
	expect_record '.bytes.sent > 0'
	expect_sends send_zc 0 "$count" "$count"
	expect_text "$SCRATCH/out" "$count of $count sends zero-copy, of which the kernel copied $count"
	send "$count" -c 3 --body-file "$file"
	if [ "$size" -gt 16384 ]; then
		expect_sends send $((count - 1)) 1 1
		expect_text "$SCRATCH/out" \
			"1 of $count sends zero-copy, of which the kernel copied 1; the others plain"
	else
		expect_sends send "$count" 0 0
		expect_no_text "$SCRATCH/out" zero-copy
	fi
done

# Several requests in one send, over several workers, in open loop.
send 3000 -c 8 --pipeline 8 --send zero-copy
expect_record '.generator.sends | .zero_copy == .copied and .plain == 0 and .zero_copy > 300'
if [ "$(nproc)" -ge 2 ]; then
	send 200 -c 8 -t 2 --send zero-copy --body-file "$SCRATCH/1M"
	expect_sends send_zc 0 200 200
fi
send 100 -c 4 -r 500 --send zero-copy -b 'a body'
expect_sends send_zc 0 100 100

# One copy of the body for all connections.
run "$RINGLOAD" run --dry-run -c 500 --body-file "$SCRATCH/100M" "$url/"
expect_status 0
expect_text "$SCRATCH/out" '100 MiB the request, sent from there by all'
expect_text "$SCRATCH/out" 'zero-copy while the kernel does not copy'
if [ "$VARIANT" = release ]; then
	run bash -c "ulimit -v 600000; exec '$RINGLOAD' run -q --probe off -n 4 -c 100 -t 1 \
		--body-file '$SCRATCH/100M' '$url/small'"
	[ "$status" = 0 ] || expect_status 4
	expect_text "$SCRATCH/out" '4 sent = 4 completed'
fi

# What does not fit.
run "$RINGLOAD" run --memory 50M --body-file "$SCRATCH/100M" "$url/"
expect_status 3
expect_text "$SCRATCH/err" '100M" has 100 MiB, --memory allows 50.0 MiB for everything: raise --memory'
run "$RINGLOAD" run --memory 101M --body-file "$SCRATCH/100M" "$url/"
expect_status 3
expect_text "$SCRATCH/err" 'of memory, --memory allows 101 MiB'
truncate -s 513M "$SCRATCH/holes"
run "$RINGLOAD" run --body-file "$SCRATCH/holes" "$url/"
expect_status 2
expect_text "$SCRATCH/err" 'has 513 MiB: expected at most 512 MiB'
run "$RINGLOAD" run --send fast "$url/"
expect_status 2
expect_text "$SCRATCH/err" '--send'

# An ordinary user may lock little memory: auto copies then and says why, zero-copy does not begin.
cp "$RINGLOAD" "$SCRATCH/ringload"
chmod 755 "$SCRATCH" "$SCRATCH/ringload"
as_user=(prlimit --memlock=1048576:1048576)
if [ "$(id -u)" = 0 ]; then
	as_user+=(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all)
fi
head -c 4194304 /dev/zero >"$SCRATCH/4M"
run "${as_user[@]}" "$SCRATCH/ringload" run -q --probe off -n 20 -c 2 --body-file "$SCRATCH/4M" \
	--json - "$url/small"
cp "$SCRATCH/out" "$record"
expect_measured 'as an ordinary user'
expect_sends send 20 0 0
expect_record '.notes | any(contains("requests were copied on sending: 4.00 MiB of memory could not be locked for zero-copy sends: Cannot allocate memory (the limit of locked memory: ulimit -l)"))'
run "${as_user[@]}" "$SCRATCH/ringload" run -q --probe off -n 20 -c 2 -t 1 --send zero-copy \
	--body-file "$SCRATCH/4M" "$url/small"
expect_status 3
expect_text "$SCRATCH/err" '--send zero-copy: the kernel refused to lock 4.00 MiB of memory: raise the limit of locked memory as root with "ulimit -l 4101" (or "ulimit -l unlimited") before, or use --send auto, which copies then'
run "${as_user[@]}" "$SCRATCH/ringload" run -q --probe off -n 20 -c 2 --send zero-copy --json - \
	-b 'small enough' "$url/small"
cp "$SCRATCH/out" "$record"
expect_measured 'as an ordinary user, a little'
expect_sends send_zc 0 20 20

# A server that stands still takes a part of a body and acknowledges no more: the requests time out,
# their connections are replaced, and nothing waits for what the kernel still holds of them.
head -c 20000000 /dev/zero >"$SCRATCH/20M"
kill -STOP "$server"
for way in plain zero-copy; do
	attempt -n 6 -c 2 --timeout 300ms --drain 1s --send "$way" --body-file "$SCRATCH/20M" "$url/small"
	expect_status 5
	expect_accounted
	expect_record '.requests | .sent == 6 and .timed_out == 6'
	expect_record '.connections.replaced >= 4 and .window.duration_s < 5'
done
kill -CONT "$server"
