/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "target/service.h"
#include "target/share.h"

#define DRAWS 20000

static struct service parsed(const char *text)
{
	struct err err = {0};
	struct service service;

	if (service_parse(&service, text, &err))
		fail_msg("%s", err.text);
	return service;
}

static void forms_are_read(void **state)
{
	struct service service = parsed("fixed:2ms");

	(void)state;
	assert_int_equal(service.kind, SERVICE_FIXED);
	assert_int_equal(service.usual_ns, 2 * NS_PER_MS);
	service = parsed("fixed:0");
	assert_int_equal(service.usual_ns, 0);
	service = parsed("exp:1m30s");
	assert_int_equal(service.kind, SERVICE_EXPONENTIAL);
	assert_int_equal(service.usual_ns, 90 * NS_PER_S);
	service = parsed("bimodal:1ms/50ms@0.5%");
	assert_int_equal(service.kind, SERVICE_BIMODAL);
	assert_int_equal(service.usual_ns, NS_PER_MS);
	assert_int_equal(service.rare_ns, 50 * NS_PER_MS);
	assert_int_equal(service.rare_share, 500);
}

static void nonsense_is_refused_and_quoted(void **state)
{
	static const struct {
		const char *text, *part;
	} rows[] = {
		{"2ms", "\"2ms\" is not a service time"},
		{"", "\"\" is not a service time"},
		{"expo:2ms", "write fixed:2ms, exp:2ms or bimodal:1ms/50ms@10%"},
		{"fixed:2", "\"2\""},
		{"fixed:-2ms", "\"-2ms\""},
		{"fixed:2ms ", "\"2ms \""},
		{"exp:2h", "\"2h\" is longer than a service time can be"},
		{"bimodal:1ms", "\"bimodal:1ms\" is not a service time"},
		{"bimodal:1ms/50ms", "\"bimodal:1ms/50ms\" is not a service time"},
		{"bimodal:1ms/50ms@", "\"\" is not a share"},
		{"bimodal:1ms/50ms@101", "\"101\" is more than 100 %"},
		{"bimodal:1ms/x@10", "\"x\""},
	};
	struct service service;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = {0};

		assert_true(service_parse(&service, rows[i].text, &err) < 0);
		assert_int_equal(err.kind, ERR_USAGE);
		if (!strstr(err.text, rows[i].part))
			fail_msg("\"%s\": %s", rows[i].text, err.text);
	}
}

static void shares_are_read_exactly(void **state)
{
	static const struct {
		const char *text;
		uint32_t share;
	} good[] = {{"0", 0}, {"5", 5000}, {"99.9", 99900}, {"0.001", 1}, {"12.5%", 12500},
		{"100", SHARE_WHOLE}, {"100.000%", SHARE_WHOLE}, {"007", 7000}};
	static const char *const bad[] = {"", "%", ".5", "1.", "1.2345", "5%%", "5 %", "-1",
		"100.001", "101", "99999999999999999999", "1e1"};
	uint32_t share;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(share_parse(good[i].text, &share, NULL), 0);
		assert_int_equal(share, good[i].share);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!share_parse(bad[i], &share, NULL))
			fail_msg("\"%s\" was taken", bad[i]);
}

static void fixed_is_fixed(void **state)
{
	struct service service = parsed("fixed:1234us");
	struct rng rng;

	(void)state;
	rng_init(&rng, 1, 0);
	for (int i = 0; i < 100; i++)
		assert_int_equal(service_draw(&service, &rng), 1234 * NS_PER_US);
}

static int by_value(const void *a, const void *b)
{
	double first = *(const double *)a, second = *(const double *)b;

	return (first > second) - (first < second);
}

/* sqrt(n) × the largest distance from the exponential distribution of this mean. */
static double kolmogorov_smirnov(double *values, double mean)
{
	double largest = 0;

	qsort(values, DRAWS, sizeof(*values), by_value);
	for (size_t i = 0; i < DRAWS; i++) {
		double share = 1 - exp(-values[i] / mean);

		largest = fmax(
			largest, fmax((double)(i + 1) / DRAWS - share, share - (double)i / DRAWS));
	}
	return largest * sqrt(DRAWS);
}

static void exponential_passes_kolmogorov_smirnov(void **state)
{
	static double values[DRAWS];
	const double limit = 1.95; /* exceeded by chance once in 1,000 */
	struct service service = parsed("exp:2ms");

	(void)state;
	for (uint64_t seed = 1; seed <= 5; seed++) {
		double sum = 0;
		struct rng rng;

		rng_init(&rng, seed, 3);
		for (size_t i = 0; i < DRAWS; i++) {
			values[i] = (double)service_draw(&service, &rng);
			sum += values[i];
		}
		/* The mean of n draws spreads by mean / sqrt(n); four of these. */
		assert_true(fabs(sum / DRAWS / 2e6 - 1) < 4 / sqrt(DRAWS));
		assert_true(kolmogorov_smirnov(values, 2e6) < limit);
		assert_true(kolmogorov_smirnov(values, 2.2e6) > limit);
	}
}

static void bimodal_has_its_shares(void **state)
{
	struct service service = parsed("bimodal:1ms/50ms@10%");
	unsigned int rare = 0;
	struct rng rng;

	(void)state;
	rng_init(&rng, 7, 0);
	for (size_t i = 0; i < DRAWS; i++) {
		uint64_t time_ns = service_draw(&service, &rng);

		assert_true(time_ns == NS_PER_MS || time_ns == 50 * NS_PER_MS);
		rare += time_ns == 50 * NS_PER_MS;
	}
	/* Binomial: four standard deviations. */
	assert_true(fabs(rare - 0.1 * DRAWS) < 4 * sqrt(DRAWS * 0.1 * 0.9));
}

static void shares_of_none_and_all_are_exact(void **state)
{
	struct service none = parsed("bimodal:1ms/2ms@0"), all = parsed("bimodal:1ms/2ms@100");
	struct rng rng;

	(void)state;
	rng_init(&rng, 7, 0);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(service_draw(&none, &rng), NS_PER_MS);
		assert_int_equal(service_draw(&all, &rng), 2 * NS_PER_MS);
	}
}

static void a_seed_gives_one_sequence(void **state)
{
	struct service service = parsed("exp:2ms");
	struct rng a, b, other;
	unsigned int differing = 0;

	(void)state;
	rng_init(&a, 5, 1);
	rng_init(&b, 5, 1);
	rng_init(&other, 5, 2);
	for (int i = 0; i < 100; i++) {
		uint64_t time_ns = service_draw(&service, &a);

		assert_int_equal(service_draw(&service, &b), time_ns);
		differing += service_draw(&service, &other) != time_ns;
	}
	assert_true(differing > 90);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms_are_read),
		cmocka_unit_test(nonsense_is_refused_and_quoted),
		cmocka_unit_test(shares_are_read_exactly),
		cmocka_unit_test(fixed_is_fixed),
		cmocka_unit_test(exponential_passes_kolmogorov_smirnov),
		cmocka_unit_test(bimodal_has_its_shares),
		cmocka_unit_test(shares_of_none_and_all_are_exact),
		cmocka_unit_test(a_seed_gives_one_sequence),
	};

	return cmocka_run_group_tests_name("service", tests, NULL, NULL);
}
