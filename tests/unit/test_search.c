/* SPDX-License-Identifier: MIT */
/* A search against the embedded server, and how it ends when it is interrupted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "analysis/exit.h"
#include "search/search.h"
#include "tests/unit/target_peer.h"

struct bench {
	struct peer_server server;
	char url[64];
	struct scenario scenario;
	struct threshold_list thresholds;
	struct search_options options;
	bool raised;
};

/* Ctrl-C as soon as there is an answer. */
static void interrupt_the_answer(void *context, const struct search_record *record)
{
	struct bench *bench = context;

	if (bench->raised || !record->answer.precise || !record->answer.lower_confirmed ||
		!record->answer.upper_confirmed)
		return;
	bench->raised = true;
	raise(SIGINT);
}

static void open_bench(struct bench *bench)
{
	static const char *const routes[] = {"/ capacity=300", NULL};
	struct err err = {0};

	memset(bench, 0, sizeof(*bench));
	peer_open(&bench->server, routes, NULL);
	snprintf(bench->url, sizeof(bench->url), "http://127.0.0.1:%u/", bench->server.port);
	scenario_init(&bench->scenario);
	bench->scenario.url = bench->url;
	bench->scenario.connections = 8;
	bench->scenario.workers = 1;
	bench->scenario.open_loop = true;
	bench->scenario.rate_mrps = 1000000;
	bench->scenario.timeout_ns = NS_PER_S;
	bench->options = (struct search_options){
		.run = {.thresholds = &bench->thresholds,
			.attribution = {.mode = ATTRIBUTION_AUTO, .probe = {.sample = 1}},
			.observation = {.mode = OBSERVATION_OFF}},
		.stepper = {.first_rps = 200,
			.lowest_rps = 10,
			.highest_rps = 1000,
			.precision = 0.5,
			.budget_ns = 10 * NS_PER_S,
			.trial_ns = 250 * NS_PER_MS,
			.confirm_ns = 300 * NS_PER_MS},
		.told = interrupt_the_answer,
		.context = bench,
	};
	if (threshold_list_add(&bench->thresholds, "p95<100ms", &err) ||
		threshold_list_add(&bench->thresholds, "error_rate<1%", &err) ||
		scenario_check(&bench->scenario, &err))
		fail_msg("%s", err.text);
}

static void close_bench(struct bench *bench)
{
	run_end_signals();
	threshold_list_release(&bench->thresholds);
	scenario_release(&bench->scenario);
	peer_close(&bench->server);
}

static bool says_unexplained(const struct search_record *record)
{
	for (size_t i = 0; i < record->note_count; i++)
		if (!strcmp(record->notes[i], SEARCH_UNEXPLAINED))
			return true;
	return false;
}

/* Where the server can be looked into, trials that explain were to come; the interval is whole. */
static void an_answer_that_was_found_stays(void **state)
{
	struct search_record record;
	struct bench bench;
	struct err err = {0};
	bool looked = false;

	(void)state;
	open_bench(&bench);
	if (search_execute(&bench.scenario, &bench.options, &record, &err))
		fail_msg("%s", err.text);
	for (size_t i = 0; i < record.trial_count; i++)
		looked |= record.trials[i].result.kernel.measured;
	assert_false(record.interrupted);
	if (bench.raised) {
		assert_int_equal(record.answer.kind, SEARCH_FOUND);
		assert_int_equal(exit_decide_search(ERR_NONE, &record), EXIT_PASS);
		assert_null(strstr(record.answer.sentence, "interrupted"));
		assert_int_equal(says_unexplained(&record), looked);
	} else {
		print_message(
			"the machine was too busy for an answer: %s\n", record.answer.sentence);
		assert_false(says_unexplained(&record));
	}
	search_record_release(&record);
	close_bench(&bench);
	if (!bench.raised)
		skip();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_that_was_found_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
