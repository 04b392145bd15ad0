#!/bin/bash
# SPDX-License-Identifier: MIT
# Methods, headers, bodies, and responses of every framing.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh

serve --route '/large size=300K' --route '/chunks size=20K chunked=1K' --route '/none status=204' \
	--route '/unchanged status=304' --route '/mixed status=200:40,404:30,503:30'

# exchanged: bytes the client counted agree with those the target counted, for the same requests.
fresh() {
	before=$(stats .bytes.received)
}
exchanged() {
	expect_equal "bytes of $1 at the target" "$(($(stats .bytes.received) - before))" \
		"$(record .bytes.sent)"
}

# of A METHOD on a route: load, and every request answered well.
of() {
	fresh
	load -n 100 -c 4 "$@"
	expect_record '.requests.completed == 100 and .outcome.ok == 100'
	exchanged "$*"
}

of "$url/"
plain=$(record .bytes.sent)
of -X HEAD "$url/large"
expect_record '.bytes.received < 100000'
of -X DELETE "$url/"
of -H 'X-Test: yes' "$url/"
expect_equal 'bytes of a header' "$(record .bytes.sent)" $((plain + 100 * 13))
of -H 'X-One: 1' -H 'X-Two: 2' -H 'User-Agent:  me' "$url/"

# A body makes it a POST, from the command line or a file, with bytes of any value.
of -b '{"id": 7}' "$url/"
expect_record '.scenarios[0].requests[0].name == "POST /"'
of -b '' "$url/"
of -X PUT -b x "$url/"
expect_record '.scenarios[0].requests[0].name == "PUT /"'
head -c 100000 /dev/urandom >"$SCRATCH/body"
of --body-file "$SCRATCH/body" "$url/"
expect_record '.bytes.sent > 10000000'

# Responses: larger than any buffer, in chunks, without a body.
of "$url/large"
expect_record '.bytes.received > 100 * 300 * 1024'
of "$url/chunks"
expect_record '.bytes.received > 100 * 20 * 1024'
of "$url/none"
expect_record '.status == {"204": 100}'
of "$url/unchanged"
expect_record '.status == {"304": 100}'
of --pipeline 4 -X HEAD "$url/large"
of --pipeline 4 "$url/chunks"

# Statuses that are not fine are counted apart, and they are errors.
load -n 600 -c 4 "$url/mixed"
expect_record '.requests.completed == 600 and .status["200"] == .outcome.ok'
expect_record '.status["404"] == .outcome.status_4xx and .status["503"] == .outcome.status_5xx'
expect_record '.outcome.status_4xx > 100 and .outcome.status_5xx > 100'
expect_record '(.error_rate - (.outcome.status_4xx + .outcome.status_5xx) / 600) | fabs < 1e-9'

# Another place to connect to; the Host header stays that of the URL.
load -n 10 -c 1 --connect-to "127.0.0.1:$port" http://example.invalid/
expect_record ".target.addresses[0].address == \"127.0.0.1:$port\" and .requests.completed == 10"
