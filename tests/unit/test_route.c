/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "target/route.h"
#include "target/share.h"

static struct route_set set_of(const char *const *routes, size_t count)
{
	struct route_set set = {0};
	struct err err = {0};

	for (size_t i = 0; i < count; i++)
		if (route_set_add(&set, routes[i], &err))
			fail_msg("%s", err.text);
	if (route_set_finish(&set, &err))
		fail_msg("%s", err.text);
	return set;
}

static struct route route_of(const char *text)
{
	struct route_set set = set_of(&text, 1);
	struct route route = set.routes[0];

	route_set_release(&set);
	return route;
}

static void without_routes_there_is_a_default(void **state)
{
	struct route_set set = set_of(NULL, 0);
	const struct route *route = &set.routes[0];

	(void)state;
	assert_int_equal(set.count, 1);
	assert_true(route->prefix);
	assert_string_equal(route->path, "");
	assert_int_equal(route->service.kind, SERVICE_FIXED);
	assert_int_equal(route->service.usual_ns, 0);
	assert_int_equal(route->size_bytes, 100);
	assert_int_equal(route->status_count, 1);
	assert_int_equal(route->statuses[0].status, 200);
	assert_int_equal(route->statuses[0].share, SHARE_WHOLE);
	assert_false(route->chunked || route->closes);
	assert_int_equal(route->answer, ROUTE_ANSWER_HTTP);
	assert_int_equal(route->body, ROUTE_BODY_WHOLE);
	assert_int_equal(route->queue.capacity_mrps, 0);
	assert_int_equal(route->lock_ns, 0);
	assert_int_equal(route->leak_bytes_per_hour + route->leak_request_bytes, 0);
	assert_int_equal(route->expectation, ROUTE_CONTINUE_YES);
	route_set_release(&set);
	route_set_release(&set);
}

static void every_key_is_read(void **state)
{
	struct route route = route_of("  /a/b  service=exp:2ms by=spin\tsize=10K chunked=4K "
				      "status=200:95,404:3.5,503:1.5 close-after=7 close=silent "
				      "cut=100 freeze=1s@3s,20ms@1s  ");

	(void)state;
	assert_string_equal(route.path, "/a/b");
	assert_false(route.prefix);
	assert_int_equal(route.service.kind, SERVICE_EXPONENTIAL);
	assert_int_equal(route.service.usual_ns, 2 * NS_PER_MS);
	assert_int_equal(route.by, ROUTE_BY_SPIN);
	assert_int_equal(route.size_bytes, 10240);
	assert_true(route.chunked);
	assert_int_equal(route.chunk_bytes, 4096);
	assert_int_equal(route.status_count, 3);
	assert_int_equal(route.statuses[1].status, 404);
	assert_int_equal(route.statuses[1].share, 3500);
	assert_true(route.closes && route.close_silent);
	assert_int_equal(route.close_after, 7);
	assert_int_equal(route.body, ROUTE_BODY_CUT);
	assert_int_equal(route.body_limit_bytes, 100);

	route = route_of("/x* stall=0 by=wait close-after=1 close=announced");
	assert_true(route.prefix && !route.close_silent);
	assert_string_equal(route.path, "/x");
	assert_int_equal(route.body, ROUTE_BODY_STALL);
	assert_int_equal(route_of("/ answer=http").answer, ROUTE_ANSWER_HTTP);
	assert_int_equal(route_of("/ answer=garbage").answer, ROUTE_ANSWER_GARBAGE);
	assert_int_equal(route_of("/ answer=none").answer, ROUTE_ANSWER_NONE);
	assert_int_equal(route_of("/ answer=reset").answer, ROUTE_ANSWER_RESET);
	assert_int_equal(route_of("/ status=503").statuses[0].share, SHARE_WHOLE);
}

static void keys_of_load_are_read(void **state)
{
	struct route route = route_of("/ capacity=7.3k servers=8 refuse-above=1k refuse=429 "
				      "degraded=62.5% overload-above=20 recovery=30s "
				      "sustained=75% endurance=3s lock=50us "
				      "lock-name=db.1 leak=50MB/h leak-per-request=1K "
				      "leak-limit=256M continue=417");

	(void)state;
	assert_int_equal(route.queue.capacity_mrps, 7300000);
	assert_int_equal(route.queue.servers, 8);
	assert_int_equal(route.queue.refuse_above, 1000);
	assert_int_equal(route.refusal, ROUTE_REFUSE_STATUS);
	assert_int_equal(route.refuse_status, 429);
	assert_int_equal(route.queue.degraded_share, 62500);
	assert_int_equal(route.queue.overload_above, 20);
	assert_int_equal(route.queue.recovery_ns, 30 * NS_PER_S);
	assert_int_equal(route.queue.sustained_share, 75000);
	assert_int_equal(route.queue.endurance_ns, 3 * NS_PER_S);
	assert_int_equal(route.lock_ns, 50 * NS_PER_US);
	assert_string_equal(route.lock_name, "db.1");
	assert_int_equal(route.leak_bytes_per_hour, 50000000);
	assert_int_equal(route.leak_request_bytes, 1024);
	assert_int_equal(route.leak_limit_bytes, 256 << 20);
	assert_int_equal(route.expectation, ROUTE_CONTINUE_REFUSE);
	assert_int_equal(route_status_at(&route, 0), 200);
	assert_int_equal(route_status_at(&route, 1), 0);
	assert_int_equal(route_status_at(&route, ROUTE_STATUS_REFUSED), 429);
	assert_int_equal(route_status_at(&route, ROUTE_STATUS_EXPECTED), 417);

	route = route_of("/ capacity=1 refuse=close continue=no leak=1K/s");
	assert_int_equal(route.refusal, ROUTE_REFUSE_CLOSE);
	assert_int_equal(route.expectation, ROUTE_CONTINUE_NO);
	assert_int_equal(route.leak_bytes_per_hour, 3600 * 1024);
	assert_int_equal(route_status_at(&route, ROUTE_STATUS_REFUSED), 0);
	assert_int_equal(route_status_at(&route, ROUTE_STATUS_EXPECTED), 0);
	assert_int_equal(route.queue.refuse_above, QUEUE_LENGTH_LIMIT);
	assert_int_equal(route.queue.degraded_share, SHARE_WHOLE);
	assert_int_equal(route_of("/ capacity=1 refuse=reset").refusal, ROUTE_REFUSE_RESET);
	assert_int_equal(route_of("/ leak=2M/m").leak_bytes_per_hour, 120 << 20);
}

/* A value for a key that another one needs, and for what that one needs. */
static const char *needs_of(const char *name)
{
	static const char *const texts[] = {" capacity=1k", " lock=1ms", " leak=1K/h",
		" leak-per-request=1", " degraded=50 capacity=1k",
		" sustained=50 degraded=50 capacity=1k"};

	for (size_t i = 0; name && i < sizeof(texts) / sizeof(texts[0]); i++)
		if (!strncmp(texts[i] + 1, name, strlen(name)) && texts[i][1 + strlen(name)] == '=')
			return texts[i];
	assert_null(name);
	return "";
}

/* What the help promises: every key, with its initial value where that can be written down. */
static void the_table_is_what_the_parser_knows(void **state)
{
	size_t count;
	const struct route_key *keys = route_keys(&count);

	(void)state;
	assert_true(count <= 32);
	for (size_t i = 0; i < count; i++) {
		struct route_set set = {0};
		struct err err = {0};
		char text[128];
		bool absent = !strcmp(keys[i].initial, "off") || !strcmp(keys[i].initial, "none");

		assert_true(strlen(keys[i].help) > 10 && strlen(keys[i].values) > 2);
		snprintf(text, sizeof(text), "/ %s%s %s=%s", needs_of(keys[i].needs[0]),
			needs_of(keys[i].needs[1]), keys[i].name, absent ? "=" : keys[i].initial);
		/* Values of keys that are off at first are all refused for "=". */
		assert_int_equal(route_set_add(&set, text, &err) < 0, absent);
		if (absent)
			assert_non_null(strstr(err.text, keys[i].name));
		if (absent)
			assert_null(strstr(err.text, "unknown key"));
		route_set_release(&set);
	}
}

static void freezes_belong_to_the_server_in_order_of_time(void **state)
{
	static const char *const routes[] = {"/a freeze=1s@3s,20ms@1s", "/b freeze=5ms@2s"};
	static const uint64_t at_s[] = {1, 2, 3};
	struct route_set set = set_of(routes, 2);

	(void)state;
	assert_int_equal(set.freeze_count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(set.freezes[i].at_ns, at_s[i] * NS_PER_S);
	assert_int_equal(set.freezes[0].duration_ns, 20 * NS_PER_MS);
	route_set_release(&set);
}

static const char *matched(const struct route_set *set, const char *target, bool cut)
{
	return set->routes[route_set_match(set, target, cut)].path;
}

static void the_closest_route_matches(void **state)
{
	static const char *const routes[] = {"/a*", "/api/*", "/api/x", "/", "/a/b"};
	struct route_set set = set_of(routes, 5);

	(void)state;
	assert_string_equal(matched(&set, "/", false), "/");
	assert_string_equal(matched(&set, "/a", false), "/a");
	assert_string_equal(matched(&set, "/abc", false), "/a");
	assert_string_equal(matched(&set, "/a/b", false), "/a/b");
	assert_string_equal(matched(&set, "/a/bc", false), "/a");
	assert_string_equal(matched(&set, "/api", false), "/a");
	assert_string_equal(matched(&set, "/api/", false), "/api/");
	assert_string_equal(matched(&set, "/api/x", false), "/api/x");
	assert_string_equal(matched(&set, "/api/x?q=/a/b", false), "/api/x");
	assert_string_equal(matched(&set, "/api/x/", false), "/api/");
	assert_string_equal(matched(&set, "/b", false), "");
	assert_string_equal(matched(&set, "*", false), "");
	assert_string_equal(matched(&set, "http://host:1/api/x", false), "/api/x");
	assert_string_equal(matched(&set, "HTTP://host?q", false), "/");
	/* Only the beginning of the target is known: more may follow. */
	assert_string_equal(matched(&set, "/api/x", true), "/api/");
	assert_string_equal(matched(&set, "/api/x?q", true), "/api/x");
	route_set_release(&set);
}

static void the_servers_own_page_is_found(void **state)
{
	const char *query;

	(void)state;
	assert_true(route_is_stats("/__stats", &query));
	assert_string_equal(query, "");
	assert_true(route_is_stats("http://h/__stats?full", &query));
	assert_string_equal(query, "full");
	assert_false(route_is_stats("/__statsx", &query));
	assert_false(route_is_stats("/__stat", &query));
}

struct refused {
	const char *text, *sentence;
};

static void check_refused(const struct refused *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct route_set set = {0};
		struct err err = {0};

		if (!route_set_add(&set, rows[i].text, &err))
			fail_msg("'%s' was taken", rows[i].text);
		assert_int_equal(err.kind, ERR_USAGE);
		if (!strstr(err.text, rows[i].sentence))
			fail_msg("'%s': %s", rows[i].text, err.text);
		assert_int_equal(set.count, 0);
		route_set_release(&set);
	}
}

static void bad_routes_are_refused_with_their_position(void **state)
{
	static const struct refused rows[] = {
		{"", "--route: no path"},
		{" \t", "--route: no path"},
		{"a", "--route:1: \"a\" is not a path: write /exact, /prefix* or *"},
		{" /a*b", "--route:2: \"/a*b\" is not a path"},
		{"/a**", "--route:1: \"/a**\" is not a path"},
		{"/a?b", "--route:1: \"/a?b\" has a query"},
		{"/__stats", "--route:1: \"/__stats\" is where the server tells"},
		{"/a sise=10K", "--route:4: unknown key \"sise\": did you mean \"size\""},
		{"/a fabulous=1", "--route:4: unknown key \"fabulous\": known are service, by,"},
		{"/a size", "--route:4: \"size\" is not a key and its value"},
		{"/a =10", "--route:4: \"=10\" is not a key and its value"},
		{"/a size=1 size=2", "--route:11: key \"size\" is given twice"},
		{"/a size=10X", "--route:9: size: \"10X\""},
		{"/a size=-1", "--route:9: size: \"-1\""},
		{"/a size=2048G", "--route:9: size: \"2048G\" is larger than a body can be"},
		{"/a chunked=0", "--route:12: chunked: \"0\" is no size of a chunk"},
		{"/a chunked=2M", "--route:12: chunked: \"2M\" is no size of a chunk"},
		{"/a  service=soon", "--route:13: service: \"soon\" is not a service time"},
		{"/a by=sleep", "--route:7: by: \"sleep\" is neither \"wait\" nor \"spin\""},
		{"/a status=20", "--route:11: status: \"20\" is not a status"},
		{"/a status=0200", "\"0200\" is not a status"},
		{"/a status=200x", "\"200x\" is not a status"},
		{"/a status=101", "\"101\" is not the status of a final response"},
		{"/a status=600", "\"600\" is not the status of a final response"},
		{"/a status=200:95", "\"200:95\" adds up to 95 %, not to 100"},
		{"/a status=200,500", "\"200,500\" adds up to 200 %, not to 100"},
		{"/a status=200:50,200:50", "status \"200\" is in the mix twice"},
		{"/a status=200:95,", "\"\" is not a status"},
		{"/a status=200:x,500:5", "\"x\" is not a share"},
		{"/a close-after=0", "--route:16: close-after: \"0\""},
		{"/a close=silent", "--route:1: close=silent does nothing without close-after"},
		{"/a close=loud", "close: \"loud\" is neither \"announced\" nor \"silent\""},
		{"/a answer=maybe", "answer: \"maybe\" is not an answer"},
		{"/a cut=10 stall=10", "--route:17: stall: \"10\" comes beside another end"},
		{"/a cut=100", "--route:1: cut=100 leaves nothing out of a body of 100 bytes"},
		{"/a stall=200 size=10", "--route:1: stall=200 leaves nothing out of a body of 10"},
		{"/a answer=none cut=5", "cut and stall need a response"},
		{"/a freeze=1s", "--route:11: freeze: \"1s\" does not say when"},
		{"/a freeze=0@1s", "\"0\" is no duration of a freeze"},
		{"/a freeze=2h@1s", "\"2h\" is no duration of a freeze"},
		{"/a freeze=1s@8d", "\"8d\" is too late for a freeze"},
		{"/a freeze=1@1s", "freeze: \"1\""},
	};

	(void)state;
	check_refused(rows, sizeof(rows) / sizeof(rows[0]));
}

static void bad_keys_of_load_are_refused(void **state)
{
	static const struct refused rows[] = {
		{"/a capacity=0", "--route:13: capacity: \"0\" is no capacity: write one above 0"},
		{"/a capacity=11M", "\"11M\" is no capacity"},
		{"/a capacity=fast", "capacity: \"fast\" is not a rate"},
		{"/a capacity=1 servers=0", "--route:23: servers: \"0\" is too small"},
		{"/a servers=2", "--route:1: servers does nothing without capacity: add "
				 "capacity=RATE"},
		{"/a refuse=503", "refuse does nothing without capacity"},
		{"/a refuse-above=5", "refuse-above does nothing without capacity"},
		{"/a recovery=5s", "recovery does nothing without degraded: add degraded=PERCENT"},
		{"/a degraded=50", "degraded does nothing without capacity"},
		{"/a capacity=1 refuse=200", "\"200\" is not the status of a refusal: write one "
					     "from 400 to 599"},
		{"/a capacity=1 refuse=drop", "\"drop\" is not a refusal: write a status such as "
					      "503, close or reset"},
		{"/a capacity=1 refuse=5030", "\"5030\" is not the status of a refusal"},
		{"/a capacity=1 refuse-above=0", "refuse-above: \"0\" is too small"},
		{"/a capacity=1 degraded=0.5", "\"0.5\" leaves next to nothing"},
		{"/a capacity=1 degraded=x", "degraded: \"x\" is not a share"},
		{"/a capacity=1 degraded=50 recovery=0", "\"0\" is no time to recover in"},
		{"/a capacity=1 sustained=50", "sustained does nothing without degraded"},
		{"/a capacity=1 degraded=50 sustained=0.5", "\"0.5\" is next to nothing"},
		{"/a capacity=1 degraded=50 sustained=50 endurance=0",
			"\"0\" is no time to endure"},
		{"/a capacity=1 degraded=50 refuse-above=100",
			"refuse-above=100 keeps the queue from ever having more than "
			"overload-above=100: write a smaller overload-above"},
		{"/a capacity=0.001 servers=4", "a request would take longer than 1h"},
		{"/a lock=0", "lock: \"0\" is no time to hold a lock"},
		{"/a lock=2h", "lock: \"2h\" is no time to hold a lock"},
		{"/a lock-name=x", "lock-name does nothing without lock: add lock=TIME"},
		{"/a lock=1ms lock-name=a/b", "lock-name: \"a/b\" is not a name: write up to 31"},
		{"/a lock=1ms lock-name=", "\"\" is not a name"},
		{"/a leak=50MB", "--route:9: leak: \"50MB\" is not a size in a time: write SIZE/h"},
		{"/a leak=50MB/d", "\"50MB/d\" is not a size in a time"},
		{"/a leak=50X/h", "leak: \"50X\""},
		{"/a leak=0/h", "\"0\" is no size of a leak"},
		{"/a leak-limit=1M", "leak-limit does nothing without leak or leak-per-request: "
				     "add leak=SIZE/h"},
		{"/a leak-per-request=2048G", "\"2048G\" is no size of a leak"},
		{"/a continue=maybe", "\"maybe\" is not an answer to \"Expect: 100-continue\": "
				      "write yes, no or 417"},
	};

	(void)state;
	check_refused(rows, sizeof(rows) / sizeof(rows[0]));
}

static void a_path_has_one_route(void **state)
{
	struct route_set set = {0};
	struct err err = {0};

	(void)state;
	assert_int_equal(route_set_add(&set, "/a", &err), 0);
	assert_int_equal(route_set_add(&set, "/a*", &err), 0);
	assert_true(route_set_add(&set, "/a size=1", &err) < 0);
	assert_non_null(strstr(err.text, "--route:1: path \"/a\" has a route already"));
	assert_true(route_set_add(&set, "/a*", &err) < 0);
	assert_int_equal(set.count, 2);
	route_set_release(&set);
}

static void long_things_are_refused(void **state)
{
	struct route_set set = {0};
	struct err err = {0};
	char path[400] = "/", value[400] = "/a size=";

	(void)state;
	memset(path + 1, 'a', 254);
	assert_int_equal(route_set_add(&set, path, &err), 0);
	path[255] = 'a';
	assert_true(route_set_add(&set, path, &err) < 0);
	assert_non_null(strstr(err.text, "longer than 255 bytes"));
	memset(value + 8, '1', 300);
	assert_true(route_set_add(&set, value, &err) < 0);
	assert_non_null(strstr(err.text, "--route:4: "));
	assert_non_null(strstr(err.text, "is not a key and its value"));
	route_set_release(&set);
	for (int i = 0; i < ROUTE_LIMIT; i++) {
		snprintf(path, sizeof(path), "/%d", i);
		assert_int_equal(route_set_add(&set, path, &err), 0);
	}
	assert_true(route_set_add(&set, "/more", &err) < 0);
	assert_non_null(strstr(err.text, "too many routes"));
	route_set_release(&set);
}

static int read_text(struct route_set *set, const char *text, size_t bytes, struct err *err)
{
	char path[] = "/tmp/test_route.XXXXXX";
	int fd = mkstemp(path), code;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, bytes), bytes);
	close(fd);
	code = route_set_read(set, path, err);
	unlink(path);
	return code;
}

static void a_file_has_routes_and_comments(void **state)
{
	static const char text[] = "# routes\n\n/a size=1\r\n  \t\n\t/b#c size=2 # two\n#/d\n/e";
	struct route_set set = {0};
	struct err err = {0};

	(void)state;
	assert_int_equal(read_text(&set, text, strlen(text), &err), 0);
	assert_int_equal(set.count, 3);
	assert_string_equal(set.routes[0].path, "/a");
	assert_int_equal(set.routes[0].size_bytes, 1);
	assert_string_equal(set.routes[1].path, "/b#c");
	assert_int_equal(set.routes[1].size_bytes, 2);
	assert_string_equal(set.routes[2].path, "/e");
	route_set_release(&set);
	assert_int_equal(read_text(&set, "", 0, &err), 0);
	assert_int_equal(set.count, 0);
}

static void errors_in_a_file_have_line_and_column(void **state)
{
	static const struct {
		const char *text, *sentence;
	} rows[] = {
		{"# c\n\n/a size=1 chunkd=2\n", ":3:11: unknown key \"chunkd\": did you mean "},
		{"/a\n/b\n  b", ":3:3: \"b\" is not a path"},
		{"/a\n\t/b size=x\n", ":2:10: size: \"x\""},
		{"/a\n/a\n", ":2:1: path \"/a\" has a route already"},
	};
	struct route_set set = {0};
	struct err err = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(read_text(&set, rows[i].text, strlen(rows[i].text), &err) < 0);
		assert_ptr_equal(strstr(err.text, "/tmp/test_route."), err.text);
		if (!strstr(err.text, rows[i].sentence))
			fail_msg("%s", err.text);
		route_set_release(&set);
	}
	assert_true(read_text(&set, "/a\0b", 4, &err) < 0);
	assert_non_null(strstr(err.text, "zero byte"));
	assert_true(route_set_read(&set, "/nowhere/at/all", &err) < 0);
	assert_int_equal(err.kind, ERR_USAGE);
	assert_non_null(strstr(err.text, "/nowhere/at/all"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_routes_there_is_a_default),
		cmocka_unit_test(every_key_is_read),
		cmocka_unit_test(keys_of_load_are_read),
		cmocka_unit_test(the_table_is_what_the_parser_knows),
		cmocka_unit_test(freezes_belong_to_the_server_in_order_of_time),
		cmocka_unit_test(the_closest_route_matches),
		cmocka_unit_test(the_servers_own_page_is_found),
		cmocka_unit_test(bad_routes_are_refused_with_their_position),
		cmocka_unit_test(bad_keys_of_load_are_refused),
		cmocka_unit_test(a_path_has_one_route),
		cmocka_unit_test(long_things_are_refused),
		cmocka_unit_test(a_file_has_routes_and_comments),
		cmocka_unit_test(errors_in_a_file_have_line_and_column),
	};

	return cmocka_run_group_tests_name("route", tests, NULL, NULL);
}
