/* SPDX-License-Identifier: MIT */
/* The progress line in every state and width, compared with tests/golden/live/. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "report/layout.h"
#include "report/live.h"
#include "tests/unit/golden.h"

static const struct timeline_interval interval = {
	.begin_ns = 3 * NS_PER_S,
	.end_ns = 4 * NS_PER_S + 1000000,
	.scheduled = 50000,
	.sent = 50000,
	.completed = 49912,
	.errors = 17,
	.in_flight = 64,
	.waiting = 1234,
	.p50 = {.value_ns = 200000},
	.p99 = {.value_ns = 1234567},
	.max_ns = 5000000,
};

static void add(struct buf *out, const struct live_view *view, size_t columns)
{
	struct buf line = {0};

	live_line(view, columns, &line);
	assert_false(line.failed);
	assert_null(strchr(buf_string(&line), '\n'));
	assert_true(layout_width(buf_string(&line)) <= columns);
	buf_printf(out, "%3zu|%s\n", columns, buf_string(&line));
	buf_release(&line);
}

static void states(void **state)
{
	struct timeline_interval frozen = interval;
	struct live_view view = {
		.state = LIVE_CONNECTING, .connections = 10000, .connections_established = 2412};
	struct buf out = {0};

	(void)state;
	add(&out, &view, 100);
	view = (struct live_view){.state = LIVE_WARMUP,
		.asked_rps = 50000,
		.has_left = true,
		.left_ns = 11 * NS_PER_S - 1};
	add(&out, &view, 100);
	view.interval = &interval;
	add(&out, &view, 100);
	view.state = LIVE_MEASURING;
	view.left_ns = 754 * NS_PER_S;
	add(&out, &view, 100);
	view.left_ns = 2 * 3600 * NS_PER_S + 61 * NS_PER_S;
	add(&out, &view, 100);
	view.has_left = false;
	view.elapsed_ns = 12 * NS_PER_S;
	view.asked_rps = 0;
	add(&out, &view, 100);
	frozen.p99.lower_bound = true;
	frozen.p99.value_ns = 10 * NS_PER_S;
	view.interval = &frozen;
	add(&out, &view, 100);
	frozen.completed = 0;
	frozen.max_ns = 0;
	add(&out, &view, 100);
	view.state = LIVE_DRAINING;
	view.has_left = true;
	view.elapsed_ns = 2 * NS_PER_S;
	view.interval = &interval;
	add(&out, &view, 100);
	view.interrupted = true;
	add(&out, &view, 110);
	golden_compare("live/states.txt", buf_string(&out));
	buf_release(&out);
}

/* Whole fields are left out from the right. */
static void widths(void **state)
{
	const struct live_view view = {.state = LIVE_MEASURING,
		.interval = &interval,
		.asked_rps = 50000,
		.has_left = true,
		.left_ns = 6 * NS_PER_S};
	struct buf out = {0};

	(void)state;
	for (size_t columns = 20; columns <= 100; columns += 5)
		add(&out, &view, columns);
	golden_compare("live/widths.txt", buf_string(&out));
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states),
		cmocka_unit_test(widths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
