/* SPDX-License-Identifier: MIT */
#include "target/route.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/nearest.h"
#include "target/route_load.h"
#include "target/share.h"

/* What may stand before "=" and still be taken for a key. */
#define KEY_BYTES 32
/* Room for the names of all keys. */
#define KEYS_TEXT_BYTES 512

static const char blanks[] = " \t\r";

/* One line of text and where it came from. */
struct source {
	const char *name;
	unsigned int line; /* from 1; unused when there are no lines */
	bool has_lines;
	const char *text; /* column 1 */
};

/* Puts the position before the sentence that is there. */
static int at_position(const struct source *source, const char *at, int code, struct err *err)
{
	unsigned int column = (unsigned int)(at - source->text) + 1;

	if (source->has_lines)
		err_prefix(err, "%s:%u:%u: ", source->name, source->line, column);
	else
		err_prefix(err, "%s:%u: ", source->name, column);
	return code;
}

static int unknown_key(const char *name, struct err *err)
{
	struct nearest nearest;
	size_t count, used = 0;
	const struct route_key *keys = route_keys(&count);
	char known[KEYS_TEXT_BYTES] = "";

	nearest_init(&nearest, name, strlen(name));
	for (size_t i = 0; i < count; i++) {
		nearest_offer(&nearest, keys[i].name);
		if (used < sizeof(known))
			used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s",
				i ? ", " : "", keys[i].name);
	}
	if (nearest.best)
		return err_set(err, ERR_USAGE, -EINVAL, "unknown key \"%s\": did you mean \"%s\"",
			name, nearest.best);
	return err_set(err, ERR_USAGE, -EINVAL, "unknown key \"%s\": known are %s", name, known);
}

static const struct route_key *find_key(const char *name)
{
	size_t count;
	const struct route_key *keys = route_keys(&count);

	for (size_t i = 0; i < count; i++)
		if (!strcmp(name, keys[i].name))
			return &keys[i];
	return NULL;
}

/* A route while its line is read. */
struct reading {
	struct route_set *set;
	const struct source *source;
	struct route route;
	uint32_t seen; /* a bit for each key of the table */
};

static int parse_pair(struct reading *reading, const char *pair, size_t bytes, struct err *err)
{
	const struct source *source = reading->source;
	const char *equals = memchr(pair, '=', bytes);
	size_t key_bytes = equals ? (size_t)(equals - pair) : 0;
	char name[KEY_BYTES], value[ROUTE_VALUE_BYTES];
	const struct route_key *key, *keys;
	size_t count;
	int code;

	if (!key_bytes || key_bytes >= sizeof(name) || bytes - key_bytes > sizeof(value)) {
		code = err_set(err, ERR_USAGE, -EINVAL,
			"\"%.*s\" is not a key and its value: write key=value, as in size=10K",
			bytes < 60 ? (int)bytes : 60, pair);
		return at_position(source, pair, code, err);
	}
	snprintf(name, sizeof(name), "%.*s", (int)key_bytes, pair);
	snprintf(value, sizeof(value), "%.*s", (int)(bytes - key_bytes - 1), equals + 1);
	key = find_key(name);
	if (!key) {
		code = unknown_key(name, err);
		return at_position(source, pair, code, err);
	}
	keys = route_keys(&count);
	if (reading->seen & 1U << (key - keys)) {
		code = err_set(
			err, ERR_USAGE, -EINVAL, "key \"%s\" is given twice: leave one out", name);
		return at_position(source, pair, code, err);
	}
	reading->seen |= 1U << (key - keys);
	code = key->parse(reading->set, &reading->route, value, err);
	if (code) {
		err_prefix(err, "%s: ", name);
		return at_position(source, equals + 1, code, err);
	}
	return 0;
}

static int parse_path(
	struct route_set *set, struct route *route, const char *path, size_t bytes, struct err *err)
{
	size_t path_bytes = bytes;

	if (path[bytes - 1] == '*') {
		route->prefix = true;
		path_bytes--;
	}
	if (bytes >= ROUTE_PATH_BYTES)
		return err_set(err, ERR_USAGE, -E2BIG, "the path is longer than %d bytes",
			ROUTE_PATH_BYTES - 1);
	if ((path_bytes && path[0] != '/') || memchr(path, '*', path_bytes))
		return err_set(err, ERR_USAGE, -EINVAL,
			"\"%.*s\" is not a path: write /exact, /prefix* or *", (int)bytes, path);
	if (memchr(path, '?', bytes))
		return err_set(err, ERR_USAGE, -EINVAL,
			"\"%.*s\" has a query: routes are chosen by the path alone, leave \"?\" "
			"and the rest out",
			(int)bytes, path);
	memcpy(route->path, path, path_bytes);
	route->path_bytes = path_bytes;
	if (!route->prefix && !strcmp(route->path, ROUTE_STATS_PATH))
		return err_set(err, ERR_USAGE, -EINVAL,
			"\"%s\" is where the server tells what it did: choose another path",
			route->path);
	for (size_t i = 0; i < set->count; i++)
		if (set->routes[i].prefix == route->prefix &&
			!strcmp(set->routes[i].path, route->path))
			return err_set(err, ERR_USAGE, -EEXIST,
				"path \"%.*s\" has a route already: leave one out", (int)bytes,
				path);
	return 0;
}

static bool is_given(const struct reading *reading, const char *name)
{
	size_t count;
	const struct route_key *keys = route_keys(&count);

	return reading->seen & 1U << (find_key(name) - keys);
}

/* A key that does nothing is a mistake of whoever wrote it. */
static int check_needs(const struct reading *reading, struct err *err)
{
	size_t count;
	const struct route_key *keys = route_keys(&count);

	for (size_t i = 0; i < count; i++) {
		const char *const *needs = keys[i].needs;

		if (!(reading->seen & 1U << i) || !needs[0] || is_given(reading, needs[0]) ||
			(needs[1] && is_given(reading, needs[1])))
			continue;
		return err_set(err, ERR_USAGE, -EINVAL, "%s does nothing without %s%s%s: add %s=%s",
			keys[i].name, needs[0], needs[1] ? " or " : "", needs[1] ? needs[1] : "",
			needs[0], find_key(needs[0])->values);
	}
	return 0;
}

/* What cannot be seen while reading one key. */
static int check(const struct route *route, struct err *err)
{
	if (route->close_silent && !route->closes)
		return err_set(err, ERR_USAGE, -EINVAL,
			"close=silent does nothing without close-after: add close-after=COUNT");
	if (route->body == ROUTE_BODY_WHOLE)
		return 0;
	if (route->answer != ROUTE_ANSWER_HTTP)
		return err_set(
			err, ERR_USAGE, -EINVAL, "cut and stall need a response: leave answer out");
	if (route->body_limit_bytes >= route->size_bytes)
		return err_set(err, ERR_USAGE, -ERANGE,
			"%s=%llu leaves nothing out of a body of %llu bytes: write less, or a "
			"larger size",
			route->body == ROUTE_BODY_CUT ? "cut" : "stall",
			(unsigned long long)route->body_limit_bytes,
			(unsigned long long)route->size_bytes);
	return 0;
}

static struct route initial_route(void)
{
	struct route route = {.service = {.kind = SERVICE_FIXED},
		.size_bytes = 100,
		.statuses = {{.status = 200, .share = SHARE_WHOLE}},
		.status_count = 1};

	route_load_init(&route);
	return route;
}

static int append(struct route_set *set, const struct route *route, struct err *err)
{
	struct route *grown;

	if (set->count == ROUTE_LIMIT)
		return err_set(err, ERR_USAGE, -E2BIG, "too many routes: at most %d", ROUTE_LIMIT);
	grown = realloc(set->routes, (set->count + 1) * sizeof(*grown));
	if (!grown)
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "no memory for a route");
	grown[set->count++] = *route;
	set->routes = grown;
	return 0;
}

/* A line from source->text up to end; without a path it is empty, which only a file may be. */
static int parse_line(
	struct route_set *set, const struct source *source, const char *end, struct err *err)
{
	struct reading reading = {.set = set, .source = source, .route = initial_route()};
	const char *at = source->text, *start;
	int code;

	at += strspn(at, blanks);
	if (at >= end)
		return 0;
	start = at;
	at += strcspn(at, blanks);
	code = parse_path(set, &reading.route, start, (size_t)(at - start), err);
	if (code)
		return at_position(source, start, code, err);
	for (at += strspn(at, blanks); at < end; at += strspn(at, blanks)) {
		size_t bytes = strcspn(at, blanks);

		code = parse_pair(&reading, at, bytes, err);
		if (code)
			return code;
		at += bytes;
	}
	code = check_needs(&reading, err);
	if (!code)
		code = check(&reading.route, err);
	if (!code)
		code = route_load_check(&reading.route, err);
	if (!code)
		code = append(set, &reading.route, err);
	return code ? at_position(source, start, code, err) : 0;
}

int route_set_add(struct route_set *set, const char *text, struct err *err)
{
	struct source source = {.name = "--route", .text = text};

	if (text[strspn(text, blanks)] == '\0')
		return err_set(err, ERR_USAGE, -EINVAL,
			"--route: no path: write 'PATH key=value ...', as in '/api* "
			"service=exp:2ms'");
	return parse_line(set, &source, text + strlen(text), err);
}

/* A comment begins with "#" at the start of a line or after a blank: paths may hold one. */
static void strip_comment(char *line)
{
	for (char *at = strchr(line, '#'); at; at = strchr(at + 1, '#')) {
		if (at == line || strchr(blanks, at[-1])) {
			*at = '\0';
			return;
		}
	}
}

int route_set_read(struct route_set *set, const char *path, struct err *err)
{
	struct source source = {.name = path, .has_lines = true};
	struct buf text = {0};
	char *rest;
	int code = file_read(path, ROUTE_FILE_BYTES, &text, err);

	if (code) {
		err_prefix(err, "--routes: ");
		goto out;
	}
	if (text.length_bytes && memchr(text.data, '\0', text.length_bytes)) {
		code = err_set(
			err, ERR_USAGE, -EINVAL, "%s: holds a zero byte: it is not a text", path);
		goto out;
	}
	rest = text.data;
	while (rest && !code) {
		char *line = strsep(&rest, "\n");

		source.line++;
		source.text = line;
		strip_comment(line);
		code = parse_line(set, &source, line + strlen(line), err);
	}
out:
	buf_release(&text);
	return code;
}

/* Exact paths first, then prefixes, the longer before the shorter. */
static int by_search_order(const void *a, const void *b)
{
	const struct route *first = a, *second = b;

	if (first->prefix != second->prefix)
		return first->prefix - second->prefix;
	if (first->path_bytes != second->path_bytes)
		return first->path_bytes > second->path_bytes ? -1 : 1;
	return strcmp(first->path, second->path);
}

static int by_time(const void *a, const void *b)
{
	const struct route_freeze *first = a, *second = b;

	if (first->at_ns == second->at_ns)
		return 0;
	return first->at_ns < second->at_ns ? -1 : 1;
}

int route_set_finish(struct route_set *set, struct err *err)
{
	bool has_default = false;

	for (size_t i = 0; i < set->count; i++)
		has_default |= set->routes[i].prefix && !set->routes[i].path_bytes;
	if (!has_default) {
		struct route route = initial_route();
		int code;

		route.prefix = true;
		code = append(set, &route, err);
		if (code)
			return code;
	}
	qsort(set->routes, set->count, sizeof(*set->routes), by_search_order);
	qsort(set->freezes, set->freeze_count, sizeof(*set->freezes), by_time);
	return 0;
}

void route_set_release(struct route_set *set)
{
	free(set->routes);
	memset(set, 0, sizeof(*set));
}

/* The path of an origin-form or absolute-form target (RFC 9112, 3.2). */
static const char *path_of(const char *target)
{
	const char *authority;

	if (strncasecmp(target, "http://", 7) != 0)
		return target;
	authority = target + 7;
	authority += strcspn(authority, "/?");
	return *authority == '/' ? authority : "/";
}

size_t route_set_match(const struct route_set *set, const char *target, bool cut)
{
	const char *path = path_of(target);
	size_t bytes = strcspn(path, "?"), i;
	/* A query that begins within what was kept leaves the path whole. */
	bool whole = !cut || path[bytes] == '?';

	for (i = 0; i + 1 < set->count; i++) {
		const struct route *route = &set->routes[i];

		if (route->path_bytes > bytes || memcmp(route->path, path, route->path_bytes) != 0)
			continue;
		if (route->prefix || (whole && route->path_bytes == bytes))
			break;
	}
	/* The last is "*": it takes what nothing else took. */
	return i;
}

bool route_is_stats(const char *target, const char **query)
{
	const char *path = path_of(target);
	size_t bytes = strcspn(path, "?");

	*query = path[bytes] ? path + bytes + 1 : "";
	return bytes == strlen(ROUTE_STATS_PATH) && !memcmp(path, ROUTE_STATS_PATH, bytes);
}

uint16_t route_status_at(const struct route *route, size_t index)
{
	if (index < route->status_count)
		return route->statuses[index].status;
	if (index == ROUTE_STATUS_REFUSED && route->queue.capacity_mrps &&
		route->refusal == ROUTE_REFUSE_STATUS)
		return route->refuse_status;
	if (index == ROUTE_STATUS_EXPECTED && route->expectation == ROUTE_CONTINUE_REFUSE)
		return 417;
	return 0;
}

bool route_status_without_body(uint16_t status)
{
	return status == 204 || status == 304;
}
