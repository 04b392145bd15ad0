/* SPDX-License-Identifier: MIT */
/* Requests as bytes: what is rendered, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/version.h"
#include "plan/template.h"

#define AGENT  "User-Agent: ringload/" RINGLOAD_VERSION "\r\n"
#define ACCEPT "Accept: */*\r\n"

static struct scenario scenario_of(const char *method)
{
	struct scenario scenario;

	scenario_init(&scenario);
	scenario.url = "http://example.com/";
	scenario.method = method;
	return scenario;
}

static void add_header(struct scenario *scenario, const char *header)
{
	assert_int_equal(scenario_list_add(&scenario->headers, header, NULL), 0);
}

static void give_body(struct scenario *scenario, const char *body)
{
	scenario->body = body;
	scenario->body_bytes = strlen(body);
}

/* Renders, compares and releases, the scenario too. */
static void assert_wire(struct scenario *scenario, const char *target, const char *wire)
{
	struct plan_request request;
	struct err err = {0};

	assert_int_equal(scenario_check(scenario, &err), 0);
	if (template_render(&request, scenario, "example.com:81", target, &err))
		fail_msg("refused: %s", err.text);
	assert_int_equal(request.wire_bytes, strlen(wire));
	assert_memory_equal(request.wire, wire, request.wire_bytes);
	template_release(&request);
	assert_null(request.wire);
	scenario_release(scenario);
}

static void assert_refused(struct scenario *scenario, const char *sentence)
{
	struct plan_request request;
	struct err err = {0};

	assert_int_equal(scenario_check(scenario, NULL), 0);
	assert_true(template_render(&request, scenario, "example.com", "/", &err) < 0);
	assert_int_equal(err.kind, ERR_USAGE);
	assert_string_equal(err.text, sentence);
	assert_null(request.wire);
	scenario_release(scenario);
}

static void assert_header_refused(const char *header, const char *sentence)
{
	struct scenario scenario = scenario_of(NULL);

	add_header(&scenario, header);
	assert_refused(&scenario, sentence);
}

static void test_get(void **state)
{
	struct scenario scenario = scenario_of(NULL);

	(void)state;
	assert_wire(&scenario, "/a?b=c",
		"GET /a?b=c HTTP/1.1\r\nHost: example.com:81\r\n" AGENT ACCEPT "\r\n");
}

static void test_name_and_head(void **state)
{
	struct scenario scenario = scenario_of("HEAD");
	struct plan_request request;

	(void)state;
	assert_int_equal(scenario_check(&scenario, NULL), 0);
	assert_int_equal(template_render(&request, &scenario, "h", "/a/b?token=secret", NULL), 0);
	assert_true(request.head);
	assert_string_equal(request.name, "HEAD /a/b");
	template_release(&request);
	scenario.method = "GET";
	assert_int_equal(template_render(&request, &scenario, "h", "/", NULL), 0);
	assert_false(request.head);
	template_release(&request);
	template_release(&request);
}

static void test_bodies(void **state)
{
	struct scenario scenario = scenario_of(NULL);

	(void)state;
	give_body(&scenario, "a=1&b=2");
	assert_wire(&scenario, "/",
		"POST / HTTP/1.1\r\nHost: example.com:81\r\n" AGENT ACCEPT
		"Content-Length: 7\r\n\r\na=1&b=2");
	scenario = scenario_of(NULL);
	give_body(&scenario, "");
	assert_wire(&scenario, "/",
		"POST / HTTP/1.1\r\nHost: example.com:81\r\n" AGENT ACCEPT
		"Content-Length: 0\r\n\r\n");
	scenario = scenario_of("GET");
	give_body(&scenario, "x");
	assert_wire(&scenario, "/",
		"GET / HTTP/1.1\r\nHost: example.com:81\r\n" AGENT ACCEPT
		"Content-Length: 1\r\n\r\nx");
	/* Methods that anticipate content say that there is none; others do not. */
	scenario = scenario_of("PUT");
	assert_wire(&scenario, "/",
		"PUT / HTTP/1.1\r\nHost: example.com:81\r\n" AGENT ACCEPT
		"Content-Length: 0\r\n\r\n");
	scenario = scenario_of("DELETE");
	assert_wire(&scenario, "/",
		"DELETE / HTTP/1.1\r\nHost: example.com:81\r\n" AGENT ACCEPT "\r\n");
}

static void test_body_with_any_bytes(void **state)
{
	static const char body[] = "\0\r\n\r\n\xff";
	struct scenario scenario = scenario_of("POST");
	struct plan_request request;

	(void)state;
	scenario.body = body;
	scenario.body_bytes = sizeof(body) - 1;
	assert_int_equal(template_render(&request, &scenario, "h", "/", NULL), 0);
	assert_true(request.wire_bytes > sizeof(body) - 1);
	assert_memory_equal(
		request.wire + request.wire_bytes - (sizeof(body) - 1), body, sizeof(body) - 1);
	template_release(&request);
}

static void test_headers_replace_defaults(void **state)
{
	struct scenario scenario = scenario_of(NULL);

	(void)state;
	add_header(&scenario, "accept:text/html");
	add_header(&scenario, "X-One:  1 \t");
	add_header(&scenario, "HOST: other");
	add_header(&scenario, "X-One: 2");
	add_header(&scenario, "X-Empty:");
	assert_wire(&scenario, "/",
		"GET / HTTP/1.1\r\nHOST: other\r\n" AGENT "accept: text/html\r\nX-One: 1\r\n"
		"X-One: 2\r\nX-Empty:\r\n\r\n");
	scenario = scenario_of(NULL);
	add_header(&scenario, "User-Agent: me");
	assert_wire(&scenario, "/",
		"GET / HTTP/1.1\r\nHost: example.com:81\r\n" ACCEPT "User-Agent: me\r\n\r\n");
}

static void test_empty_headers_take_defaults_out(void **state)
{
	struct scenario scenario = scenario_of(NULL);

	(void)state;
	add_header(&scenario, "Accept:");
	add_header(&scenario, "User-Agent: ");
	assert_wire(&scenario, "/", "GET / HTTP/1.1\r\nHost: example.com:81\r\n\r\n");
	/* Host stays: HTTP/1.1 requires the field, if with nothing in it. */
	scenario = scenario_of(NULL);
	add_header(&scenario, "Host:");
	assert_wire(&scenario, "/", "GET / HTTP/1.1\r\nHost:\r\n" AGENT ACCEPT "\r\n");
}

static void test_values_keep_tabs_and_high_bytes(void **state)
{
	struct scenario scenario = scenario_of(NULL);

	(void)state;
	add_header(&scenario, "X: a\tb \xc3\xa4: c");
	assert_wire(&scenario, "/",
		"GET / HTTP/1.1\r\nHost: example.com:81\r\n" AGENT ACCEPT
		"X: a\tb \xc3\xa4: c\r\n\r\n");
}

static void test_content_length_may_only_be_true(void **state)
{
	struct scenario scenario = scenario_of(NULL);

	(void)state;
	give_body(&scenario, "hello");
	add_header(&scenario, "Content-Length: 5");
	assert_wire(&scenario, "/",
		"POST / HTTP/1.1\r\nHost: example.com:81\r\n" AGENT ACCEPT
		"Content-Length: 5\r\n\r\nhello");
	assert_header_refused("content-length: 5",
		"-H \"Content-Length: 5\": the body has 0 bytes; leave the header out, it is "
		"added");
	assert_header_refused("content-length: 00",
		"-H \"Content-Length: 00\": the body has 0 bytes; leave the header out, it is "
		"added");
}

static void test_nothing_can_be_injected(void **state)
{
	(void)state;
	assert_header_refused("X: a\r\nEvil: b",
		"-H \"X\" has a control character (byte 0x0d) in its value: a header is one line "
		"of text");
	assert_header_refused("X: a\nEvil: b",
		"-H \"X\" has a control character (byte 0x0a) in its value: a header is one line "
		"of text");
	assert_header_refused("X:\x01", "-H \"X\" has a control character (byte 0x01) in its "
					"value: a header is one line of text");
	assert_header_refused("X: a\x7f",
		"-H \"X\" has a control character (byte 0x7f) in its value: a header is one line "
		"of text");
	assert_header_refused("X\r\nY: a",
		"-H \"X\\x0d\\x0aY: a\" has no valid name before \":\": expected letters, digits "
		"and \"-\", without spaces");
}

static void test_bad_headers(void **state)
{
	struct scenario scenario = scenario_of(NULL);

	(void)state;
	assert_header_refused("X-Token", "-H \"X-Token\" has no \":\": expected \"Name: value\"");
	assert_header_refused("", "-H \"\" has no \":\": expected \"Name: value\"");
	assert_header_refused("X : a", "-H \"X : a\" has no valid name before \":\": expected "
				       "letters, digits and \"-\", without spaces");
	assert_header_refused(" X: a", "-H \" X: a\" has no valid name before \":\": expected "
				       "letters, digits and \"-\", without spaces");
	assert_header_refused(": a", "-H \": a\" has no valid name before \":\": expected letters, "
				     "digits and \"-\", without spaces");
	assert_header_refused("Transfer-Encoding: chunked",
		"-H \"Transfer-Encoding\" cannot be sent: bodies go "
		"out with a Content-Length; leave the header out");
	add_header(&scenario, "Host: a");
	add_header(&scenario, "host: b");
	assert_refused(&scenario, "-H \"Host\" is given 2 times: a request has exactly one");
}

static void test_bad_methods(void **state)
{
	static const char *const methods[] = {"", "GE T", "GET\r\n", "G:T", "G\xc3\x84T"};

	(void)state;
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		struct scenario scenario = scenario_of(methods[i]);
		struct plan_request request;
		struct err err = {0};

		assert_true(template_render(&request, &scenario, "h", "/", &err) < 0);
		assert_non_null(strstr(err.text, "is not a method: expected one word"));
		assert_null(strpbrk(err.text, "\r\n"));
	}
	struct scenario scenario = scenario_of("CONNECT");

	assert_refused(&scenario, "-X \"CONNECT\" asks for a tunnel, which cannot be measured: "
				  "expected a method that is answered with a response");
	scenario = scenario_of("x-my!method");
	assert_wire(&scenario, "/",
		"x-my!method / HTTP/1.1\r\nHost: example.com:81\r\n" AGENT ACCEPT "\r\n");
}

static void test_head_has_a_bound(void **state)
{
	struct scenario scenario = scenario_of(NULL);
	struct plan_request request;
	struct err err = {0};
	char *header = malloc(TEMPLATE_HEAD_BYTES + 1);

	(void)state;
	assert_non_null(header);
	memset(header, 'x', TEMPLATE_HEAD_BYTES);
	header[TEMPLATE_HEAD_BYTES] = '\0';
	header[1] = ':';
	add_header(&scenario, header);
	assert_int_equal(scenario_check(&scenario, NULL), 0);
	assert_true(template_render(&request, &scenario, "h", "/", &err) < 0);
	assert_non_null(strstr(err.text, "the request line and headers take "));
	assert_non_null(strstr(err.text, " bytes: expected at most 65536"));
	scenario_release(&scenario);
	free(header);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_get),
		cmocka_unit_test(test_name_and_head),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_body_with_any_bytes),
		cmocka_unit_test(test_headers_replace_defaults),
		cmocka_unit_test(test_empty_headers_take_defaults_out),
		cmocka_unit_test(test_values_keep_tabs_and_high_bytes),
		cmocka_unit_test(test_content_length_may_only_be_true),
		cmocka_unit_test(test_nothing_can_be_injected),
		cmocka_unit_test(test_bad_headers),
		cmocka_unit_test(test_bad_methods),
		cmocka_unit_test(test_head_has_a_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
