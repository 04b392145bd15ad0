/* SPDX-License-Identifier: MIT */
/* `ringload serve`: the embedded target, until Ctrl-C. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/exit.h"
#include "base/clock.h"
#include "base/resident.h"
#include "base/units.h"
#include "cli/command.h"
#include "plan/cpulist.h"
#include "plan/unixsock.h"
#include "scenario/scenario.h"
#include "target/target.h"

struct serve_values {
	uint32_t port, workers, connections, backlog;
	uint64_t seed, log_entries, accept_delay_ns;
	struct scenario_list addresses, sockets, routes;
	bool only_sockets; /* no TCP port was asked beside them */
	const char *routes_file, *cpus;
};

#define VALUE(member) offsetof(struct serve_values, member)

static const struct option serve_options[] = {
	{.group = "Where",
		.name = "port",
		.letter = 'p',
		.kind = OPTION_U32,
		.value = "N",
		.initial = "8080",
		.help = "port to listen on; 0: any that is free, which is told",
		.highest = UINT16_MAX,
		.offset = VALUE(port)},
	{.name = "address",
		.letter = 'a',
		.kind = OPTION_LIST,
		.value = "ADDRESS",
		.initial = "127.0.0.1",
		.help = "address to listen on: 0.0.0.0, ::1; may be repeated",
		.lowest = 1,
		.highest = 255,
		.offset = VALUE(addresses)},
	{.name = "unix",
		.kind = OPTION_LIST,
		.value = "PATH",
		.help = "unix socket to listen on, beside --port and --address if one of them is "
			"given, else alone: /run/x.sock, or @name for an abstract one; may be "
			"repeated. The file goes with the server, and one that a server left "
			"behind "
			"is replaced",
		.lowest = 1,
		.highest = 255,
		.offset = VALUE(sockets)},
	{.group = "How",
		.name = "workers",
		.letter = 't',
		.kind = OPTION_U32,
		.value = "N",
		.initial = "1, or one for each of --cpus",
		.help = "threads that serve",
		.lowest = 1,
		.highest = TARGET_WORKER_LIMIT,
		.offset = VALUE(workers)},
	{.name = "cpus",
		.kind = OPTION_TEXT,
		.value = "LIST",
		.initial = "not pinned",
		.help = "CPUs to pin the workers to: 0-3,8",
		.lowest = 1,
		.highest = 4096,
		.offset = VALUE(cpus)},
	{.name = "connections",
		.letter = 'c',
		.kind = OPTION_U32,
		.value = "N",
		.initial = "16384, or what the limit of open files allows",
		.help = "most connections at a time, for each worker",
		.lowest = 1,
		.highest = TARGET_CONNECTION_LIMIT,
		.offset = VALUE(connections)},
	{.name = "backlog",
		.kind = OPTION_U32,
		.value = "N",
		.initial = "16384",
		.help = "connections that may wait to be accepted, for each worker; the kernel "
			"cuts "
			"it at net.core.somaxconn",
		.lowest = 1,
		.highest = TARGET_CONNECTION_LIMIT,
		.offset = VALUE(backlog)},
	{.name = "accept-delay",
		.kind = OPTION_DURATION,
		.value = "TIME",
		.initial = "0",
		.help = "let connections wait this long before all that wait are accepted",
		.highest = SERVICE_LONGEST_NS,
		.offset = VALUE(accept_delay_ns)},
	{.group = "What",
		.name = "route",
		.letter = 'r',
		.kind = OPTION_LIST,
		.value = "'PATH KEY=VALUE...'",
		.initial = "'*'",
		.help = "what to do with requests for PATH, or for all that begin like it when it "
			"ends "
			"in *; may be repeated",
		.lowest = 1,
		.highest = 65536,
		.offset = VALUE(routes)},
	{.name = "routes",
		.kind = OPTION_TEXT,
		.value = "FILE",
		.help = "the same, one route a line, # begins a comment",
		.lowest = 1,
		.highest = 4096,
		.offset = VALUE(routes_file)},
	{.name = "seed",
		.kind = OPTION_U64,
		.value = "N",
		.initial = "1",
		.help = "of what is drawn at random",
		.highest = UINT64_MAX,
		.offset = VALUE(seed)},
	{.name = "log",
		.kind = OPTION_U64,
		.value = "N",
		.initial = "0",
		.help = "keep the times of the latest N requests of each worker for /__stats?full",
		.highest = TARGET_LOG_LIMIT,
		.offset = VALUE(log_entries)},
	{.name = "help", .letter = 'h', .kind = OPTION_HELP, .help = "show this text"},
};

/* Everything serve_open takes and serve_release gives back. */
struct serving {
	struct route_set routes;
	char **addresses; /* "127.0.0.1:8080", "unix:/run/x.sock"; address_count of them */
	size_t address_count;
	unsigned int *cpus;
	size_t cpu_count;
	struct target *target;
};

/* What a signal handler can find. */
static struct target *to_stop;

static void stop_target(int number)
{
	(void)number;
	target_stop(to_stop);
}

static void serving_release(struct serving *serving)
{
	size_t i;

	target_close(serving->target);
	route_set_release(&serving->routes);
	for (i = 0; i < serving->address_count; i++)
		free(serving->addresses[i]);
	free(serving->addresses);
	free(serving->cpus);
}

static int no_memory(struct err *err)
{
	return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "cannot start the server");
}

static int take_routes(struct serving *serving, const struct serve_values *values, struct err *err)
{
	int code = 0;
	size_t i;

	for (i = 0; i < values->routes.count && !code; i++)
		code = route_set_add(&serving->routes, values->routes.items[i], err);
	if (!code && values->routes_file)
		code = route_set_read(&serving->routes, values->routes_file, err);
	return code ? code : route_set_finish(&serving->routes, err);
}

/* A path, "./" before one that begins in this folder, or "@name"; "unix:" before it is allowed. */
static int take_socket(struct serving *serving, const char *text, struct err *err)
{
	size_t prefix = strlen(UNIXSOCK_PREFIX);
	char *address;

	if (strncmp(text, UNIXSOCK_PREFIX, prefix) == 0)
		text += prefix;
	if (asprintf(&address, UNIXSOCK_PREFIX "%s%s", strchr("/.@", *text) ? "" : "./", text) < 0)
		return no_memory(err);
	serving->addresses[serving->address_count++] = address;
	return 0;
}

/* With the port behind; an IPv6 address in brackets. */
static int take_addresses(
	struct serving *serving, const struct serve_values *values, struct err *err)
{
	static const char *const usual[] = {"127.0.0.1"};
	const char *const *given = values->addresses.count ? values->addresses.items : usual;
	size_t count = values->addresses.count ? values->addresses.count : !values->only_sockets;
	size_t sockets = values->sockets.count, i;

	if (count + sockets > TARGET_ADDRESS_LIMIT)
		return err_set(err, ERR_USAGE, -EINVAL, "--%s: %zu are too many: at most %d",
			sockets ? "unix" : "address", count + sockets, TARGET_ADDRESS_LIMIT);
	serving->addresses = calloc(count + sockets, sizeof(*serving->addresses));
	if (!serving->addresses)
		return no_memory(err);
	for (i = 0; i < count; i++) {
		bool bare = strchr(given[i], ':') && given[i][0] != '[';

		if (asprintf(&serving->addresses[i], bare ? "[%s]:%u" : "%s:%u", given[i],
			    values->port) < 0)
			return no_memory(err);
		serving->address_count++;
	}
	for (i = 0; i < sockets; i++)
		if (take_socket(serving, values->sockets.items[i], err))
			return -ENOMEM;
	return 0;
}

/* One CPU for each worker, in the order of the list, and over again when there are more workers. */
static int take_cpus(struct serving *serving, const struct serve_values *values, struct err *err)
{
	size_t count = values->workers ? values->workers : 1, i;
	unsigned int cpu = CPULIST_LIMIT;
	struct cpulist list;

	serving->cpu_count = count;
	if (!values->cpus)
		return 0;
	if (cpulist_parse(&list, values->cpus) < 0 || !cpulist_count(&list))
		return err_set(err, ERR_USAGE, -EINVAL,
			"--cpus: \"%s\" is not a list of CPUs: expected as in 0-3,8", values->cpus);
	if (!values->workers)
		count = cpulist_count(&list);
	serving->cpu_count = count;
	serving->cpus = calloc(count, sizeof(*serving->cpus));
	if (!serving->cpus)
		return no_memory(err);
	for (i = 0; i < count; i++) {
		cpu = cpu == CPULIST_LIMIT ? CPULIST_LIMIT : cpulist_next(&list, cpu + 1);
		if (cpu == CPULIST_LIMIT)
			cpu = cpulist_next(&list, 0);
		serving->cpus[i] = cpu;
	}
	return 0;
}

static int open_target(struct serving *serving, const struct serve_values *values, struct err *err)
{
	struct target_options options = {
		.routes = &serving->routes,
		.seed = values->seed,
		.connections = values->connections,
		.log_entries = values->log_entries,
		.accept_delay_ns = values->accept_delay_ns,
		.backlog = values->backlog,
	};
	int code = take_routes(serving, values, err);

	if (code >= 0)
		code = take_addresses(serving, values, err);
	if (code >= 0)
		code = take_cpus(serving, values, err);
	if (code < 0)
		return code;
	options.addresses = (const char *const *)serving->addresses;
	options.address_count = serving->address_count;
	options.worker_count = serving->cpu_count;
	options.cpus = serving->cpus;
	resident_keep();
	return target_open(&serving->target, &options, err);
}

static int announce(const struct serving *serving, struct err *err)
{
	struct buf text = {0};
	size_t i;
	int code;

	for (i = 0; i < serving->address_count; i++) {
		buf_text(&text, "listening on ");
		target_url(serving->target, i, &text);
		buf_text(&text, "\n");
	}
	code = command_print(&text, err);
	buf_release(&text);
	return code;
}

static uint64_t member(const json_t *object, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(object, key));
}

static void print_residence(struct buf *out, const json_t *root)
{
	const json_t *residence = json_object_get(root, "residence_ns");
	char text[UNITS_TEXT_BYTES];

	if (!member(residence, "count"))
		return;
	buf_text(out, "residence");
	buf_printf(out, " p50 %s", units_format_duration(text, member(residence, "p50")));
	buf_printf(out, ", p99 %s", units_format_duration(text, member(residence, "p99")));
	buf_printf(out, ", max %s", units_format_duration(text, member(residence, "max")));
	buf_text(out, " (from the request's last byte read to its answer sent)\n");
}

/* What became of routes that were told to break. */
static void print_routes(struct buf *out, const json_t *root)
{
	const json_t *route;
	char text[UNITS_TEXT_BYTES];
	size_t i;

	json_array_foreach(json_object_get(root, "routes"), i, route)
	{
		const char *path = json_string_value(json_object_get(route, "path"));
		const json_t *queue = json_object_get(route, "queue");
		const json_t *leak = json_object_get(route, "leak");

		if (queue)
			buf_printf(out, "queue of \"%s\": at most %s requests", path,
				units_format_count(text, member(queue, "longest")));
		if (queue)
			buf_printf(out, ", %s refused\n",
				units_format_count(text, member(queue, "refused")));
		if (leak)
			buf_printf(out, "leaked by \"%s\": %s\n", path,
				units_format_size(text, member(leak, "bytes")));
	}
}

/* What is worth telling at the end, from what /__stats would have answered. */
static int summarise(const struct target *target, struct buf *out)
{
	const json_t *connections, *apart;
	struct buf stats = {0};
	char text[UNITS_TEXT_BYTES];
	json_t *root = NULL;

	if (target_stats_json(target, false, &stats) >= 0 && !stats.failed)
		root = json_loadb(stats.data, stats.length_bytes, 0, NULL);
	buf_release(&stats);
	if (!root)
		return -ENOMEM;
	connections = json_object_get(root, "connections");
	apart = json_object_get(root, "apart");
	buf_printf(out, "served %s requests", units_format_count(text, member(root, "requests")));
	buf_printf(out, " over %s connections",
		units_format_count(text, member(connections, "accepted")));
	buf_printf(out, " in %s\n",
		units_format_duration(text, member(root, "now_ns") - member(root, "start_ns")));
	print_residence(out, root);
	if (member(root, "abandoned"))
		buf_printf(out, "%s requests were not waited for\n",
			units_format_count(text, member(root, "abandoned")));
	if (member(apart, "bad_requests"))
		buf_printf(out, "%s connections sent something else than HTTP/1.1\n",
			units_format_count(text, member(apart, "bad_requests")));
	print_routes(out, root);
	json_decref(root);
	return 0;
}

static int serve_until_stopped(struct serving *serving, struct err *err)
{
	struct sigaction action = {.sa_handler = stop_target}, former[3];
	static const int numbers[3] = {SIGINT, SIGTERM, SIGHUP};
	struct buf text = {0};
	size_t i;
	int code;

	to_stop = serving->target;
	for (i = 0; i < 3; i++)
		sigaction(numbers[i], &action, &former[i]);
	code = announce(serving, err);
	if (code >= 0)
		code = target_wait(serving->target, err);
	for (i = 0; i < 3; i++)
		sigaction(numbers[i], &former[i], NULL);
	if (code >= 0 && summarise(serving->target, &text) < 0)
		code = err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "cannot read the statistics");
	if (code >= 0)
		code = command_print(&text, err);
	buf_release(&text);
	return code;
}

static int serve_run(const struct command *command, int argc, char **argv, struct err *err)
{
	struct serve_values values = {.port = 8080, .seed = 1};
	struct serving serving = {0};
	struct option_parse parse;
	int code = command_parse(command, argc, argv, &values, &parse, err);

	if (code < 0 || parse.help)
		goto out;
	values.only_sockets = values.sockets.count && !values.addresses.count &&
			      !option_given(&parse, "port");
	code = open_target(&serving, &values, err);
	if (code >= 0)
		code = serve_until_stopped(&serving, err);
out:
	serving_release(&serving);
	free(values.addresses.items);
	free(values.sockets.items);
	free(values.routes.items);
	option_parse_release(&parse);
	return code < 0 ? code : EXIT_PASS;
}

/* The keys of a route, from the table that parses them. */
static void explain_routes(struct buf *out)
{
	const struct route_key *keys;
	size_t count, i;

	keys = route_keys(&count);
	for (i = 0; i < count; i++) {
		buf_printf(out, "  %s=%s [%s]\n", keys[i].name, keys[i].values, keys[i].initial);
		buf_printf(out, "      %s\n", keys[i].help);
	}
}

static const struct command_example serve_examples[] = {
	{"ringload serve", "answers everything at once with 100 bytes"},
	{"ringload serve --route '* service=exp:2ms' --route '/big size=1M'",
		"takes 2 ms on average, but answers /big at once with a megabyte"},
	{"ringload serve --route '* capacity=5000 refuse-above=1000'",
		"breaks at 5,000 requests a second, whatever this machine bears, and refuses with "
		"503 what finds 1,000 others waiting"},
	{"ringload serve --route '* service=fixed:1ms freeze=1s@10s'",
		"stops altogether for a second, ten seconds after its start"},
	{"ringload serve --unix /run/x.sock",
		"on a unix socket, for ringload run http+unix://%2Frun%2Fx.sock/"},
	{"curl http://127.0.0.1:8080/__stats", "what it has done so far, as JSON"},
	{NULL, NULL},
};

const struct command serve_command = {
	.name = "serve",
	.summary = "run the embedded target, whose behaviour is programmed",
	.operands = "",
	.about = "An HTTP/1.1 server that does what its routes say, and counts what it did. GET "
		 "/__stats "
		 "tells. It runs until Ctrl-C and then prints a summary.",
	.table = {.options = serve_options,
		.count = sizeof(serve_options) / sizeof(*serve_options)},
	.more_title = "Keys of a route",
	.more = explain_routes,
	.examples = serve_examples,
	.run = serve_run,
};
