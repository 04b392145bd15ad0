#!/bin/bash
# SPDX-License-Identifier: MIT
# Servers that say what they should not: before they were asked, after they have answered, or nearly
# right.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/hostile.sh

# Nearly right is wrong: of each list every text.
calm -c 30 -n 30
for mode in status-lines heads chunks; do
	face $mode -c 30 -n 30
	expect_record '.requests | .sent == 30 and .failed.parse == 30'
	texts=$(did texts)
	if [ "$texts" -lt 10 ] || [ "$texts" -gt 30 ]; then
		fail "$mode: $texts texts"
	fi
	# What is shown of it does nothing to a terminal.
	expect_text "$SCRATCH/out" 'odd bytes'
	! LC_ALL=C grep -q '[[:cntrl:]]' "$SCRATCH/out" || fail "$mode: control characters" "$SCRATCH/out"
done

answers=yes
calm -c 4 -n 40
answers=yes

# Behind an answer: it counts, and the connection is replaced.
for mode in twice garbage; do
	face $mode -c 4 -n 40
	expect_record '.requests.completed == 40 and .connections.unsolicited == 40'
	expect_record '.odd_bytes[0].reason == "bytes that no request had asked for"'
done

# The same between pipelined requests: the second answer is the next one's, HTTP/1.1 cannot tell;
# garbage is nobody's.
face twice -c 4 -n 40 --pipeline 4
expect_record '.requests.completed == 40 and .connections.unsolicited >= 1'
face garbage -c 4 -n 40 --pipeline 4
expect_record '.requests | .completed >= 4 and .failed.parse >= 1
	and .completed + .failed.parse + .failed.collateral == 40'

# Before a request: whoever waits idle for the start shows it.
face early -c 4 -n 40
expect_record '.requests.completed == 40 and .connections.unsolicited >= 4'

# A close that was only promised.
face close-told -c 4 -n 40
expect_record '.requests.completed == 40 and .connections.closed_by_peer == 40'
