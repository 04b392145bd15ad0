#!/bin/bash
# SPDX-License-Identifier: MIT
# Ctrl-C in two stages: the first drains, the second stops at once, and both report what was
# measured until then.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh

serve --route '/slow service=fixed:400ms' --route '/slower service=fixed:3s'

# begin ARGUMENT...: a run in the background that has answers already; its id is in `runner`.
begin() {
	rm -f "$record"
	answered=$(stats .responses)
	start "$RINGLOAD" run --json "$record" "$@" >"$SCRATCH/out" 2>"$SCRATCH/err"
	runner=$pid
	wait_for 20 has_answers || fail 'the run got no answer' "$SCRATCH/err"
}
has_answers() {
	[ "$(stats .responses)" -gt $((answered + 3)) ]
}

# end: its exit status.
end() {
	SECONDS=0
	wait "$runner"
	status=$?
	expect_record .complete
	expect_accounted
}

# was_interrupted: what every interrupted run says.
was_interrupted() {
	expect_status 130
	expect_record '.window.interrupted and .validity.verdict == "interrupted"'
	expect_record '.window.duration_s > 0 and .window.duration_s < 50 and .window.planned_s == 60'
	[ -s "$SCRATCH/out" ] || fail 'no report'
}

for signal in INT TERM HUP; do
	begin -r 20 -d 1m -c 16 "$url/slow"
	kill -$signal "$runner"
	end
	was_interrupted
	# Drained: what was due has its answer.
	expect_record '.requests | .completed == .scheduled and .in_flight == 0 and .unsent == 0'
	expect_text "$SCRATCH/err" 'interrupted: waiting for what is outstanding, once more stops at once'
done

# A closed loop.
begin -d 1m -c 4 "$url/slow"
kill -INT "$runner"
end
was_interrupted
expect_record '.requests.completed == .requests.sent'

# Twice: nothing is waited for, though the drain would have been long.
begin -r 50 -d 1m -c 64 --timeout 50s "$url/slow"
kill -STOP "$server"
sleep 0.5
kill -INT "$runner"
sleep 0.3
kill -0 "$runner" 2>/dev/null || fail 'the first signal did not drain' "$SCRATCH/err"
kill -INT "$runner"
end
kill -CONT "$server"
[ $SECONDS -le 10 ] || fail "the second signal took $SECONDS s"
was_interrupted
expect_record '.requests | .in_flight > 5 and .completed > 0'
expect_record '.latency_ns.total.censored > 5'
expect_text "$SCRATCH/err" 'interrupted again: stopping at once'

# Once in the drain changes nothing: the window is whole.
start "$RINGLOAD" run --probe "$probe" -r 10 -d 1s -c 16 --json "$record" "$url/slower" \
	>"$SCRATCH/out" 2>"$SCRATCH/err"
runner=$pid
all_are_sent() {
	[ "$(stats .in_progress)" = 10 ]
}
wait_for 20 all_are_sent || fail 'the run did not send its requests' "$SCRATCH/err"
sleep 0.5
kill -INT "$runner"
end
expect_measured
expect_record '.requests.scheduled == 10 and .requests.completed == 10'
expect_record '.window.interrupted == false and .window.duration_s == 1 and .window.drain_s > 2'

# While connections are being made nothing was measured.
begin_connecting() {
	rm -f "$record"
	start "$RINGLOAD" run -c 6000 -r 10 --json "$record" "$url/" >"$SCRATCH/out" 2>"$SCRATCH/err"
	runner=$pid
	wait_for 20 are_connecting || fail 'no connections' "$SCRATCH/err"
}
are_connecting() {
	[ "$(stats .connections.open)" -gt 100 ]
}
begin_connecting
kill -INT "$runner"
wait "$runner"
expect_equal 'exit code' $? 130
expect_text "$SCRATCH/err" 'interrupted before'
[ ! -e "$record" ] || fail 'a record of nothing was written'
