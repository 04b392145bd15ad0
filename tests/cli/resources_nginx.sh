#!/bin/bash
# SPDX-License-Identifier: MIT
# A server of a master and a worker: both are read, and so is the worker that a reload starts.
source tests/assert.sh
source tests/load.sh
source tests/nginx.sh
source tests/resources.sh

nginx_start ""

reload() {
	sleep 1.5
	kill -HUP "$nginx_pid"
}
reload &
attempt -r 1000 -c 16 -d 4s "$nginx_url/hello"
wait $!
expect_accounted
expect_read
expect_resources ".resources.processes | any(.[]; .pid == $nginx_pid and (.began or .ended | not))"
expect_resources '.resources.processes | map(select(.began)) | length == 1'
expect_resources 'counted("started") == 1 and level("processes").max >= 2'
# The old worker ends when its connections have, which may be later; then it was a restart.
expect_resources 'counted("exited") <= 1 and counted("restarts") == counted("exited")'
expect_resources 'counted("cpu_ns") > 0 and level("open_files").max > 16'
