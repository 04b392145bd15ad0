/* SPDX-License-Identifier: MIT */
#include "target/reply.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A reply up to about this size is one piece; what is larger sends this much with its head. */
#define INLINE_BYTES (16 * 1024)
/* The repeated block: large enough that a send is worth its completion, small enough for L2. */
#define BLOCK_BYTES (REPLY_PATTERN_BYTES * 4096)

_Static_assert(BLOCK_BYTES % REPLY_PATTERN_BYTES == 0, "the block repeats without a seam");

static const char last_chunk[] = "0\r\n\r\n";

struct reply_route {
	struct reply replies[ROUTE_STATUS_INDEXES][REPLY_VARIANT_COUNT];
	struct buf starts[ROUTE_STATUS_INDEXES][REPLY_VARIANT_COUNT];
	struct buf chunks; /* some whole chunks: the middle of a chunked body */
	struct buf end;    /* the last chunks of one */
};

static const char *reason(uint16_t status)
{
	static const struct {
		uint16_t status;
		const char *text;
	} reasons[] = {{200, "OK"}, {201, "Created"}, {202, "Accepted"}, {204, "No Content"},
		{301, "Moved Permanently"}, {302, "Found"}, {304, "Not Modified"},
		{400, "Bad Request"}, {401, "Unauthorized"}, {403, "Forbidden"}, {404, "Not Found"},
		{408, "Request Timeout"}, {409, "Conflict"}, {417, "Expectation Failed"},
		{429, "Too Many Requests"}, {500, "Internal Server Error"},
		{501, "Not Implemented"}, {502, "Bad Gateway"}, {503, "Service Unavailable"},
		{504, "Gateway Timeout"}};
	/* RFC 9112, 4: the phrase may be anything; one by class for the rest. */
	static const char *const classes[] = {
		"", "", "Success", "Redirection", "Client Error", "Server Error"};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].text;
	return classes[status / 100];
}

static void append_pattern(struct buf *buf, uint64_t bytes)
{
	for (; bytes >= REPLY_PATTERN_BYTES; bytes -= REPLY_PATTERN_BYTES)
		buf_append(buf, REPLY_PATTERN, REPLY_PATTERN_BYTES);
	buf_append(buf, REPLY_PATTERN, bytes);
}

/* One chunk (RFC 9112, 7.1) of `bytes` bytes, which must not be 0. */
static void append_chunk(struct buf *buf, uint64_t bytes)
{
	buf_printf(buf, "%llx\r\n", (unsigned long long)bytes);
	append_pattern(buf, bytes);
	buf_text(buf, "\r\n");
}

static void append_status(struct buf *buf, uint16_t status, enum reply_variant variant)
{
	static const char *const connection[REPLY_VARIANT_COUNT] = {[REPLY_KEEP] = "",
		[REPLY_CLOSE] = "Connection: close\r\n",
		[REPLY_KEEP_1_0] = "Connection: keep-alive\r\n",
		[REPLY_CLOSE_1_0] = "Connection: close\r\n"};

	buf_printf(buf, "HTTP/1.1 %u %s\r\nServer: ringload\r\n%s", status, reason(status),
		connection[variant]);
}

static bool sends_chunks(const struct route *route, enum reply_variant variant)
{
	return route->chunked && (variant == REPLY_KEEP || variant == REPLY_CLOSE);
}

/* Bytes of such a chunk: its size in hexadecimal, two line ends, the data. */
static uint64_t chunk_wire_bytes(uint64_t bytes)
{
	uint64_t digits = 1;

	for (uint64_t left = bytes >> 4; left; left >>= 4)
		digits++;
	return digits + 4 + bytes;
}

static uint64_t chunks_beside_head(const struct route *route)
{
	uint64_t whole = route->size_bytes / route->chunk_bytes;
	uint64_t fit = INLINE_BYTES / chunk_wire_bytes(route->chunk_bytes);

	return fit < whole ? fit : whole;
}

/* What all chunked replies of a route repeat and end with. */
static void render_chunks(struct reply_route *parts, const struct route *route)
{
	uint64_t whole = route->size_bytes / route->chunk_bytes;
	uint64_t rest = route->size_bytes % route->chunk_bytes;
	uint64_t block = BLOCK_BYTES / chunk_wire_bytes(route->chunk_bytes);
	uint64_t repeated = whole - chunks_beside_head(route);

	if (!block)
		block = 1;
	if (block > repeated)
		block = repeated;
	for (uint64_t i = 0; i < block; i++)
		append_chunk(&parts->chunks, route->chunk_bytes);
	if (rest)
		append_chunk(&parts->end, rest);
	buf_text(&parts->end, last_chunk);
}

static void render_chunked(struct reply *reply, struct buf *start, const struct reply_route *parts,
	const struct route *route)
{
	uint64_t beside = chunks_beside_head(route);
	uint64_t repeated = route->size_bytes / route->chunk_bytes - beside;

	buf_text(start, "Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n");
	reply->head_bytes = start->length_bytes;
	for (uint64_t i = 0; i < beside; i++)
		append_chunk(start, route->chunk_bytes);
	if (!repeated && parts->end.length_bytes <= INLINE_BYTES) {
		buf_append(start, parts->end.data, parts->end.length_bytes);
		return;
	}
	reply->middle = parts->chunks.data;
	reply->middle_block_bytes = parts->chunks.length_bytes;
	reply->middle_bytes = repeated * chunk_wire_bytes(route->chunk_bytes);
	reply->end = parts->end.data;
	reply->end_bytes = parts->end.length_bytes;
}

static void render_length(
	struct reply *reply, struct buf *start, const struct buf *body, uint64_t size_bytes)
{
	/* The middle begins a pattern, so the start must end with a whole one. */
	uint64_t beside = size_bytes <= INLINE_BYTES
				  ? size_bytes
				  : INLINE_BYTES - INLINE_BYTES % REPLY_PATTERN_BYTES;

	buf_printf(start, "Content-Type: text/plain\r\nContent-Length: %llu\r\n\r\n",
		(unsigned long long)size_bytes);
	reply->head_bytes = start->length_bytes;
	append_pattern(start, beside);
	reply->middle = body->data;
	reply->middle_block_bytes = body->length_bytes;
	reply->middle_bytes = size_bytes - beside;
}

/* Points the reply at its start, once that is complete. */
static void settle(struct reply *reply, const struct buf *start)
{
	reply->start = start->data;
	reply->start_bytes = start->length_bytes;
	if (!reply->head_bytes)
		reply->head_bytes = start->length_bytes;
	reply->total_bytes = reply->start_bytes + reply->middle_bytes + reply->end_bytes;
}

static bool render_route(
	struct reply_route *parts, const struct route *route, const struct buf *body)
{
	bool failed;

	if (route->chunked)
		render_chunks(parts, route);
	failed = parts->chunks.failed || parts->end.failed;
	for (size_t i = 0; i < ROUTE_STATUS_INDEXES; i++) {
		uint16_t status = route_status_at(route, i);

		for (unsigned int variant = 0; status && variant < REPLY_VARIANT_COUNT; variant++) {
			struct reply *reply = &parts->replies[i][variant];
			struct buf *start = &parts->starts[i][variant];

			append_status(start, status, variant);
			if (route_status_without_body(status))
				buf_text(start, "\r\n");
			else if (i >= ROUTE_STATUS_LIMIT)
				render_length(reply, start, body, 0);
			else if (sends_chunks(route, variant))
				render_chunked(reply, start, parts, route);
			else
				render_length(reply, start, body, route->size_bytes);
			settle(reply, start);
			failed |= start->failed;
		}
	}
	return !failed;
}

static void render_fixed(struct reply *reply, const char *text)
{
	*reply = (struct reply){.start = text,
		.start_bytes = strlen(text),
		.head_bytes = strlen(text),
		.total_bytes = strlen(text)};
}

int reply_book_init(struct reply_book *book, const struct route_set *set, struct err *err)
{
	bool complete;

	memset(book, 0, sizeof(*book));
	book->set = set;
	render_fixed(&book->go_on, "HTTP/1.1 100 Continue\r\n\r\n");
	render_fixed(&book->bad_request,
		"HTTP/1.1 400 Bad Request\r\nServer: ringload\r\nConnection: close\r\n"
		"Content-Length: 0\r\n\r\n");
	render_fixed(&book->garbage, "\x16\x03\x01 this is not HTTP\r\n\r\n");
	append_pattern(&book->body, BLOCK_BYTES);
	book->routes = calloc(set->count, sizeof(*book->routes));
	complete = book->routes && !book->body.failed;
	for (size_t i = 0; i < set->count && complete; i++)
		complete = render_route(&book->routes[i], &set->routes[i], &book->body);
	if (complete)
		return 0;
	reply_book_release(book);
	return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "no memory for the responses");
}

static void release_route(struct reply_route *parts)
{
	for (size_t i = 0; i < ROUTE_STATUS_INDEXES; i++)
		for (unsigned int variant = 0; variant < REPLY_VARIANT_COUNT; variant++)
			buf_release(&parts->starts[i][variant]);
	buf_release(&parts->chunks);
	buf_release(&parts->end);
}

void reply_book_release(struct reply_book *book)
{
	for (size_t i = 0; book->routes && i < book->set->count; i++)
		release_route(&book->routes[i]);
	free(book->routes);
	buf_release(&book->body);
	memset(book, 0, sizeof(*book));
}

const struct reply *reply_find(
	const struct reply_book *book, size_t route, size_t status, enum reply_variant variant)
{
	assert(route < book->set->count && route_status_at(&book->set->routes[route], status));
	return &book->routes[route].replies[status][variant];
}

struct reply *reply_new_json(const char *json, enum reply_variant variant)
{
	struct reply *reply = calloc(1, sizeof(*reply));
	struct buf start = {0};

	append_status(&start, 200, variant);
	buf_printf(&start, "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
		strlen(json));
	if (reply)
		reply->head_bytes = start.length_bytes;
	buf_text(&start, json);
	if (!reply || start.failed) {
		buf_release(&start);
		free(reply);
		return NULL;
	}
	settle(reply, &start);
	return reply;
}

void reply_free(struct reply *reply)
{
	if (reply)
		free((char *)reply->start);
	free(reply);
}

/* What of `bytes` bytes lies from offset on, cut at `left`. */
static size_t cut_to(uint64_t bytes, uint64_t offset, uint64_t left)
{
	uint64_t piece = bytes - offset;

	return piece < left ? piece : left;
}

size_t reply_piece(const struct reply *reply, uint64_t offset, uint64_t limit, const char **data)
{
	uint64_t left = limit - offset, in_block;

	assert(offset < limit && limit <= reply->total_bytes);
	if (offset < reply->start_bytes) {
		*data = reply->start + offset;
		return cut_to(reply->start_bytes, offset, left);
	}
	offset -= reply->start_bytes;
	if (offset < reply->middle_bytes) {
		in_block = offset % reply->middle_block_bytes;
		*data = reply->middle + in_block;
		left = cut_to(reply->middle_bytes, offset, left);
		return cut_to(reply->middle_block_bytes, in_block, left);
	}
	offset -= reply->middle_bytes;
	*data = reply->end + offset;
	return cut_to(reply->end_bytes, offset, left);
}
