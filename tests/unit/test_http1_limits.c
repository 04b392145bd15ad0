/* SPDX-License-Identifier: MIT */
/*
 * Limits that need more input than a file of the corpus should hold, and what a parser promises
 * about its struct between messages.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../fuzz/http1_events.h"

struct text {
	uint8_t *data;
	size_t bytes;
};

static void text_add(struct text *text, const char *string)
{
	size_t bytes = strlen(string);

	text->data = realloc(text->data, text->bytes + bytes + 1);
	assert_non_null(text->data);
	memcpy(text->data + text->bytes, string, bytes);
	text->bytes += bytes;
}

/* Adds copies of a byte until there are so many bytes. */
static void text_fill(struct text *text, size_t bytes, uint8_t byte)
{
	assert_true(bytes >= text->bytes);
	text->data = realloc(text->data, bytes);
	assert_non_null(text->data);
	memset(text->data + text->bytes, byte, bytes - text->bytes);
	text->bytes = bytes;
}

static void text_release(struct text *text)
{
	free(text->data);
	memset(text, 0, sizeof(*text));
}

/* Feeds in pieces of these sizes, and returns the last event. */
static struct event parse(
	enum events_kind kind, const struct text *text, size_t first_bytes, size_t other_bytes)
{
	struct events events = {NULL, 0, 0};
	struct events_parser parser;
	size_t limit = first_bytes;

	events_open(&parser, kind, &events);
	for (size_t at = 0; at < text->bytes;) {
		size_t bytes = text->bytes - at < limit ? text->bytes - at : limit;

		events_feed(&parser, text->data + at, bytes);
		at += bytes;
		limit = other_bytes;
	}
	events_close(&parser);

	struct event last = events.list[events.count - 1];
	events_release(&events);
	return last;
}

/* The last event, the same for cuts at and around the limit and for several sizes of pieces. */
static struct event parse_all_ways(enum events_kind kind, const struct text *text, size_t around)
{
	const size_t sizes[] = {1, 15, 16, 17, 1000, 4096};
	struct event whole = parse(kind, text, text->bytes, text->bytes);

	for (size_t cut = around - 40; cut < around + 40 && cut < text->bytes; cut++) {
		struct event last = parse(kind, text, cut, text->bytes);
		assert_memory_equal(&whole, &last, sizeof(last));
	}
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct event last = parse(kind, text, sizes[i], sizes[i]);
		assert_memory_equal(&whole, &last, sizeof(last));
	}
	return whole;
}

/* `start`, then `filler` until `end` just fits the limit (and until it does not). */
static void check_head_limit(enum events_kind kind, const char *before, const char *start,
	uint8_t filler, const char *end)
{
	for (size_t extra = 0; extra < 3; extra++) {
		struct text text = {NULL, 0};

		text_add(&text, before);
		size_t limit = text.bytes + HTTP1_MAX_HEAD_BYTES;
		text_add(&text, start);
		text_fill(&text, limit - strlen(end) + extra, filler);
		text_add(&text, end);

		struct event last = parse_all_ways(kind, &text, limit);
		if (extra == 0) {
			assert_true(last.closed);
		} else {
			assert_false(last.closed);
			assert_int_equal(last.error, HTTP1_HEAD_TOO_LARGE);
			assert_int_equal(last.at, limit);
		}
		text_release(&text);
	}
}

static void test_head_limit(void **state)
{
	static const char chunked[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
	static const char ok[] = "HTTP/1.1 200 OK\r\n\r\n";
	static const char get[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

	(void)state;
	check_head_limit(EVENTS_RESPONSE, "", "HTTP/1.1 200 ", 'r', "\r\n\r\n");
	check_head_limit(EVENTS_RESPONSE, "", "HTTP/1.1 200 OK\r\nServer: ", 'v', "\r\n\r\n");
	check_head_limit(EVENTS_RESPONSE, "", "HTTP/1.1 200 OK\r\n", 'n', ": value\r\n\r\n");
	check_head_limit(EVENTS_RESPONSE, "", "HTTP/1.1 200 OK\r\n", 'n', ":\n\n");
	check_head_limit(
		EVENTS_RESPONSE, "", "HTTP/1.1 200 OK\r\nContent-Length: ", '0', "\r\n\r\n");
	check_head_limit(
		EVENTS_RESPONSE, "", "HTTP/1.1 200 OK\r\nConnection: ", 'c', ",close\r\n\r\n");
	check_head_limit(EVENTS_RESPONSE, "HTTP/1.1 100 Continue\r\n\r\n",
		"HTTP/1.1 200 OK\r\nServer: ", 'v', "\r\n\r\n");
	check_head_limit(EVENTS_RESPONSE, chunked, "0", '0', "\r\n");
	check_head_limit(EVENTS_RESPONSE, chunked, "0;extension=", 'e', "\r\n");
	check_head_limit(EVENTS_HEAD, ok, "HTTP/1.1 200 OK\r\nServer: ", 'v', "\r\n\r\n");
	check_head_limit(EVENTS_REQUEST, "", "GET /", 't', " HTTP/1.1\r\n\r\n");
	check_head_limit(EVENTS_REQUEST, "", "", '\n', "GET / HTTP/1.1\r\n\r\n");
	check_head_limit(EVENTS_REQUEST, get, "GET / HTTP/1.1\r\nHost: ", 'h', "\r\n\r\n");
}

/* Each chunk header, and the trailers, may be as large as a head. */
static void test_chunk_header_and_trailer_limits(void **state)
{
	(void)state;
	for (size_t extra = 0; extra < 2; extra++) {
		struct text text = {NULL, 0};

		text_add(&text, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
		for (int i = 0; i < 3; i++) {
			size_t limit = text.bytes + HTTP1_MAX_HEAD_BYTES;
			text_add(&text, "1;");
			text_fill(&text, limit - 2, 'e');
			text_add(&text, "\r\n.\r\n");
		}
		text_add(&text, "0\r\n");
		size_t limit = text.bytes + HTTP1_MAX_HEAD_BYTES;
		text_add(&text, "Trailer: ");
		text_fill(&text, limit - 4 + extra, 't');
		text_add(&text, "\r\n\r\n");

		struct event last = parse_all_ways(EVENTS_RESPONSE, &text, limit);
		assert_int_equal(last.error, extra ? HTTP1_HEAD_TOO_LARGE : HTTP1_OK);
		assert_int_equal(last.at, limit);
		text_release(&text);
	}
}

/* A body larger than 4 GiB goes through in pieces of the caller's choice. */
static void test_large_bodies(void **state)
{
	static const char *const heads[] = {
		"HTTP/1.1 200 OK\r\nContent-Length: 5000000001\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n12A05F201\r\n",
		"HTTP/1.1 200 OK\r\n\r\n",
	};
	static uint8_t piece[1 << 20];

	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		struct http1_response response;
		struct span in = {(const uint8_t *)heads[i], strlen(heads[i])}, body;
		uint64_t left = 5000000001;

		http1_response_init(&response);
		assert_int_equal(http1_response_next(&response, &in, &body), HTTP1_HEAD);
		assert_int_equal(http1_response_next(&response, &in, &body), HTTP1_MORE);
		while (left > 0) {
			size_t bytes = left < sizeof(piece) ? (size_t)left : sizeof(piece);

			in = (struct span){piece, bytes};
			assert_int_equal(http1_response_next(&response, &in, &body), HTTP1_BODY);
			assert_ptr_equal(body.data, piece);
			assert_int_equal(body.bytes, bytes);
			left -= bytes;
		}
		in = (struct span){(const uint8_t *)"\r\n0\r\n\r\n", 7};
		if (i == 1)
			assert_int_equal(
				http1_response_next(&response, &in, &body), HTTP1_COMPLETE);
		else if (i == 0)
			assert_int_equal(
				http1_response_next(&response, &in, &body), HTTP1_COMPLETE);
		else
			assert_int_equal(http1_response_end(&response), HTTP1_COMPLETE);
	}
}

static void test_nothing_is_told_twice(void **state)
{
	static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na";
	struct http1_response response;
	struct span in = {(const uint8_t *)text, sizeof(text) - 1}, body;

	(void)state;
	http1_response_init(&response);
	assert_int_equal(http1_response_end(&response), HTTP1_MORE);
	assert_int_equal(http1_response_next(&response, &in, &body), HTTP1_HEAD);
	assert_int_equal(http1_response_next(&response, &in, &body), HTTP1_BODY);
	/* The close comes before the end was asked for. */
	assert_int_equal(http1_response_end(&response), HTTP1_COMPLETE);
	assert_int_equal(http1_response_end(&response), HTTP1_MORE);
	assert_int_equal(http1_response_next(&response, &in, &body), HTTP1_MORE);
	assert_int_equal(response.status, 200);
	assert_true(response.keep_alive && response.started);
	http1_response_begin(&response, false);
	assert_false(response.started);
}

/* No input is no event, in any state, wherever it points. */
static void test_empty_input(void **state)
{
	static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n";
	struct http1_response response;
	struct http1_request request;
	struct span in = {(const uint8_t *)text, sizeof(text) - 1}, none = {NULL, 0}, body;

	(void)state;
	http1_response_init(&response);
	http1_request_init(&request);
	assert_int_equal(http1_request_next(&request, &none, &body), HTTP1_MORE);
	assert_int_equal(http1_response_next(&response, &none, &body), HTTP1_MORE);
	assert_false(response.started || request.started);
	assert_int_equal(http1_response_next(&response, &in, &body), HTTP1_HEAD);
	assert_int_equal(http1_response_next(&response, &none, &body), HTTP1_MORE);
}

/* Without begin the input that follows a message stays untouched. */
static void test_complete_stays_until_begin(void **state)
{
	static const char text[] =
		"HTTP/1.1 204 \r\n\r\nHTTP/1.1 205 \r\nContent-Length: 0\r\n\r\n";
	struct http1_response response;
	struct span in = {(const uint8_t *)text, sizeof(text) - 1}, body;

	(void)state;
	http1_response_init(&response);
	assert_int_equal(http1_response_next(&response, &in, &body), HTTP1_HEAD);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(http1_response_next(&response, &in, &body), HTTP1_COMPLETE);
		assert_int_equal(in.bytes, strlen(text) - 17);
		assert_int_equal(response.status, 204);
	}
	http1_response_begin(&response, false);
	assert_int_equal(http1_response_next(&response, &in, &body), HTTP1_HEAD);
	assert_int_equal(response.status, 205);
	assert_int_equal(http1_response_next(&response, &in, &body), HTTP1_COMPLETE);
}

/* init forgets an error; begin does not (events_check_error). */
static void test_init_forgets_an_error(void **state)
{
	static const char bad[] = "nonsense", good[] = "HTTP/1.1 204 \r\n\r\n";
	struct http1_response response;
	struct span in = {(const uint8_t *)bad, sizeof(bad) - 1}, body;

	(void)state;
	http1_response_init(&response);
	assert_int_equal(http1_response_next(&response, &in, &body), HTTP1_ERROR);
	assert_int_equal(response.error, HTTP1_BAD_START_LINE);
	assert_int_equal(http1_response_end(&response), HTTP1_ERROR);
	assert_int_equal(response.error, HTTP1_BAD_START_LINE);
	http1_response_init(&response);
	in = (struct span){(const uint8_t *)good, sizeof(good) - 1};
	assert_int_equal(http1_response_next(&response, &in, &body), HTTP1_HEAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_head_limit),
		cmocka_unit_test(test_chunk_header_and_trailer_limits),
		cmocka_unit_test(test_large_bodies),
		cmocka_unit_test(test_nothing_is_told_twice),
		cmocka_unit_test(test_empty_input),
		cmocka_unit_test(test_complete_stays_until_begin),
		cmocka_unit_test(test_init_forgets_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
