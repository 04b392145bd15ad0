/* SPDX-License-Identifier: MIT */
#include "scenario/scenario.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"

/* Bounds that keep every later sum of times, counts and bytes far from overflow. */
#define LONGEST_WINDOW_NS (UINT64_C(366) * 86400 * NS_PER_S)
#define LONGEST_WAIT_NS   (UINT64_C(86400) * NS_PER_S)
#define MOST_CONNECTIONS  (UINT32_C(1) << 20)
#define MOST_WORKERS      1024U
#define MOST_PIPELINE     1024U
#define MOST_RATE_MRPS    UINT64_C(100000000000) /* 100 million a second */
#define MOST_REQUESTS     UINT64_C(1000000000000000)

/* A request at one thousandth a second, and one request, both as rate × time. */
#define MRPS_NS UINT64_C(1000000000000)

/* drain_ns as scenario_init leaves it, until scenario_check knows the timeout. */
#define DRAIN_AS_TIMEOUT UINT64_MAX

void scenario_init(struct scenario *scenario)
{
	*scenario = (struct scenario){
		.connections = 64,
		.pipeline = 1,
		.arrival = SCENARIO_CONSTANT,
		.pacing = SCENARIO_PACING_AUTO,
		.duration_ns = 10 * NS_PER_S,
		.timeout_ns = 10 * NS_PER_S,
		.drain_ns = DRAIN_AS_TIMEOUT,
		.memory_limit_bytes = UINT64_C(2) << 30,
	};
}

void scenario_release(struct scenario *scenario)
{
	free(scenario->headers.items);
	free(scenario->sources.items);
	free(scenario->thresholds.items);
	memset(scenario, 0, sizeof(*scenario));
}

int scenario_list_add(struct scenario_list *list, const char *item, struct err *err)
{
	/* The capacity is the next power of two: it grows exactly when the count is one. */
	if ((list->count & (list->count - 1)) == 0) {
		size_t capacity = list->count ? 2 * list->count : 1;
		const char **items = realloc(list->items, capacity * sizeof(*items));

		if (!items)
			return err_set_errno(
				err, ERR_ENVIRONMENT, -ENOMEM, "cannot keep \"%s\"", item);
		list->items = items;
	}
	list->items[list->count++] = item;
	return 0;
}

static int check_count(const char *option, uint64_t count, uint64_t most, struct err *err)
{
	char text[UNITS_TEXT_BYTES];

	if (count == 0)
		return err_set(err, ERR_USAGE, -EINVAL, "%s 0: expected at least 1", option);
	if (count > most)
		return err_set(err, ERR_USAGE, -ERANGE, "%s %" PRIu64 ": expected at most %s",
			option, count, units_format_count(text, most));
	return 0;
}

static int check_counts(const struct scenario *scenario, struct err *err)
{
	int rc = check_count("-c", scenario->connections, MOST_CONNECTIONS, err);

	if (!rc && scenario->workers)
		rc = check_count("-t", scenario->workers, MOST_WORKERS, err);
	if (!rc)
		rc = check_count("--pipeline", scenario->pipeline, MOST_PIPELINE, err);
	if (!rc && scenario->has_requests)
		rc = check_count("-n", scenario->requests, MOST_REQUESTS, err);
	if (!rc && scenario->has_max_in_flight)
		rc = check_count("--max-in-flight", scenario->max_in_flight, UINT64_MAX, err);
	if (rc)
		return rc;
	if (scenario->workers > scenario->connections)
		return err_set(err, ERR_USAGE, -EINVAL,
			"-c %" PRIu32 " is less than -t %" PRIu32 ": every worker needs a "
			"connection of its own; ask for at least -c %" PRIu32 " or for fewer "
			"workers",
			scenario->connections, scenario->workers, scenario->workers);
	if (scenario->has_requests && scenario->workers > scenario->requests)
		return err_set(err, ERR_USAGE, -EINVAL,
			"-n %" PRIu64 " is less than -t %" PRIu32 ": a worker would have nothing "
			"to send; ask for more requests or for fewer workers",
			scenario->requests, scenario->workers);
	return 0;
}

static int check_time(const char *option, uint64_t time_ns, uint64_t longest_ns, struct err *err)
{
	char asked[UNITS_TEXT_BYTES], longest[UNITS_TEXT_BYTES];

	if (time_ns > longest_ns)
		return err_set(err, ERR_USAGE, -ERANGE, "%s %s: expected at most %s", option,
			units_format_duration_exact(asked, time_ns),
			units_format_duration_exact(longest, longest_ns));
	return 0;
}

static int check_times(const struct scenario *scenario, struct err *err)
{
	int rc;

	if (scenario->duration_ns == UINT64_MAX && !scenario->has_requests)
		return err_set(err, ERR_USAGE, -EINVAL,
			"nothing ends the run: give a duration with -d or a number of requests "
			"with -n");
	if (scenario->duration_ns == 0)
		return err_set(err, ERR_USAGE, -EINVAL,
			"-d 0: a run without a duration measures nothing; expected as in -d 10s");
	if (scenario->timeout_ns == 0)
		return err_set(err, ERR_USAGE, -EINVAL,
			"--timeout 0: every request would be given up at once; expected as in "
			"--timeout 10s");
	rc = check_time("--timeout", scenario->timeout_ns, LONGEST_WAIT_NS, err);
	if (!rc)
		rc = check_time("--drain", scenario->drain_ns, LONGEST_WAIT_NS, err);
	if (!rc)
		rc = check_time("-w", scenario->warmup_ns, LONGEST_WINDOW_NS, err);
	if (!rc && scenario->duration_ns != UINT64_MAX)
		rc = check_time("-d", scenario->duration_ns, LONGEST_WINDOW_NS, err);
	return rc;
}

static int check_closed_loop(const struct scenario *scenario, struct err *err)
{
	if (scenario->arrival != SCENARIO_CONSTANT)
		return err_set(err, ERR_USAGE, -EINVAL,
			"--arrival poisson needs a rate: give one with -r, as in -r 10k");
	if (scenario->has_max_in_flight)
		return err_set(err, ERR_USAGE, -EINVAL,
			"--max-in-flight %" PRIu64 " needs a rate (-r): without one, -c and "
			"--pipeline bound what is in flight",
			scenario->max_in_flight);
	return 0;
}

/* Requests that become due in the window: exact for constant arrivals, expected for Poisson. */
static uint64_t due_in_window(const struct scenario *scenario)
{
	unsigned __int128 rate = scenario->rate_mrps;
	unsigned __int128 start = rate * scenario->warmup_ns;
	unsigned __int128 length = rate * scenario->duration_ns;

	if (scenario->arrival == SCENARIO_POISSON)
		return (uint64_t)(length / MRPS_NS);
	return (uint64_t)((start + length + MRPS_NS - 1) / MRPS_NS -
			  (start + MRPS_NS - 1) / MRPS_NS);
}

static int check_open_loop(const struct scenario *scenario, struct err *err)
{
	double rate_rps = (double)scenario->rate_mrps / 1000;
	char rate[UNITS_TEXT_BYTES], time[UNITS_TEXT_BYTES], count[UNITS_TEXT_BYTES];

	units_format_rate(rate, rate_rps);
	if (scenario->rate_mrps == 0)
		return err_set(err, ERR_USAGE, -EINVAL,
			"-r 0: expected a rate above 0, as in -r 10k; leave -r out for a closed "
			"loop");
	if (scenario->rate_mrps > MOST_RATE_MRPS)
		return err_set(err, ERR_USAGE, -ERANGE, "-r %s: expected at most %s a second", rate,
			units_format_rate(count, (double)MOST_RATE_MRPS / 1000));
	if (scenario->duration_ns != UINT64_MAX && due_in_window(scenario) == 0)
		return err_set(err, ERR_USAGE, -EINVAL,
			"-r %s with -d %s: not one request falls into the window; ask for a higher "
			"rate or a longer duration",
			rate, units_format_duration_exact(time, scenario->duration_ns));
	if (scenario->duration_ns == UINT64_MAX &&
		(double)scenario->requests / rate_rps > (double)LONGEST_WINDOW_NS / 1e9)
		return err_set(err, ERR_USAGE, -ERANGE,
			"-n %s at -r %s takes longer than %s: ask for fewer requests or a higher "
			"rate",
			units_format_count(count, scenario->requests), rate,
			units_format_duration_exact(time, LONGEST_WINDOW_NS));
	if (scenario->has_max_in_flight && scenario->workers > scenario->max_in_flight)
		return err_set(err, ERR_USAGE, -EINVAL,
			"--max-in-flight %" PRIu64 " is less than -t %" PRIu32 ": every worker "
			"needs room for one request; ask for fewer workers",
			scenario->max_in_flight, scenario->workers);
	return 0;
}

static int check_connections(const struct scenario *scenario, struct err *err)
{
	char rate[UNITS_TEXT_BYTES], connects[UNITS_TEXT_BYTES];

	if (!scenario->no_keepalive)
		return 0;
	if (scenario->pipeline > 1)
		return err_set(err, ERR_USAGE, -EINVAL,
			"--pipeline %" PRIu32 " with --no-keepalive: a connection has one request "
			"then; leave one of them out",
			scenario->pipeline);
	if (scenario->open_loop && scenario->connect_rate_mrps &&
		scenario->connect_rate_mrps < scenario->rate_mrps)
		return err_set(err, ERR_USAGE, -EINVAL,
			"--connect-rate %s is less than -r %s: with --no-keepalive each request "
			"needs a connect of its own; ask for at least --connect-rate %s",
			units_format_rate(connects, (double)scenario->connect_rate_mrps / 1e3),
			units_format_rate(rate, (double)scenario->rate_mrps / 1e3), rate);
	return 0;
}

int scenario_check(struct scenario *scenario, struct err *err)
{
	int rc;

	if (!scenario->url || scenario->url[0] == '\0')
		return err_set(err, ERR_USAGE, -EINVAL,
			"no URL: expected one as in \"http://localhost:8080/\"");
	if (!scenario->method)
		scenario->method = scenario->body || scenario->body_file ? "POST" : "GET";
	if (scenario->drain_ns == DRAIN_AS_TIMEOUT)
		scenario->drain_ns = scenario->timeout_ns;
	rc = check_counts(scenario, err);
	if (!rc)
		rc = check_times(scenario, err);
	if (!rc)
		rc = scenario->open_loop ? check_open_loop(scenario, err)
					 : check_closed_loop(scenario, err);
	if (!rc)
		rc = check_connections(scenario, err);
	return rc;
}
