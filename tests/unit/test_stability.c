/* SPDX-License-Identifier: MIT */
/* How steady a run was: known answers, and that chance is never called unstable. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/stability.h"
#include "analysis/threshold.h"
#include "base/rng.h"

#define INTERVALS 100

/* A record of what the verdict is made of; open loop, a warm-up of a second before. */
struct run {
	struct result result;
	struct result_scenario scenario;
	struct result_interval timeline[INTERVALS];
	struct result_cell cell;
	double end_s;
};

static void begin(struct run *run)
{
	struct result_latency *service = &run->result.run.latency[RESULT_SERVICE];

	memset(run, 0, sizeof(*run));
	run->result.scenarios = &run->scenario;
	run->result.scenario_count = 1;
	run->result.timeline = run->timeline;
	run->scenario.open_loop = true;
	run->result.window.warmup_s = 1;
	run->end_s = 1;
	run->result.resources.measured = true;
	run->result.resources.counters[RESOURCES_RESTARTS].known = true;
	/* Answers take a millisecond. */
	run->cell.index = hist_layout_index(HIST_PRECISION_3_DIGITS, 1000000);
	run->cell.count = 1000;
	*service = (struct result_latency){.count = 1000,
		.min_ns = 1000000,
		.max_ns = 1000000,
		.histogram = {.precision_bits = HIST_PRECISION_3_DIGITS,
			.layout_cells = run->cell.index + 1,
			.cells = &run->cell,
			.cell_count = 1}};
}

/* Answers take that long instead. */
static void slow(struct run *run, uint64_t service_ns)
{
	struct result_latency *service = &run->result.run.latency[RESULT_SERVICE];

	run->cell.index = hist_layout_index(HIST_PRECISION_3_DIGITS, service_ns);
	service->histogram.layout_cells = run->cell.index + 1;
	service->min_ns = service->max_ns = service_ns;
}

static void pass(struct run *run, double seconds, enum result_phase phase)
{
	struct result_interval *interval = &run->timeline[run->result.interval_count++];

	assert_true(run->result.interval_count <= INTERVALS);
	run->end_s += seconds;
	*interval = (struct result_interval){.t_s = run->end_s, .seconds = seconds, .phase = phase};
	if (phase == RESULT_MEASURED)
		run->result.window.duration_s += seconds;
}

static void count(struct run *run, uint64_t scheduled, uint64_t completed, uint64_t errors)
{
	struct result_interval *interval = &run->timeline[run->result.interval_count - 1];

	interval->scheduled = scheduled;
	interval->completed = completed;
	interval->errors = errors;
}

/* A measured second. */
static void second(struct run *run, uint64_t scheduled, uint64_t completed, uint64_t errors)
{
	pass(run, 1, RESULT_MEASURED);
	count(run, scheduled, completed, errors);
}

static void seconds(struct run *run, unsigned int many, uint64_t each)
{
	for (unsigned int i = 0; i < many; i++)
		second(run, each, each, 0);
}

static struct result_stability *judge(struct run *run)
{
	result_stability_release(&run->result.stability);
	assert_int_equal(stability_judge(&run->result, &run->result.stability, NULL), 0);
	assert_true(run->result.stability.judged);
	return &run->result.stability;
}

static void expect(struct run *run, enum result_stability_kind kind,
	enum result_stability_verdict verdict, double value)
{
	const struct result_stability_criterion *criterion = &judge(run)->criteria[kind];

	assert_int_equal(criterion->verdict, verdict);
	assert_true(criterion->has_value);
	assert_float_equal(criterion->value, value, 1e-6);
	assert_true(!criterion->reason == (verdict != RESULT_STABILITY_UNKNOWN));
}

static void expect_unknown(
	struct run *run, enum result_stability_kind kind, bool has_value, const char *reason)
{
	const struct result_stability_criterion *criterion = &judge(run)->criteria[kind];

	assert_int_equal(criterion->verdict, RESULT_STABILITY_UNKNOWN);
	assert_int_equal(criterion->has_value, has_value);
	assert_string_equal(criterion->reason, reason);
}

static void end(struct run *run)
{
	result_stability_release(&run->result.stability);
}

static void steady_is_stable(void **state)
{
	const struct result_stability *stability;
	struct run run;

	(void)state;
	begin(&run);
	seconds(&run, 10, 1000);
	stability = judge(&run);
	assert_int_equal(stability->verdict, RESULT_STABLE);
	assert_int_equal(stability->intervals, 10);
	assert_float_equal(stability->interval_s, 1, 0);
	for (unsigned int i = 0; i < RESULT_STABILITY_COUNT; i++) {
		assert_int_equal(stability->criteria[i].verdict, RESULT_STABLE);
		assert_float_equal(stability->criteria[i].value, 0, 0);
		assert_int_equal(stability->criteria[i].intervals, i == RESULT_RESTARTS ? 0 : 10);
		assert_null(stability->criteria[i].reason);
	}
	assert_float_equal(stability->criteria[RESULT_RESTARTS].bound, 0, 0);
	assert_float_equal(stability->criteria[RESULT_ERROR_VARIATION].bound, 0.001, 0);
	assert_float_equal(stability->criteria[RESULT_RATE_VARIATION].bound, 0.1, 0);
	assert_float_equal(stability->criteria[RESULT_RATE_VARIATION].chance, 0.0316228, 1e-6);
	end(&run);
}

static void the_rate_is_judged(void **state)
{
	struct run run;

	(void)state;
	/* s² = 10 × 0.2² / 9, less 1 / 1000. */
	begin(&run);
	for (unsigned int i = 0; i < 10; i++)
		second(&run, 1000, i % 2 ? 800 : 1200, 0);
	expect(&run, RESULT_RATE_VARIATION, RESULT_UNSTABLE, 0.2084325);
	assert_int_equal(run.result.stability.verdict, RESULT_UNSTABLE);
	expect(&run, RESULT_ERROR_VARIATION, RESULT_STABLE, 0);
	end(&run);

	/* s² = 10 × 0.05² / 9: below the bound. */
	begin(&run);
	for (unsigned int i = 0; i < 10; i++)
		second(&run, 1000, i % 2 ? 950 : 1050, 0);
	expect(&run, RESULT_RATE_VARIATION, RESULT_STABLE, 0.0421637);
	end(&run);

	/* A load that rises, answered whole; and an overload of which half is answered. */
	begin(&run);
	for (unsigned int i = 1; i <= 10; i++)
		second(&run, 100 * i, 100 * i, 0);
	expect(&run, RESULT_RATE_VARIATION, RESULT_STABLE, 0);
	end(&run);
	begin(&run);
	for (unsigned int i = 0; i < 10; i++)
		second(&run, 1000, 500, 0);
	expect(&run, RESULT_RATE_VARIATION, RESULT_STABLE, 0);
	end(&run);

	/* Seconds in which nothing was due are about nothing. */
	begin(&run);
	seconds(&run, 5, 1000);
	seconds(&run, 5, 0);
	expect(&run, RESULT_RATE_VARIATION, RESULT_STABLE, 0);
	assert_int_equal(run.result.stability.criteria[RESULT_RATE_VARIATION].intervals, 5);
	end(&run);
}

/* What becomes due follows what was answered: it is no measure there. */
static void a_closed_loop_has_a_rate_too(void **state)
{
	struct run run;

	(void)state;
	begin(&run);
	run.scenario.open_loop = false;
	for (unsigned int i = 0; i < 10; i++)
		seconds(&run, 1, i % 2 ? 800 : 1200);
	expect(&run, RESULT_RATE_VARIATION, RESULT_UNSTABLE, 0.2084325);
	end(&run);
	begin(&run);
	run.scenario.open_loop = false;
	seconds(&run, 10, 1000);
	expect(&run, RESULT_RATE_VARIATION, RESULT_STABLE, 0);
	/* Twice as much in an interval of twice the length. */
	pass(&run, 2, RESULT_MEASURED);
	count(&run, 2000, 2000, 0);
	expect(&run, RESULT_RATE_VARIATION, RESULT_STABLE, 0);
	end(&run);
}

static void errors_are_judged(void **state)
{
	struct run run;

	(void)state;
	/* s² = 0.01² / 10, less 0.001 × 0.999 / 1000. */
	begin(&run);
	seconds(&run, 9, 1000);
	second(&run, 1000, 1000, 10);
	expect(&run, RESULT_ERROR_VARIATION, RESULT_UNSTABLE, 0.00300017);
	assert_int_equal(run.result.stability.verdict, RESULT_UNSTABLE);
	expect(&run, RESULT_RATE_VARIATION, RESULT_STABLE, 0);
	end(&run);

	/* As many as ever are no variation. */
	begin(&run);
	for (unsigned int i = 0; i < 10; i++)
		second(&run, 1000, 1000, 10);
	expect(&run, RESULT_ERROR_VARIATION, RESULT_STABLE, 0);
	end(&run);

	/* Everywhere a little different, which only all together show. */
	begin(&run);
	for (unsigned int i = 0; i < 10; i++)
		second(&run, 10000, 10000, i % 2 ? 120 : 80);
	expect(&run, RESULT_ERROR_VARIATION, RESULT_UNSTABLE, 0.0018593);
	end(&run);

	/* Below the bound: 3 in one second. */
	begin(&run);
	seconds(&run, 9, 1000);
	second(&run, 1000, 1000, 3);
	expect(&run, RESULT_ERROR_VARIATION, RESULT_STABLE, 0.000774602);
	end(&run);

	/* All fails but for one second; more fail than become due. */
	begin(&run);
	for (unsigned int i = 0; i < 9; i++)
		second(&run, 1000, 0, i ? 1000 : 3000);
	second(&run, 1000, 500, 500);
	expect(&run, RESULT_ERROR_VARIATION, RESULT_UNSTABLE, 0.157996);
	end(&run);
}

/* So few could have come in any way. */
static void few_errors_are_unknown(void **state)
{
	struct run run;

	(void)state;
	begin(&run);
	seconds(&run, 9, 100);
	second(&run, 100, 100, 1);
	expect_unknown(
		&run, RESULT_ERROR_VARIATION, true, "chance alone makes 0.32 % of so few requests");
	assert_int_equal(run.result.stability.verdict, RESULT_STABILITY_UNKNOWN);
	end(&run);

	/* Two in one second of sixty: one run in thirty with two has them so close. */
	begin(&run);
	seconds(&run, 59, 100);
	second(&run, 100, 100, 2);
	expect_unknown(
		&run, RESULT_ERROR_VARIATION, true, "chance alone makes 0.18 % of so few requests");
	/* Four are no chance any more. */
	run.timeline[59].errors = 4;
	expect(&run, RESULT_ERROR_VARIATION, RESULT_UNSTABLE, 0.00447218);
	end(&run);
}

static void few_answers_are_unknown(void **state)
{
	struct run run;

	(void)state;
	begin(&run);
	for (unsigned int i = 0; i < 10; i++)
		second(&run, 20, i == 4 ? 10 : i == 5 ? 30 : 20, 0);
	expect_unknown(
		&run, RESULT_RATE_VARIATION, true, "chance alone makes 22.4 % of so few requests");
	/* No answers for two seconds are something else. */
	for (unsigned int i = 4; i < 8; i++)
		run.timeline[i].completed = i < 6 ? 0 : 40;
	assert_int_equal(judge(&run)->criteria[RESULT_RATE_VARIATION].verdict, RESULT_UNSTABLE);
	end(&run);
}

static uint64_t hits(struct rng *rng, unsigned int trials, double share)
{
	uint64_t many = 0;

	for (unsigned int i = 0; i < trials; i++)
		many += rng_unit(rng) < share;
	return many;
}

/* Runs of a steady server, of so many requests a second; how many are called unstable. */
static unsigned int accused(
	unsigned int runs, unsigned int due, double error_share, unsigned int length)
{
	unsigned int found = 0;
	struct rng rng;

	rng_init(&rng, 1, due);
	for (unsigned int i = 0; i < runs; i++) {
		struct run run;

		begin(&run);
		for (unsigned int j = 0; j < length; j++) {
			/* Twice as many might be answered: close to Poisson. */
			uint64_t completed = hits(&rng, 16 * due, 1.0 / 16);

			second(&run, due, completed, hits(&rng, due, error_share));
		}
		found += judge(&run)->verdict == RESULT_UNSTABLE;
		end(&run);
	}
	return found;
}

/* Each of the two criteria may be wrong once in 1,000. */
static void chance_is_not_called_unstable(void **state)
{
	(void)state;
	assert_in_range(accused(1500, 30, 0.1, 10), 0, 9);
	assert_in_range(accused(400, 30, 0.005, 60), 0, 4);
	assert_in_range(accused(1000, 100, 0.9, 4), 0, 7);
}

static void which_intervals_count(void **state)
{
	struct run run;

	(void)state;
	/* Neither warm-up nor drain, nor the rest that is no second, nor one with a piece of the
	 * drain. */
	begin(&run);
	run.end_s = 0;
	pass(&run, 1, RESULT_WARMUP);
	count(&run, 1000, 10, 900);
	seconds(&run, 4, 1000);
	pass(&run, 0.5, RESULT_MEASURED);
	count(&run, 500, 10, 400);
	pass(&run, 1, RESULT_DRAIN);
	count(&run, 0, 10, 1000);
	assert_int_equal(judge(&run)->verdict, RESULT_STABLE);
	assert_int_equal(run.result.stability.intervals, 4);
	run.result.window.duration_s -= 0.2;
	run.timeline[5].seconds = 1;
	assert_int_equal(judge(&run)->intervals, 4);
	end(&run);

	/* Short ones are joined. */
	begin(&run);
	for (unsigned int i = 0; i < 40; i++) {
		pass(&run, 0.1, RESULT_MEASURED);
		count(&run, 100, i % 2 ? 50 : 150, i % 10 == 3);
	}
	expect(&run, RESULT_RATE_VARIATION, RESULT_STABLE, 0);
	expect(&run, RESULT_ERROR_VARIATION, RESULT_STABLE, 0);
	assert_int_equal(run.result.stability.intervals, 4);
	assert_float_equal(run.result.stability.interval_s, 1, 1e-9);
	end(&run);

	/* Long ones stand for themselves. */
	begin(&run);
	for (unsigned int i = 0; i < 4; i++) {
		pass(&run, 30, RESULT_MEASURED);
		count(&run, 3000, 3000, 0);
	}
	assert_int_equal(judge(&run)->verdict, RESULT_STABLE);
	assert_float_equal(run.result.stability.interval_s, 30, 1e-9);
	end(&run);
}

/* What the run began with has its answers still to come. */
static void first_answers_take_their_time(void **state)
{
	struct run run;

	(void)state;
	begin(&run);
	run.result.window.warmup_s = run.end_s = 0;
	second(&run, 1000, 400, 0);
	seconds(&run, 4, 1000);
	expect(&run, RESULT_RATE_VARIATION, RESULT_STABLE, 0);
	assert_int_equal(run.result.stability.criteria[RESULT_RATE_VARIATION].intervals, 4);
	assert_int_equal(run.result.stability.criteria[RESULT_ERROR_VARIATION].intervals, 5);
	slow(&run, 1500000000);
	expect_unknown(&run, RESULT_RATE_VARIATION, false,
		"3 of 5 seconds can be compared, at least 4 are needed");
	assert_int_equal(run.result.stability.verdict, RESULT_STABILITY_UNKNOWN);
	end(&run);
	/* With a warm-up that is long enough, all count. */
	begin(&run);
	seconds(&run, 4, 1000);
	second(&run, 1000, 400, 0);
	expect(&run, RESULT_RATE_VARIATION, RESULT_UNSTABLE, 0.303049);
	end(&run);
}

static void what_is_not_known(void **state)
{
	struct run run;

	(void)state;
	begin(&run);
	seconds(&run, 3, 1000);
	expect_unknown(&run, RESULT_ERROR_VARIATION, false,
		"3 whole seconds were measured, at least 4 are needed");
	expect_unknown(&run, RESULT_RATE_VARIATION, false,
		"3 whole seconds were measured, at least 4 are needed");
	end(&run);
	begin(&run);
	for (unsigned int i = 0; i < 5; i++)
		second(&run, 1000, 0, 1000);
	expect(&run, RESULT_ERROR_VARIATION, RESULT_STABLE, 0);
	expect_unknown(&run, RESULT_RATE_VARIATION, false,
		"0 of 5 seconds can be compared, at least 4 are needed");
	end(&run);
	/* The generator was too slow: the rate may be its own, the errors are not. */
	begin(&run);
	run.result.validity.verdict = RESULT_GENERATOR_LIMITED;
	for (unsigned int i = 0; i < 10; i++)
		second(&run, 1000, i % 2 ? 800 : 1200, i == 5 ? 50 : 0);
	expect_unknown(&run, RESULT_RATE_VARIATION, true,
		"the generator was limited, and may itself be why it varied");
	assert_int_equal(
		run.result.stability.criteria[RESULT_ERROR_VARIATION].verdict, RESULT_UNSTABLE);
	/* It failed: nothing is to be concluded. */
	run.result.validity.verdict = RESULT_INTERNAL_ERROR;
	expect_unknown(&run, RESULT_RATE_VARIATION, false, "the generator failed");
	expect_unknown(&run, RESULT_ERROR_VARIATION, false, "the generator failed");
	end(&run);
}

static void restarts_are_judged(void **state)
{
	struct result_resources *resources;
	char reason[] = "may not be read", elsewhere[] = "the server is on another host";
	struct run run;

	(void)state;
	begin(&run);
	seconds(&run, 10, 1000);
	resources = &run.result.resources;
	expect(&run, RESULT_RESTARTS, RESULT_STABLE, 0);
	resources->counters[RESOURCES_RESTARTS].count = 2;
	expect(&run, RESULT_RESTARTS, RESULT_UNSTABLE, 2);
	assert_int_equal(run.result.stability.verdict, RESULT_UNSTABLE);
	resources->counters[RESOURCES_RESTARTS] = (struct result_resources_counter){
		.reason = reason};
	expect_unknown(&run, RESULT_RESTARTS, false, "may not be read");
	assert_int_equal(run.result.stability.verdict, RESULT_STABLE);
	resources->measured = false;
	resources->reason = elsewhere;
	expect_unknown(&run, RESULT_RESTARTS, false, "the server is on another host");
	assert_int_equal(run.result.stability.verdict, RESULT_STABLE);
	end(&run);
}

static void expect_threshold(
	struct run *run, const char *expression, enum result_state state, const char *reason)
{
	struct threshold_list list = {0};
	struct result_threshold *judged;

	assert_int_equal(threshold_list_add(&list, expression, NULL), 0);
	assert_int_equal(threshold_list_judge(&list, &run->result, NULL), 0);
	judged = run->result.thresholds;
	assert_int_equal(judged->state, state);
	if (reason)
		assert_string_equal(judged->reason, reason);
	threshold_list_release(&list);
	free(judged->expression);
	free(judged->scope);
	free(judged->reason);
	free(judged);
	run->result.threshold_count = 0;
}

static void thresholds_hold_a_run_to_it(void **state)
{
	struct run run;

	(void)state;
	begin(&run);
	seconds(&run, 9, 1000);
	second(&run, 1000, 1000, 10);
	expect_threshold(
		&run, "error_variation<0.1%", RESULT_NOT_EVALUATED, "stability was not judged");
	judge(&run);
	expect_threshold(&run, "error_variation<0.1%", RESULT_FAIL,
		"error_variation is 0.30 %, wanted < 0.1%");
	expect_threshold(&run, "error_variation<1%", RESULT_PASS, NULL);
	expect_threshold(&run, "rate_variation<10%", RESULT_PASS, NULL);
	expect_threshold(&run, "warn:rate_variation>=10%", RESULT_WARN,
		"rate_variation is 0 %, wanted >= 10%");
	expect_threshold(&run, "target_restarts==0", RESULT_PASS, NULL);
	run.result.interval_count = 2;
	judge(&run);
	expect_threshold(&run, "rate_variation<10%", RESULT_NOT_EVALUATED,
		"2 whole seconds were measured, at least 4 are needed");
	end(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steady_is_stable),
		cmocka_unit_test(the_rate_is_judged),
		cmocka_unit_test(a_closed_loop_has_a_rate_too),
		cmocka_unit_test(errors_are_judged),
		cmocka_unit_test(few_errors_are_unknown),
		cmocka_unit_test(few_answers_are_unknown),
		cmocka_unit_test(chance_is_not_called_unstable),
		cmocka_unit_test(which_intervals_count),
		cmocka_unit_test(first_answers_take_their_time),
		cmocka_unit_test(what_is_not_known),
		cmocka_unit_test(restarts_are_judged),
		cmocka_unit_test(thresholds_hold_a_run_to_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
