#!/bin/bash
# SPDX-License-Identifier: MIT
# Connections that end at each byte of the exchange, closed or reset: every place is told as what it
# is. The server gives each connection a byte more than the one before, and as many connections as
# there are places send a request each.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/hostile.sh

# at_each PLACES MODE COUNT...: so many of each outcome ("completed=1 short=42"), and no others.
at_each() {
	local places=$1 mode=$2 outcome wanted='{}'

	shift 2
	answers=''
	for outcome; do
		[ "${outcome%=*}" != completed ] || answers=yes
		wanted="$wanted + {\"${outcome%=*}\": ${outcome#*=}}"
	done
	face "$mode" -c "$places" -n "$places"
	expect_record ".requests.sent == $places and ((.requests.failed + {
		completed: .requests.completed, timed_out: .requests.timed_out})
		| with_entries(select(.value > 0))) == ($wanted)"
}

calm -c 70 -n 70

# 43 bytes: status line 17, Content-Length 19, empty line 2, body 5.
at_each 44 cut-length closed=1 short=42 completed=1
at_each 44 reset-length reset=1 short=42 completed=1
# 68 bytes: status line, Transfer-Encoding 28, empty line, a chunk of 10, the last with a trailer 11.
at_each 69 cut-chunks closed=1 short=67 completed=1
at_each 69 reset-chunks reset=1 short=67 completed=1
# 24 bytes, of which the last 5 are a body that any close ends, and no reset.
at_each 25 cut-close closed=1 short=18 completed=6
at_each 25 reset-close reset=1 short=24

# Of a request, from none to all of its bytes were read.
calm -c 200 -n 200
at_each 200 reset-request reset=200
expect_record '.bytes.sent / .requests.sent + 1 <= 200'

# Before a request was read. A connection that ends before one was sent fails none, and one that is
# reset at once may count as refused.
for mode in leave reset; do
	face $mode -c 4 -n 8
	expect_record '.requests | .sent <= 8 and .failed.closed + .failed.reset == .sent'
	expect_record '.requests.sent + .connections.closed_by_peer + .connections.failed.refused >= 8'
done
face leave-unread -c 4 -n 8
expect_record '.requests | .sent == 8 and .failed.reset == 8'

# While a body was still being sent; a 1xx is the beginning of the response.
head -c 4000000 /dev/zero | tr '\0' x >"$SCRATCH/body"
calm -c 4 -n 8 --body-file "$SCRATCH/body"
face reset-upload -c 4 -n 8 --body-file "$SCRATCH/body"
expect_record '.requests | .sent == 8 and .failed.reset == 8'
face reset-continue -c 4 -n 8 --body-file "$SCRATCH/body"
expect_record '.requests | .sent == 8 and .failed.short == 8'
