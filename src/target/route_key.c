/* SPDX-License-Identifier: MIT */
/* The keys of a route: one table for the parser and for the help (see route.h). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "target/route.h"
#include "target/route_load.h"
#include "target/share.h"

/* A week: no server of a test lives longer. */
#define FREEZE_LATEST_NS (7 * 24 * 3600 * NS_PER_S)

static int parse_service(
	struct route_set *set, struct route *route, const char *text, struct err *err)
{
	(void)set;
	return service_parse(&route->service, text, err);
}

static int parse_by(struct route_set *set, struct route *route, const char *text, struct err *err)
{
	(void)set;
	if (!strcmp(text, "wait"))
		route->by = ROUTE_BY_WAIT;
	else if (!strcmp(text, "spin"))
		route->by = ROUTE_BY_SPIN;
	else
		return err_set(
			err, ERR_USAGE, -EINVAL, "\"%s\" is neither \"wait\" nor \"spin\"", text);
	return 0;
}

static int parse_size(struct route_set *set, struct route *route, const char *text, struct err *err)
{
	int code = units_parse_size(text, &route->size_bytes, err);

	(void)set;
	if (!code && route->size_bytes > ROUTE_MAX_SIZE_BYTES)
		return err_set(err, ERR_USAGE, -ERANGE,
			"\"%s\" is larger than a body can be: at most 1024G", text);
	return code;
}

static int parse_chunked(
	struct route_set *set, struct route *route, const char *text, struct err *err)
{
	int code = units_parse_size(text, &route->chunk_bytes, err);

	(void)set;
	if (!code && (!route->chunk_bytes || route->chunk_bytes > ROUTE_MAX_CHUNK_BYTES))
		return err_set(err, ERR_USAGE, -ERANGE,
			"\"%s\" is no size of a chunk: write one from 1 to 1M", text);
	route->chunked = true;
	return code;
}

/* One "CODE:SHARE" of a mix. */
static int parse_mix_entry(struct route *route, const char *text, struct err *err)
{
	struct route_status *entry = &route->statuses[route->status_count];
	const char *colon = strchr(text, ':');
	char *end;
	unsigned long status = strtoul(text, &end, 10);

	if (text[0] < '1' || text[0] > '9' || end - text != 3 || (*end && end != colon))
		return err_set(err, ERR_USAGE, -EINVAL,
			"\"%s\" is not a status: write 200, or a mix such as 200:95,500:5", text);
	if (status < 200 || status > 599)
		return err_set(err, ERR_USAGE, -ERANGE,
			"\"%s\" is not the status of a final response: write one from 200 to 599",
			text);
	for (size_t i = 0; i < route->status_count; i++)
		if (route->statuses[i].status == status)
			return err_set(err, ERR_USAGE, -EINVAL,
				"status \"%lu\" is in the mix twice: add its shares up", status);
	entry->status = (uint16_t)status;
	entry->share = SHARE_WHOLE;
	route->status_count++;
	return colon ? share_parse(colon + 1, &entry->share, err) : 0;
}

static int parse_status(
	struct route_set *set, struct route *route, const char *text, struct err *err)
{
	char copy[ROUTE_VALUE_BYTES];
	char *rest = copy;
	uint64_t sum = 0;

	(void)set;
	snprintf(copy, sizeof(copy), "%s", text);
	route->status_count = 0;
	while (rest) {
		char *entry = strsep(&rest, ",");
		int code;

		if (route->status_count == ROUTE_STATUS_LIMIT)
			return err_set(err, ERR_USAGE, -E2BIG,
				"\"%s\" mixes too many statuses: at most %d", text,
				ROUTE_STATUS_LIMIT);
		code = parse_mix_entry(route, entry, err);
		if (code)
			return code;
		sum += route->statuses[route->status_count - 1].share;
	}
	if (sum != SHARE_WHOLE)
		return err_set(err, ERR_USAGE, -EINVAL,
			"\"%s\" adds up to %g %%, not to 100: write the share of every status, as "
			"in 200:95,500:5",
			text, (double)sum * 100 / SHARE_WHOLE);
	return 0;
}

static int parse_close_after(
	struct route_set *set, struct route *route, const char *text, struct err *err)
{
	(void)set;
	route->closes = true;
	return units_parse_count(text, 1, UINT32_MAX, &route->close_after, err);
}

static int parse_close(
	struct route_set *set, struct route *route, const char *text, struct err *err)
{
	(void)set;
	if (!strcmp(text, "silent"))
		route->close_silent = true;
	else if (strcmp(text, "announced") != 0)
		return err_set(err, ERR_USAGE, -EINVAL,
			"\"%s\" is neither \"announced\" nor \"silent\"", text);
	return 0;
}

static int parse_answer(
	struct route_set *set, struct route *route, const char *text, struct err *err)
{
	static const char *const names[] = {[ROUTE_ANSWER_HTTP] = "http",
		[ROUTE_ANSWER_GARBAGE] = "garbage",
		[ROUTE_ANSWER_NONE] = "none",
		[ROUTE_ANSWER_RESET] = "reset"};

	(void)set;
	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(text, names[i])) {
			route->answer = (enum route_answer)i;
			return 0;
		}
	}
	return err_set(err, ERR_USAGE, -EINVAL,
		"\"%s\" is not an answer: write http, garbage, none or reset", text);
}

static int parse_body_end(
	struct route *route, enum route_body body, const char *text, struct err *err)
{
	if (route->body != ROUTE_BODY_WHOLE)
		return err_set(err, ERR_USAGE, -EINVAL,
			"\"%s\" comes beside another end of the body: write cut or stall, not both",
			text);
	route->body = body;
	return units_parse_size(text, &route->body_limit_bytes, err);
}

static int parse_cut(struct route_set *set, struct route *route, const char *text, struct err *err)
{
	(void)set;
	return parse_body_end(route, ROUTE_BODY_CUT, text, err);
}

static int parse_stall(
	struct route_set *set, struct route *route, const char *text, struct err *err)
{
	(void)set;
	return parse_body_end(route, ROUTE_BODY_STALL, text, err);
}

static int parse_one_freeze(struct route_set *set, char *text, struct err *err)
{
	struct route_freeze *freeze = &set->freezes[set->freeze_count];
	char *at = strchr(text, '@');
	int code;

	if (!at)
		return err_set(err, ERR_USAGE, -EINVAL,
			"\"%s\" does not say when: write DURATION@TIME, as in 1s@3s", text);
	*at = '\0';
	code = units_parse_duration(text, &freeze->duration_ns, err);
	if (!code)
		code = units_parse_duration(at + 1, &freeze->at_ns, err);
	if (code)
		return code;
	if (!freeze->duration_ns || freeze->duration_ns > SERVICE_LONGEST_NS)
		return err_set(err, ERR_USAGE, -ERANGE,
			"\"%s\" is no duration of a freeze: write one above 0 and up to 1h", text);
	if (freeze->at_ns > FREEZE_LATEST_NS)
		return err_set(err, ERR_USAGE, -ERANGE,
			"\"%s\" is too late for a freeze: write at most 7d", at + 1);
	set->freeze_count++;
	return 0;
}

static int parse_freeze(
	struct route_set *set, struct route *route, const char *text, struct err *err)
{
	char copy[ROUTE_VALUE_BYTES];
	char *rest = copy;
	int code = 0;

	(void)route;
	snprintf(copy, sizeof(copy), "%s", text);
	while (rest && !code) {
		if (set->freeze_count == ROUTE_FREEZE_LIMIT)
			return err_set(err, ERR_USAGE, -E2BIG,
				"\"%s\" makes too many freezes: at most %d", text,
				ROUTE_FREEZE_LIMIT);
		code = parse_one_freeze(set, strsep(&rest, ","), err);
	}
	return code;
}

static const struct route_key keys[] = {
	{"service", "fixed:TIME | exp:MEAN | bimodal:USUAL/RARE@SHARE%", "fixed:0",
		"how long a request takes, as in exp:2ms or bimodal:1ms/50ms@10%", {NULL},
		parse_service},
	{"by", "wait | spin", "wait",
		"who passes the time: a timer while other requests go on, or the worker's CPU",
		{NULL}, parse_by},
	{"size", "SIZE", "100", "bytes of the body, as in 10K", {NULL}, parse_size},
	{"chunked", "SIZE", "off", "chunked transfer, in chunks of this size", {NULL},
		parse_chunked},
	{"status", "CODE | CODE:PERCENT,...", "200", "status of the response, as in 200:95,500:5",
		{NULL}, parse_status},
	{"close-after", "COUNT", "off", "closes a connection after this many requests", {NULL},
		parse_close_after},
	{"close", "announced | silent", "announced",
		"whether the last response before close-after says \"Connection: close\"", {NULL},
		parse_close},
	{"answer", "http | garbage | none | reset", "http",
		"a response, bytes that are not HTTP, nothing ever, or a reset", {NULL},
		parse_answer},
	{"cut", "BYTES", "off", "closes the connection after this much of the body", {NULL},
		parse_cut},
	{"stall", "BYTES", "off", "sends this much of the body and nothing more", {NULL},
		parse_stall},
	{"freeze", "DURATION@TIME,...", "none",
		"the whole server sleeps for DURATION at TIME after its start", {NULL},
		parse_freeze},
	{"capacity", "RATE", "off",
		"requests a second answered at most, 1/RATE each and then service; others queue",
		{NULL}, route_load_capacity},
	{"servers", "COUNT", "1",
		"among how many servers the capacity is divided: each takes COUNT/RATE for a "
		"request",
		{"capacity"}, route_load_servers},
	{"refuse-above", "COUNT", "1048576",
		"refuses a request that finds this many unanswered ones in the queue", {"capacity"},
		route_load_refuse_above},
	{"refuse", "CODE | close | reset", "503",
		"how it refuses: a response, the end of the connection, or a reset", {"capacity"},
		route_load_refuse},
	{"degraded", "PERCENT", "100%",
		"share of the capacity that is left after a request found the queue too long",
		{"capacity"}, route_load_degraded},
	{"overload-above", "COUNT", "100",
		"too long is a queue of more than this many unanswered requests", {"degraded"},
		route_load_overload_above},
	{"recovery", "TIME", "10s",
		"the whole capacity is back when no request has found it too long for this time",
		{"degraded"}, route_load_recovery},
	{"sustained", "PERCENT", "100%",
		"share of the capacity that it bears for ever; more than that degrades it in time",
		{"degraded"}, route_load_sustained},
	{"endurance", "TIME", "5s", "how long it bears more than the sustained share",
		{"sustained"}, route_load_endurance},
	{"lock", "TIME", "off",
		"the worker's CPU works so long for each request while it holds a mutex of the "
		"route",
		{NULL}, route_load_lock},
	{"lock-name", "NAME", "none", "routes with the same name share their mutex", {"lock"},
		route_load_lock_name},
	{"leak", "SIZE/h", "off",
		"memory leaked by and by as long as the server runs; also SIZE/m, SIZE/s", {NULL},
		route_load_leak},
	{"leak-per-request", "SIZE", "off", "memory leaked with each request", {NULL},
		route_load_leak_per_request},
	{"leak-limit", "SIZE", "1G", "leaks no more than this", {"leak", "leak-per-request"},
		route_load_leak_limit},
	{"continue", "yes | no | 417", "yes",
		"answer to Expect: 100-continue: interim, final before the body, or refusal",
		{NULL}, route_load_continue},
};

const struct route_key *route_keys(size_t *count)
{
	*count = sizeof(keys) / sizeof(keys[0]);
	return keys;
}
