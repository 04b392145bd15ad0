/* SPDX-License-Identifier: MIT */
/* Looking and resting: within the budget in the mean, and never away from what is being followed.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "probe/looks.h"

#define BUDGET 0.03

/* A server, seen once in each call of the probe. */
struct server {
	double rps, request_ns; /* its CPU time for a request */
	double mean_ns;         /* residence */
	uint64_t open;          /* followed requests when no more are admitted */
	struct looks_reading reading;
	uint64_t duty_ns, time_ns; /* with the programs on; of all */
	double taken_ns;           /* by the programs, from the server */
	bool on, admits;
	int attached, detached;
};

static void pass(struct server *server, uint64_t ns)
{
	double requests = server->rps * (double)ns / 1e9;

	server->time_ns += ns;
	server->reading.server_cpu_ns += (uint64_t)(requests * server->request_ns);
	if (!server->on)
		return;
	server->duty_ns += ns;
	server->taken_ns += requests * LOOKS_ENTERED_NS;
	if (!server->admits)
		return;
	server->taken_ns += requests / 8 * LOOKS_FOLLOWED_NS;
	server->reading.requests += (uint64_t)(requests / 8);
	server->reading.residence_ns += (uint64_t)(requests / 8 * server->mean_ns);
}

static void react(struct server *server, enum looks_action action)
{
	switch (action) {
	case LOOKS_GO_ON:
		break;
	case LOOKS_CLOSE:
		assert_true(server->on && server->admits);
		server->admits = false;
		break;
	case LOOKS_DETACH:
		assert_true(server->on && !server->admits && server->open == 0);
		server->on = false;
		server->detached++;
		break;
	case LOOKS_ATTACH:
		assert_false(server->on);
		server->on = true;
		server->attached++;
		break;
	case LOOKS_ADMIT:
		assert_true(server->on && !server->admits);
		server->admits = true;
		break;
	}
}

static struct server run(
	struct looks *looks, double rps, double request_ns, double budget, double seconds)
{
	struct server server = {.rps = rps, .request_ns = request_ns, .on = true, .admits = true};
	uint64_t now_ns = NS_PER_S, end_ns = now_ns + (uint64_t)(seconds * 1e9);

	server.mean_ns = 1e6;
	looks_init(looks, budget, 8, 5, now_ns, &server.reading);
	looks_begin(looks, now_ns, &server.reading);
	while (now_ns < end_ns) {
		uint64_t next_ns = looks->until_ns < end_ns ? looks->until_ns : end_ns;

		assert_true(next_ns > now_ns);
		pass(&server, next_ns - now_ns);
		now_ns = next_ns;
		react(&server, looks_tick(looks, now_ns, &server.reading, server.open));
	}
	looks_end(looks, now_ns, &server.reading);
	return server;
}

static double overhead(const struct server *server)
{
	return server->taken_ns / (double)server->reading.server_cpu_ns;
}

static void a_fast_server_is_looked_at_within_the_budget(void **state)
{
	struct looks looks;
	struct server server = run(&looks, 160000, 6000, BUDGET, 600);

	(void)state;
	assert_true(server.attached > 100 && server.detached > 100);
	assert_true(overhead(&server) > BUDGET * 0.6 && overhead(&server) < BUDGET * 0.9);
	assert_true(looks.looked_ns > server.time_ns / 10);
	/* Here all looks are alike. */
	assert_true(looks_error_share(&looks, 0.3) < 1e-3);
}

static void a_slow_or_idle_server_is_looked_at_always(void **state)
{
	struct looks looks;
	struct server server = run(&looks, 15000, 60000, BUDGET, 60);

	(void)state;
	assert_int_equal(server.detached, 0);
	assert_true(looks.looked_ns == server.time_ns);
	/* The same requests, but so few of them that nobody feels it. */
	server = run(&looks, 2000, 6000, BUDGET, 60);
	assert_int_equal(server.detached, 0);
	/* Not limited. */
	server = run(&looks, 160000, 6000, 0, 60);
	assert_int_equal(server.detached, 0);
	assert_true(looks_leaving(&looks));
	/* No requests at all. */
	server = run(&looks, 0, 6000, BUDGET, 60);
	assert_int_equal(server.detached, 0);
	assert_true(looks_cost(&looks) == 0);
}

static void what_is_followed_is_not_left(void **state)
{
	struct looks_reading reading = {0};
	uint64_t now_ns = NS_PER_S;
	enum looks_action action;
	struct looks looks;

	(void)state;
	looks_init(&looks, BUDGET, 8, 1, now_ns, &reading);
	reading = (struct looks_reading){8000, 1000000, 384 * NS_PER_MS};
	now_ns = looks.until_ns;
	assert_int_equal(looks_tick(&looks, now_ns - 1, &reading, 5), LOOKS_GO_ON);
	assert_int_equal(looks.state, LOOKS_LOOKING);
	assert_int_equal(looks_tick(&looks, now_ns, &reading, 5), LOOKS_CLOSE);
	do {
		now_ns = looks.until_ns;
		action = looks_tick(&looks, now_ns, &reading, 5);
	} while (action == LOOKS_GO_ON);
	/* They do not end: on with it. */
	assert_int_equal(action, LOOKS_ADMIT);
	assert_int_equal(looks.state, LOOKS_LOOKING);
	reading = (struct looks_reading){16000, 2000000, 768 * NS_PER_MS};
	assert_int_equal(looks_tick(&looks, looks.until_ns, &reading, 1), LOOKS_CLOSE);
	assert_int_equal(looks_tick(&looks, looks.until_ns, &reading, 0), LOOKS_DETACH);
	assert_int_equal(looks_tick(&looks, looks.until_ns, &reading, 0), LOOKS_ATTACH);
	assert_int_equal(looks_tick(&looks, looks.until_ns, &reading, 0), LOOKS_ADMIT);
}

static void a_pause_is_no_time(void **state)
{
	struct looks_reading reading = {0};
	struct looks looks, copy;

	(void)state;
	looks_init(&looks, BUDGET, 8, 1, NS_PER_S, &reading);
	copy = looks;
	looks_pause(&looks, NS_PER_S + 5, &reading);
	reading.server_cpu_ns = 700;
	looks_resume(&looks, NS_PER_S + 1005, &reading);
	assert_int_equal(looks.until_ns, copy.until_ns + 1000);
	assert_int_equal(looks.look_since_ns, copy.look_since_ns + 1000);
	assert_int_equal(looks.then.server_cpu_ns, 700);
}

/* Requests of one mean in half of the looks and of another in the rest: the mean of k looks has a
 * standard error of half the distance over the root of k. */
static void the_error_is_that_of_looks_apart(void **state)
{
	struct looks_reading reading = {0};
	struct looks looks;
	double expected = 0.5 / sqrt(100);

	(void)state;
	looks_init(&looks, 0, 1, 1, 0, &reading);
	for (int i = 0; i < 100; i++) {
		reading.requests += 1000;
		reading.residence_ns += i % 2 ? 1500000 : 500000;
		looks_tick(&looks, looks.until_ns, &reading, 0);
	}
	assert_true(looks.looks == 100);
	assert_true(fabs(looks_error_share(&looks, 0) / expected - 1) < 0.01);
	assert_true(fabs(looks_error_share(&looks, 0.75) / (expected / 2) - 1) < 0.01);
	assert_true(looks_error_share(&looks, 1) == 0);
	looks_begin(&looks, looks.until_ns, &reading);
	assert_true(looks_error_share(&looks, 0.5) < 0);
}

/* Between windows, for as long as nobody wants to look; then at once. */
static void it_rests_until_a_window_begins(void **state)
{
	struct looks_reading reading = {0};
	struct looks looks;

	(void)state;
	looks_init(&looks, BUDGET, 8, 1, 0, &reading);
	looks_rest(&looks, NS_PER_S);
	assert_int_equal(looks_tick(&looks, 100000 * NS_PER_S, &reading, 0), LOOKS_GO_ON);
	assert_int_equal(looks.state, LOOKS_RESTING);
	looks_begin(&looks, 100001 * NS_PER_S, &reading);
	assert_int_equal(looks.state, LOOKS_LOOKING);
	looks_end(&looks, 100002 * NS_PER_S, &reading);
	assert_int_equal(looks.looked_ns, NS_PER_S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fast_server_is_looked_at_within_the_budget),
		cmocka_unit_test(a_slow_or_idle_server_is_looked_at_always),
		cmocka_unit_test(what_is_followed_is_not_left),
		cmocka_unit_test(a_pause_is_no_time),
		cmocka_unit_test(it_rests_until_a_window_begins),
		cmocka_unit_test(the_error_is_that_of_looks_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
