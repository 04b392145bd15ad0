/* SPDX-License-Identifier: MIT */
/* Defaults, and the sentences about values that do not go together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "scenario/scenario.h"

static struct scenario scenario_of(const char *url)
{
	struct scenario scenario;

	scenario_init(&scenario);
	scenario.url = url;
	return scenario;
}

static struct scenario open_loop_of(uint64_t rate_mrps)
{
	struct scenario scenario = scenario_of("http://localhost/");

	scenario.open_loop = true;
	scenario.rate_mrps = rate_mrps;
	return scenario;
}

static void assert_accepted(struct scenario scenario)
{
	struct err err = {0};

	if (scenario_check(&scenario, &err))
		fail_msg("refused: %s", err.text);
}

static void assert_refused(struct scenario scenario, const char *sentence)
{
	struct err err = {0};

	assert_true(scenario_check(&scenario, &err) < 0);
	assert_int_equal(err.kind, ERR_USAGE);
	assert_string_equal(err.text, sentence);
}

static void test_defaults(void **state)
{
	struct scenario scenario = scenario_of("http://localhost/");

	(void)state;
	assert_int_equal(scenario_check(&scenario, NULL), 0);
	assert_int_equal(scenario.connections, 64);
	assert_int_equal(scenario.workers, 0);
	assert_int_equal(scenario.pipeline, 1);
	assert_int_equal(scenario.duration_ns, 10 * NS_PER_S);
	assert_int_equal(scenario.warmup_ns, 0);
	assert_int_equal(scenario.timeout_ns, 10 * NS_PER_S);
	assert_int_equal(scenario.drain_ns, 10 * NS_PER_S);
	assert_int_equal(scenario.arrival, SCENARIO_CONSTANT);
	assert_int_equal(scenario.pacing, SCENARIO_PACING_AUTO);
	assert_false(scenario.open_loop);
	assert_false(scenario.has_requests);
	assert_false(scenario.has_seed);
	assert_false(scenario.has_max_in_flight);
	assert_true(scenario.memory_limit_bytes > 0);
	assert_string_equal(scenario.method, "GET");
}

static void test_what_depends_on_other_values(void **state)
{
	struct scenario scenario = scenario_of("http://localhost/");

	(void)state;
	scenario.timeout_ns = 3 * NS_PER_S;
	scenario.body = "";
	assert_int_equal(scenario_check(&scenario, NULL), 0);
	assert_int_equal(scenario.drain_ns, 3 * NS_PER_S);
	assert_string_equal(scenario.method, "POST");

	scenario = scenario_of("http://localhost/");
	scenario.drain_ns = 0;
	scenario.body = "x";
	scenario.method = "PUT";
	assert_int_equal(scenario_check(&scenario, NULL), 0);
	assert_int_equal(scenario.drain_ns, 0);
	assert_string_equal(scenario.method, "PUT");
}

static void test_counts(void **state)
{
	struct scenario scenario = scenario_of("http://localhost/");

	(void)state;
	scenario.connections = 2;
	scenario.workers = 4;
	assert_refused(scenario, "-c 2 is less than -t 4: every worker needs a connection of its "
				 "own; ask for at least -c 4 or for fewer workers");
	scenario.workers = 2;
	assert_accepted(scenario);
	scenario.has_requests = true;
	scenario.requests = 1;
	assert_refused(scenario, "-n 1 is less than -t 2: a worker would have nothing to send; ask "
				 "for more requests or for fewer workers");
	scenario.requests = 2;
	assert_accepted(scenario);
	scenario.requests = 0;
	assert_refused(scenario, "-n 0: expected at least 1");
	scenario = scenario_of("http://localhost/");
	scenario.connections = 0;
	assert_refused(scenario, "-c 0: expected at least 1");
	scenario.connections = 2000000;
	assert_refused(scenario, "-c 2000000: expected at most 1,048,576");
	scenario.connections = 1048576;
	assert_accepted(scenario);
	scenario = scenario_of("http://localhost/");
	scenario.pipeline = 0;
	assert_refused(scenario, "--pipeline 0: expected at least 1");
	scenario.pipeline = 5000;
	assert_refused(scenario, "--pipeline 5000: expected at most 1,024");
	scenario = scenario_of("http://localhost/");
	scenario.connections = 5000;
	scenario.workers = 5000;
	assert_refused(scenario, "-t 5000: expected at most 1,024");
}

static void test_times(void **state)
{
	struct scenario scenario = scenario_of("http://localhost/");

	(void)state;
	scenario.duration_ns = 0;
	assert_refused(
		scenario, "-d 0: a run without a duration measures nothing; expected as in -d 10s");
	scenario.duration_ns = UINT64_MAX;
	assert_refused(scenario, "nothing ends the run: give a duration with -d or a number of "
				 "requests with -n");
	scenario.has_requests = true;
	scenario.requests = 10;
	assert_accepted(scenario);
	scenario = scenario_of("http://localhost/");
	scenario.timeout_ns = 0;
	assert_refused(scenario, "--timeout 0: every request would be given up at once; expected "
				 "as in --timeout 10s");
	scenario.timeout_ns = 2 * 86400 * NS_PER_S;
	assert_refused(scenario, "--timeout 2d: expected at most 1d");
	scenario.timeout_ns = 86400 * NS_PER_S;
	assert_accepted(scenario);
	scenario = scenario_of("http://localhost/");
	scenario.drain_ns = 2 * 86400 * NS_PER_S;
	assert_refused(scenario, "--drain 2d: expected at most 1d");
	scenario = scenario_of("http://localhost/");
	scenario.warmup_ns = 400 * 86400 * NS_PER_S;
	assert_refused(scenario, "-w 400d: expected at most 366d");
	scenario.warmup_ns = 0;
	scenario.duration_ns = 400 * 86400 * NS_PER_S;
	assert_refused(scenario, "-d 400d: expected at most 366d");
}

static void test_what_needs_a_rate(void **state)
{
	struct scenario scenario = scenario_of("http://localhost/");

	(void)state;
	scenario.arrival = SCENARIO_POISSON;
	assert_refused(scenario, "--arrival poisson needs a rate: give one with -r, as in -r 10k");
	scenario.arrival = SCENARIO_CONSTANT;
	scenario.has_max_in_flight = true;
	scenario.max_in_flight = 100;
	assert_refused(scenario, "--max-in-flight 100 needs a rate (-r): without one, -c and "
				 "--pipeline bound what is in flight");
	scenario.open_loop = true;
	scenario.rate_mrps = 1000;
	assert_accepted(scenario);
	scenario.max_in_flight = 0;
	assert_refused(scenario, "--max-in-flight 0: expected at least 1");
	scenario.max_in_flight = 4;
	scenario.workers = 4;
	assert_accepted(scenario);
	scenario.max_in_flight = 2;
	assert_refused(scenario, "--max-in-flight 2 is less than -t 4: every worker needs room for "
				 "one request; ask for fewer workers");
}

static void test_rates(void **state)
{
	(void)state;
	assert_refused(open_loop_of(0), "-r 0: expected a rate above 0, as in -r 10k; leave -r out "
					"for a closed loop");
	assert_refused(open_loop_of(UINT64_C(200000000000)),
		"-r 200,000,000: expected at most 100,000,000 a second");
	assert_accepted(open_loop_of(UINT64_C(100000000000)));
}

static void test_at_least_one_request_in_the_window(void **state)
{
	struct scenario scenario = open_loop_of(50); /* one in 20 s */

	(void)state;
	/* The first one is due at 0. */
	assert_accepted(scenario);
	scenario.warmup_ns = 1;
	assert_refused(scenario, "-r 0.05 with -d 10s: not one request falls into the window; ask "
				 "for a higher rate or a longer duration");
	/* The second one is due at 20 s, one nanosecond too late, then in time. */
	scenario.warmup_ns = 10 * NS_PER_S;
	assert_refused(scenario, "-r 0.05 with -d 10s: not one request falls into the window; ask "
				 "for a higher rate or a longer duration");
	scenario.warmup_ns++;
	assert_accepted(scenario);
	/* Poisson: none is expected where rate times duration is below one. */
	scenario.warmup_ns = 0;
	scenario.arrival = SCENARIO_POISSON;
	assert_refused(scenario, "-r 0.05 with -d 10s: not one request falls into the window; ask "
				 "for a higher rate or a longer duration");
	scenario.duration_ns = 20 * NS_PER_S;
	assert_accepted(scenario);
}

static void test_requests_that_take_forever(void **state)
{
	struct scenario scenario = open_loop_of(1);

	(void)state;
	scenario.has_requests = true;
	scenario.requests = 1000000;
	scenario.duration_ns = UINT64_MAX;
	assert_refused(scenario, "-n 1,000,000 at -r 0.001 takes longer than 366d: ask for fewer "
				 "requests or a higher rate");
	scenario.requests = 1000;
	assert_accepted(scenario);
}

static void test_no_url(void **state)
{
	(void)state;
	assert_refused(scenario_of(NULL), "no URL: expected one as in \"http://localhost:8080/\"");
	assert_refused(scenario_of(""), "no URL: expected one as in \"http://localhost:8080/\"");
}

static void test_lists_keep_order(void **state)
{
	static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i"};
	struct scenario scenario;

	(void)state;
	scenario_init(&scenario);
	for (size_t i = 0; i < 9; i++)
		assert_int_equal(scenario_list_add(&scenario.headers, names[i], NULL), 0);
	assert_int_equal(scenario_list_add(&scenario.thresholds, "p99<1s", NULL), 0);
	assert_int_equal(scenario.headers.count, 9);
	for (size_t i = 0; i < 9; i++)
		assert_ptr_equal(scenario.headers.items[i], names[i]);
	scenario_release(&scenario);
	assert_int_equal(scenario.headers.count, 0);
	scenario_release(&scenario);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_what_depends_on_other_values),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_what_needs_a_rate),
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_at_least_one_request_in_the_window),
		cmocka_unit_test(test_requests_that_take_forever),
		cmocka_unit_test(test_no_url),
		cmocka_unit_test(test_lists_keep_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
