/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "target/reply.h"

struct fixture {
	struct route_set set;
	struct reply_book book;
};

static struct fixture made(const char *route)
{
	struct fixture fixture = {0};
	struct err err = {0};

	if (route_set_add(&fixture.set, route, &err) || route_set_finish(&fixture.set, &err))
		fail_msg("%s", err.text);
	return fixture;
}

/* The book points to the set, so it is made where both stay. */
static void open_book(struct fixture *fixture)
{
	struct err err = {0};

	if (reply_book_init(&fixture->book, &fixture->set, &err))
		fail_msg("%s", err.text);
}

static void release(struct fixture *fixture)
{
	reply_book_release(&fixture->book);
	route_set_release(&fixture->set);
}

/* The first `limit` bytes put together from pieces of at most `piece_limit` bytes. */
static char *assembled(const struct reply *reply, uint64_t limit, size_t piece_limit)
{
	char *text = malloc(limit + 1);
	uint64_t offset = 0;

	assert_non_null(text);
	while (offset < limit) {
		const char *data;
		size_t bytes = reply_piece(reply, offset, limit, &data);

		assert_true(bytes > 0 && bytes <= limit - offset);
		if (bytes > piece_limit)
			bytes = piece_limit;
		memcpy(text + offset, data, bytes);
		offset += bytes;
	}
	text[limit] = '\0';
	return text;
}

static void a_small_response_is_one_piece_of_known_bytes(void **state)
{
	static const char expected[] = "HTTP/1.1 200 OK\r\nServer: ringload\r\nContent-Type: "
				       "text/plain\r\nContent-Length: 5\r\n\r\n01234";
	struct fixture fixture = made("* size=5");
	const struct reply *reply;
	const char *data;

	(void)state;
	open_book(&fixture);
	reply = reply_find(&fixture.book, 0, 0, REPLY_KEEP);
	assert_int_equal(reply->total_bytes, strlen(expected));
	assert_int_equal(reply->head_bytes, strlen(expected) - 5);
	assert_int_equal(reply_piece(reply, 0, reply->total_bytes, &data), strlen(expected));
	assert_memory_equal(data, expected, strlen(expected));
	release(&fixture);
}

static void the_connection_is_told_as_asked(void **state)
{
	static const char *const lines[REPLY_VARIANT_COUNT] = {NULL, "\r\nConnection: close\r\n",
		"\r\nConnection: keep-alive\r\n", "\r\nConnection: close\r\n"};
	struct fixture fixture = made("* size=10 chunked=4 status=404");

	(void)state;
	open_book(&fixture);
	for (unsigned int variant = 0; variant < REPLY_VARIANT_COUNT; variant++) {
		const struct reply *reply = reply_find(&fixture.book, 0, 0, variant);
		char *text = assembled(reply, reply->total_bytes, SIZE_MAX);
		bool old = variant == REPLY_KEEP_1_0 || variant == REPLY_CLOSE_1_0;

		assert_ptr_equal(strstr(text, "HTTP/1.1 404 Not Found\r\n"), text);
		if (lines[variant])
			assert_non_null(strstr(text, lines[variant]));
		else
			assert_null(strstr(text, "Connection:"));
		/* HTTP/1.0 knows no chunks. */
		assert_int_equal(!strstr(text, "Transfer-Encoding: chunked\r\n"), old);
		assert_int_equal(!strstr(text, "Content-Length: 10\r\n"), !old);
		free(text);
	}
	release(&fixture);
}

static void statuses_without_a_body_have_none(void **state)
{
	struct fixture fixture = made("* status=200:50,204:25,304:25 size=10");

	(void)state;
	open_book(&fixture);
	for (size_t status = 1; status <= 2; status++) {
		const struct reply *reply = reply_find(&fixture.book, 0, status, REPLY_KEEP);
		char *text = assembled(reply, reply->total_bytes, SIZE_MAX);

		assert_int_equal(reply->head_bytes, reply->total_bytes);
		assert_null(strstr(text, "Content-Length"));
		assert_string_equal(text + strlen(text) - 4, "\r\n\r\n");
		free(text);
	}
	release(&fixture);
}

static void check_pattern(const char *data, uint64_t bytes)
{
	for (uint64_t i = 0; i < bytes; i++)
		if (data[i] != REPLY_PATTERN[i % REPLY_PATTERN_BYTES])
			fail_msg("byte %llu is 0x%02x", (unsigned long long)i, data[i]);
}

static void check_length_body(uint64_t size_bytes, size_t piece_limit)
{
	struct fixture fixture;
	const struct reply *reply;
	char route[64], *text;

	snprintf(route, sizeof(route), "* size=%llu", (unsigned long long)size_bytes);
	fixture = made(route);
	open_book(&fixture);
	reply = reply_find(&fixture.book, 0, 0, REPLY_KEEP);
	assert_int_equal(reply->total_bytes, reply->head_bytes + size_bytes);
	text = assembled(reply, reply->total_bytes, piece_limit);
	assert_memory_equal(text + reply->head_bytes - 4, "\r\n\r\n", 4);
	check_pattern(text + reply->head_bytes, size_bytes);
	free(text);
	release(&fixture);
}

static void bodies_of_any_size_keep_the_pattern(void **state)
{
	static const uint64_t sizes[] = {0, 1, 60, 61, 62, 16347, 16348, 16349, 16383, 16384, 16385,
		16409, 249855, 249856, 249857, 266203, 266204, 266205, 1048576, 3000000};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		check_length_body(sizes[i], SIZE_MAX);
		check_length_body(sizes[i], 4093);
	}
}

/* Unpacks chunks by the grammar alone; bytes of the body. */
static uint64_t unpack(const char *text, const char *end, uint64_t chunk_bytes)
{
	uint64_t body_bytes = 0, bytes;
	bool short_seen = false;

	for (;;) {
		char *at;

		bytes = strtoull(text, &at, 16);
		assert_true(at > text);
		assert_memory_equal(at, "\r\n", 2);
		at += 2;
		if (!bytes)
			break;
		assert_false(short_seen);
		assert_true(bytes <= chunk_bytes);
		short_seen = bytes < chunk_bytes;
		check_pattern(at, bytes);
		assert_memory_equal(at + bytes, "\r\n", 2);
		text = at + bytes + 2;
		body_bytes += bytes;
	}
	assert_string_equal(text, "0\r\n\r\n");
	assert_ptr_equal(text + 5, end);
	return body_bytes;
}

static void check_chunked_body(uint64_t size_bytes, uint64_t chunk_bytes)
{
	struct fixture fixture;
	const struct reply *reply;
	char route[64], *text;

	snprintf(route, sizeof(route), "* size=%llu chunked=%llu", (unsigned long long)size_bytes,
		(unsigned long long)chunk_bytes);
	fixture = made(route);
	open_book(&fixture);
	reply = reply_find(&fixture.book, 0, 0, REPLY_CLOSE);
	text = assembled(reply, reply->total_bytes, 7777);
	assert_int_equal(unpack(text + reply->head_bytes, text + reply->total_bytes, chunk_bytes),
		size_bytes);
	free(text);
	release(&fixture);
}

static void chunked_bodies_unpack_to_the_size(void **state)
{
	static const uint64_t sizes[] = {0, 1, 99, 100, 4095, 4096, 4097, 100000, 1048576, 1500000};
	static const uint64_t chunks[] = {1, 15, 16, 100, 4096, 65536, 1048576};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (size_t j = 0; j < sizeof(chunks) / sizeof(chunks[0]); j++)
			check_chunked_body(sizes[i], chunks[j]);
}

static void a_terabyte_takes_little_memory(void **state)
{
	struct fixture fixture = made("* size=1024G");
	const struct reply *reply;
	const char *data;
	uint64_t last;
	size_t bytes;

	(void)state;
	open_book(&fixture);
	reply = reply_find(&fixture.book, 0, 0, REPLY_KEEP);
	assert_int_equal(reply->total_bytes, reply->head_bytes + (1ULL << 40));
	last = reply->total_bytes - 1;
	bytes = reply_piece(reply, last, reply->total_bytes, &data);
	assert_int_equal(bytes, 1);
	assert_int_equal(*data, REPLY_PATTERN[((1ULL << 40) - 1) % REPLY_PATTERN_BYTES]);
	assert_true(reply->start_bytes + reply->middle_block_bytes < 1 << 20);
	release(&fixture);
}

static void a_limit_cuts_pieces(void **state)
{
	struct fixture fixture = made("* size=1M");
	const struct reply *reply;
	const char *data;
	char *whole, *cut;

	(void)state;
	open_book(&fixture);
	reply = reply_find(&fixture.book, 0, 0, REPLY_KEEP);
	assert_int_equal(reply_piece(reply, 0, reply->head_bytes, &data), reply->head_bytes);
	assert_int_equal(reply_piece(reply, 3, 10, &data), 7);
	whole = assembled(reply, reply->total_bytes, SIZE_MAX);
	cut = assembled(reply, 300001, SIZE_MAX);
	assert_memory_equal(whole, cut, 300001);
	free(whole);
	free(cut);
	release(&fixture);
}

static void json_is_wrapped(void **state)
{
	struct reply *reply = reply_new_json("{\"a\":1}", REPLY_CLOSE);
	char *text;

	(void)state;
	assert_non_null(reply);
	text = assembled(reply, reply->total_bytes, SIZE_MAX);
	assert_string_equal(text,
		"HTTP/1.1 200 OK\r\nServer: ringload\r\nConnection: close\r\nContent-Type: "
		"application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}");
	assert_int_equal(reply->head_bytes, reply->total_bytes - 7);
	free(text);
	reply_free(reply);
	reply_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_small_response_is_one_piece_of_known_bytes),
		cmocka_unit_test(the_connection_is_told_as_asked),
		cmocka_unit_test(statuses_without_a_body_have_none),
		cmocka_unit_test(bodies_of_any_size_keep_the_pattern),
		cmocka_unit_test(chunked_bodies_unpack_to_the_size),
		cmocka_unit_test(a_terabyte_takes_little_memory),
		cmocka_unit_test(a_limit_cuts_pieces),
		cmocka_unit_test(json_is_wrapped),
	};

	return cmocka_run_group_tests_name("reply", tests, NULL, NULL);
}
