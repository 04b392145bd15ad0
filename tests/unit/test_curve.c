/* SPDX-License-Identifier: MIT */
/* Latency against load as a picture, and its axes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "report/curve_axis.h"
#include "report/search.h"
#include "tests/unit/golden.h"
#include "tests/unit/search_sample.h"
#include "tests/unit/xml_peer.h"

/* Prints how many trials there are, how many of each mark, and how many lines of thresholds;
 * asserts that all stands within the picture, that each trial says what it is, and that nothing is
 * run or loaded. */
static const char reader[] =
	"import re, sys, xml.etree.ElementTree as tree\n"
	"svg = '{http://www.w3.org/2000/svg}'\n"
	"root = tree.parse(sys.argv[1]).getroot()\n"
	"width, height = int(root.get('width')), int(root.get('height'))\n"
	"assert root.get('role') == 'img' and root.get('aria-labelledby') == 'title desc'\n"
	"assert [e.get('id') for e in root][:2] == ['title', 'desc']\n"
	"for e in root.iter():\n"
	"    assert e.tag != svg + 'script' and 'href' not in ' '.join(e.keys())\n"
	"    assert 'url(' not in (e.text or '') or e.tag != svg + 'style'\n"
	"    x, y = e.get('x', e.get('cx')), e.get('y', e.get('cy'))\n"
	"    assert x is None or 0 <= float(x) <= width, tree.tostring(e)\n"
	"    assert y is None or 0 <= float(y) <= height, tree.tostring(e)\n"
	"    for start in re.findall('M([0-9.-]+) ([0-9.-]+)', e.get('d', '')):\n"
	"        assert 0 <= float(start[0]) <= width and 0 <= float(start[1]) <= height\n"
	"    for x, y in re.findall('([^ ]+),([^ ]+)', e.get('points', '')):\n"
	"        assert 0 <= float(x) <= width and 0 <= float(y) <= height\n"
	"trials = [g for g in root.iter(svg + 'g')]\n"
	"assert all(g.find(svg + 'title').text.startswith('trial ') for g in trials)\n"
	"marks = [m for g in trials for m in g]\n"
	"count = lambda word: len([m for m in marks if word in m.get('class', '')])\n"
	"goals = [e for e in root.iter(svg + 'path') if 'goal' in e.get('class')]\n"
	"bands = [e for e in root.iter(svg + 'rect') if e.get('class') == 'band']\n"
	"print(len(trials), 'trials', count('cross'), 'crosses', count('ring'), 'rings', "
	"count('arrow'), 'arrows', len(goals), 'goals', len(bands), 'bands', end='')\n";

static void compare(const char *name, const char *expected, struct search_record *record)
{
	struct buf out = {0};
	char said[256];

	report_search_svg(record, &out);
	assert_false(out.failed);
	xml_peer_read(&out, reader, said, sizeof(said));
	assert_string_equal(said, expected);
	if (name)
		golden_compare(name, buf_string(&out));
	buf_release(&out);
	search_record_release(record);
}

static void a_whole_search(void **state)
{
	struct search_record record;

	(void)state;
	search_sample_found(&record, 2000);
	compare("search/found.svg", "12 trials 12 crosses 3 rings 0 arrows 2 goals 2 bands",
		&record);
}

static void one_trial(void **state)
{
	const struct search_sample_trial trial = {
		SEARCH_RANGE, 1500, 2, SEARCH_PASS, 2000, 0, NULL};
	struct search_record record;

	(void)state;
	search_sample_init(&record);
	search_sample_add(&record, &trial);
	search_sample_answer(&record, SEARCH_UNDECIDED, 1500, 0);
	compare("search/one_trial.svg", "1 trials 0 crosses 0 rings 0 arrows 2 goals 0 bands",
		&record);
}

static void many_trials(void **state)
{
	struct search_record record;

	(void)state;
	search_sample_init(&record);
	for (unsigned int i = 0; i < 60; i++) {
		double rps = i < 12 ? 1000 * (i + 1) : 11500 + (i * 37) % 1000;
		const struct search_sample_trial trial = {i < 12 ? SEARCH_RANGE : SEARCH_NARROW,
			rps, i % 10 ? 2 : 20, rps > 12000 ? SEARCH_FAIL : SEARCH_PASS, 500, 0,
			rps > 12000 ? "it fell behind" : NULL};

		search_sample_add(&record, &trial);
	}
	search_sample_answer(&record, SEARCH_FOUND, 11993, 12009);
	compare("search/many_trials.svg", "60 trials 84 crosses 0 rings 0 arrows 2 goals 1 bands",
		&record);
}

static void no_trial(void **state)
{
	struct search_record record;

	(void)state;
	search_sample_init(&record);
	compare("search/no_trial.svg", "0 trials 0 crosses 0 rings 0 arrows 2 goals 0 bands",
		&record);
}

/* Trials without an answer, and with a few: they have a place all the same. */
static void unanswered(void **state)
{
	const struct search_sample_trial trials[] = {
		{SEARCH_RANGE, 100, 2, SEARCH_FAIL, 10, 190, "95 % timed out"},
		{SEARCH_RANGE, 50, 2, SEARCH_FAIL, 0, 0, "nothing was answered"},
		{SEARCH_RANGE, 200, 2, SEARCH_GENERATOR, 100, 0, "the generator was too late"},
	};
	struct search_record record;

	(void)state;
	search_sample_init(&record);
	for (size_t i = 0; i < 3; i++)
		search_sample_add(&record, &trials[i]);
	search_sample_answer(&record, SEARCH_BELOW_LOWEST, 0, 50);
	compare("search/unanswered.svg", "3 trials 4 crosses 3 rings 3 arrows 2 goals 0 bands",
		&record);
}

/* What a stored record could hold. */
static void add_odd_law(struct search_record *record)
{
	static const struct search_usl_level levels[] = {
		{1e-300, 1e300}, {1, 1e-300}, {1e300, 1}, {2, 1e12}};

	record->usl = (struct search_usl){.status = SEARCH_USL_FITTED,
		.levels = malloc(sizeof(levels)),
		.level_count = 4,
		.lambda_rps = 1e300,
		.sigma = 1,
		.kappa = 1e300};
	memcpy(record->usl.levels, levels, sizeof(levels));
}

static void hostile(void **state)
{
	static const char *const goals[] = {"p99<200ms\"/><script>alert(1)</script>", "]]>",
		"p99<1000h", "p99<1ns", "service.p99<1ms", "p50>1ms", "error_rate<1%", "max<2ms",
		"mean<1.99ms", "p95<0ns"};
	const size_t goal_count = sizeof(goals) / sizeof(*goals);
	struct search_sample_trial trial = {
		SEARCH_RANGE, 1e12, 1, SEARCH_FAIL, 10, 0, "<b>&\"\xff\x01\n"};
	struct search_record record;

	(void)state;
	search_sample_init(&record);
	result_texts_release(record.goal.thresholds, record.goal.threshold_count);
	record.goal.thresholds = malloc(sizeof(goals));
	for (size_t i = 0; i < goal_count; i++)
		record.goal.thresholds[i] = strdup(goals[i]);
	record.goal.threshold_count = goal_count;
	free(record.url);
	record.url = strdup("http://a/?<&\"\xff\x01");
	trial.rps = 1000;
	search_sample_add(&record, &trial);
	record.trials[0].result.run.latency[RESULT_TOTAL].quantile[RESULT_P50].value_ns = 0;
	record.trials[0].result.run.completed_rps = -1e300;
	search_sample_answer(&record, SEARCH_UNDECIDED, 1e300, 1e-300);
	add_odd_law(&record);
	compare(NULL, "1 trials 3 crosses 0 rings 0 arrows 2 goals 2 bands", &record);
}

/* --- axes --- */

static void write_ticks(char *text, size_t bytes, const struct curve_axis *axis)
{
	double ticks[CURVE_AXIS_TICKS];
	size_t count = curve_axis_ticks(axis, ticks), used = 0;

	*text = '\0';
	for (size_t i = 0; i < count; i++)
		used += (size_t)snprintf(text + used, bytes - used, "%s%g", i ? " " : "", ticks[i]);
}

static void ticks_of_loads(void **state)
{
	static const struct {
		double most;
		const char *ticks;
	} rows[] = {
		{0, "0 0.2 0.4 0.6 0.8 1"},
		{0.0 / 0.0, "0 0.2 0.4 0.6 0.8 1"},
		{10, "0 2 4 6 8 10"},
		{24000, "0 5000 10000 15000 20000 25000"},
		{35000, "0 5000 10000 15000 20000 25000 30000 35000"},
		{100000, "0 20000 40000 60000 80000 100000"},
	};
	struct curve_axis axis;
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		curve_axis_init_linear(&axis, rows[i].most, 0, 100);
		write_ticks(text, sizeof(text), &axis);
		assert_string_equal(text, rows[i].ticks);
	}
}

static void ticks_of_latencies(void **state)
{
	static const struct {
		double least, most;
		const char *ticks;
	} rows[] = {
		{0, 0, "0.5 1 2 5"},
		{3e6, 3e6, "1e+06 2e+06 5e+06 1e+07"},
		{8e5, 3e7, "500000 1e+06 2e+06 5e+06 1e+07 2e+07 5e+07"},
		{1e6, 1e9, "1e+06 2e+06 5e+06 1e+07 2e+07 5e+07 1e+08 2e+08 5e+08 1e+09"},
		{1e5, 1e10, "100000 1e+06 1e+07 1e+08 1e+09 1e+10"},
		{1, 1e18, "1 100 10000 1e+06 1e+08 1e+10 1e+12 1e+14 1e+16 1e+18"},
	};
	struct curve_axis axis;
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		curve_axis_init_log(&axis, rows[i].least, rows[i].most, 100, 0);
		write_ticks(text, sizeof(text), &axis);
		assert_string_equal(text, rows[i].ticks);
	}
}

static void places_on_axes(void **state)
{
	struct curve_axis axis;

	(void)state;
	curve_axis_init_linear(&axis, 1000, 10, 220);
	assert_float_equal(curve_axis_at(&axis, 0), 10, 1e-9);
	assert_float_equal(curve_axis_at(&axis, 1000), 210, 1e-9);
	assert_float_equal(curve_axis_at(&axis, 1e300), 220, 1e-9);
	assert_float_equal(curve_axis_at(&axis, -5), 10, 1e-9);
	curve_axis_init_log(&axis, 1e6, 1e9, 300, 0);
	assert_float_equal(curve_axis_at(&axis, 1e6), 300, 1e-9);
	assert_float_equal(curve_axis_at(&axis, 1e7), 200, 1e-9);
	assert_float_equal(curve_axis_at(&axis, 1e9), 0, 1e-9);
	assert_float_equal(curve_axis_at(&axis, 0), 300, 1e-9);
	assert_float_equal(curve_axis_at(&axis, 1e300), 0, 1e-9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_search),
		cmocka_unit_test(one_trial),
		cmocka_unit_test(many_trials),
		cmocka_unit_test(no_trial),
		cmocka_unit_test(unanswered),
		cmocka_unit_test(hostile),
		cmocka_unit_test(ticks_of_loads),
		cmocka_unit_test(ticks_of_latencies),
		cmocka_unit_test(places_on_axes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
