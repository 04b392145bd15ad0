/* SPDX-License-Identifier: MIT */
/*
 * What an HTTP/1.1 parser says about an input, written down: the same list whichever way the input
 * was cut, for the replay of the corpus, the comparison with another parser, and the fuzz target.
 *
 * Everything a parser promises about a single call is checked while writing (events_check): a
 * broken promise prints itself and aborts.
 *
 * Owner: events_release returns what a list took; a zeroed list is empty. Threads: one a list.
 */
#ifndef RINGLOAD_TESTS_HTTP1_EVENTS_H
#define RINGLOAD_TESTS_HTTP1_EVENTS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/http1.h"

/* What the input is taken for. In EVENTS_HEAD the first, third, … response answers HEAD. */
enum events_kind { EVENTS_RESPONSE, EVENTS_HEAD, EVENTS_REQUEST, EVENTS_KIND_COUNT };

enum { EVENTS_BODY_SHOWN = 40 };

/* The last event of a list is that of the end of input (closed set) or an error. */
struct event {
	uint8_t type; /* enum http1_event */
	bool closed;  /* what http1_response_end said; for a request that the input ended */
	bool keep_alive, expect_continue, target_cut, version_1_0, started;
	uint8_t framing, error;
	uint16_t status;
	size_t at; /* bytes of input used when it was told, merged bodies: the last piece */
	uint64_t body_bytes, body_hash;
	char method[16], target[HTTP1_TARGET_BYTES];
	char body[EVENTS_BODY_SHOWN]; /* its beginning */
};

struct events {
	struct event *list;
	size_t count, room;
};

#define events_check(condition)                                                            \
	do {                                                                               \
		if (!(condition)) {                                                        \
			fprintf(stderr, "%s:%d: broken promise: %s\n", __FILE__, __LINE__, \
				#condition);                                               \
			abort();                                                           \
		}                                                                          \
	} while (0)

/* A parser of either kind with its input so far. */
struct events_parser {
	enum events_kind kind;
	struct http1_response response;
	struct http1_request request;
	struct events *events;
	size_t used;
	unsigned messages;
	bool in_body; /* between HTTP1_HEAD and HTTP1_COMPLETE */
	uint64_t body_bytes;
	bool failed;
};

static inline void events_release(struct events *events)
{
	free(events->list);
	memset(events, 0, sizeof(*events));
}

static inline struct event *events_add(struct events *events)
{
	if (events->count == events->room) {
		events->room = events->room ? events->room * 2 : 16;
		events->list = realloc(events->list, events->room * sizeof(*events->list));
		events_check(events->list);
	}

	struct event *event = &events->list[events->count++];
	memset(event, 0, sizeof(*event));
	event->body_hash = 0xcbf29ce484222325;
	return event;
}

static inline void events_open(
	struct events_parser *parser, enum events_kind kind, struct events *events)
{
	/* Not zero: init must set whatever is read. */
	memset(parser, 0x55, sizeof(*parser));
	parser->kind = kind;
	parser->events = events;
	parser->used = 0;
	parser->messages = 0;
	parser->in_body = false;
	parser->failed = false;
	events->count = 0;
	http1_request_init(&parser->request);
	http1_response_init(&parser->response);
	http1_response_begin(&parser->response, kind == EVENTS_HEAD);
}

static inline void events_begin(struct events_parser *parser)
{
	bool head = parser->kind == EVENTS_HEAD && parser->messages % 2 == 0;

	if (parser->kind == EVENTS_REQUEST)
		http1_request_begin(&parser->request);
	else
		http1_response_begin(&parser->response, head);
}

static inline enum http1_event events_next(
	struct events_parser *parser, struct span *in, struct span *body)
{
	if (parser->kind == EVENTS_REQUEST)
		return http1_request_next(&parser->request, in, body);
	return http1_response_next(&parser->response, in, body);
}

static inline void events_describe(const struct events_parser *parser, struct event *event)
{
	const struct http1_request *request = &parser->request;
	const struct http1_response *response = &parser->response;

	if (parser->kind != EVENTS_REQUEST) {
		event->status = response->status;
		event->keep_alive = response->keep_alive;
		event->framing = response->framing;
		return;
	}
	event->keep_alive = request->keep_alive;
	event->framing = request->framing;
	event->expect_continue = request->expect_continue;
	event->target_cut = request->target_cut;
	event->version_1_0 = request->version_1_0;
	events_check(memchr(request->method, 0, sizeof(request->method)));
	events_check(memchr(request->target, 0, sizeof(request->target)));
	strcpy(event->method, request->method);
	strcpy(event->target, request->target);
}

static inline void events_add_body(struct events_parser *parser, struct span body)
{
	struct events *events = parser->events;
	struct event *event = &events->list[events->count - 1];

	events_check(parser->in_body && body.bytes > 0);
	if (event->type != HTTP1_BODY) {
		event = events_add(events);
		event->type = HTTP1_BODY;
	}
	for (size_t i = 0; i < body.bytes; i++) {
		if (event->body_bytes < EVENTS_BODY_SHOWN)
			event->body[event->body_bytes] = (char)body.data[i];
		event->body_hash = (event->body_hash ^ body.data[i]) * 0x100000001b3;
		event->body_bytes++;
	}
	event->at = parser->used;
	parser->body_bytes += body.bytes;
}

static inline uint8_t events_error(const struct events_parser *parser)
{
	return parser->kind == EVENTS_REQUEST ? parser->request.error : parser->response.error;
}

static inline bool events_started(const struct events_parser *parser)
{
	return parser->kind == EVENTS_REQUEST ? parser->request.started : parser->response.started;
}

/* An error stays, takes nothing more, and survives the next begin. */
static inline void events_check_error(struct events_parser *parser, struct span in)
{
	struct span again = in, body = {NULL, 0};
	uint8_t error = events_error(parser);

	events_check(error > HTTP1_OK && error < HTTP1_ERROR_COUNT);
	events_check(events_next(parser, &again, &body) == HTTP1_ERROR);
	events_begin(parser);
	events_check(events_next(parser, &again, &body) == HTTP1_ERROR);
	events_check(again.data == in.data && again.bytes == in.bytes && !body.data);
	events_check(events_error(parser) == error);
}

static inline void events_check_complete(const struct events_parser *parser)
{
	const struct http1_response *response = &parser->response;
	uint8_t framing = parser->kind == EVENTS_REQUEST ? parser->request.framing
							 : response->framing;
	uint64_t length = parser->kind == EVENTS_REQUEST ? parser->request.reader.length
							 : response->reader.length;

	events_check(parser->in_body);
	if (framing == HTTP1_NO_BODY)
		events_check(parser->body_bytes == 0);
	if (framing == HTTP1_LENGTH)
		events_check(parser->body_bytes == length);
	if (framing == HTTP1_UNTIL_CLOSE)
		events_check(parser->kind != EVENTS_REQUEST && !response->keep_alive);
}

static inline void events_write(struct events_parser *parser, enum http1_event type, struct span in)
{
	struct event *event = events_add(parser->events);

	event->type = (uint8_t)type;
	event->at = parser->used;
	switch (type) {
	case HTTP1_INFORMATIONAL:
		events_check(parser->kind != EVENTS_REQUEST && !parser->in_body);
		events_check(parser->response.status / 100 == 1);
		event->status = parser->response.status;
		break;
	case HTTP1_HEAD:
		events_check(!parser->in_body && events_started(parser));
		events_describe(parser, event);
		parser->in_body = true;
		parser->body_bytes = 0;
		break;
	case HTTP1_COMPLETE:
		events_check_complete(parser);
		parser->in_body = false;
		parser->messages++;
		events_begin(parser);
		events_check(!events_started(parser));
		break;
	default:
		events_check(type == HTTP1_ERROR);
		event->error = events_error(parser);
		parser->failed = true;
		events_check_error(parser, in);
	}
}

/* One piece of input. Once it failed, further pieces are ignored. */
static inline void events_feed(struct events_parser *parser, const uint8_t *data, size_t bytes)
{
	struct span in = {data, bytes};

	while (!parser->failed) {
		const uint8_t *before = in.data;
		struct span body = {NULL, 0};
		enum http1_event type = events_next(parser, &in, &body);

		events_check(in.data >= before && in.data + in.bytes == data + bytes);
		parser->used += (size_t)(in.data - before);
		if (type == HTTP1_MORE) {
			events_check(in.bytes == 0);
			return;
		}
		if (type == HTTP1_BODY) {
			events_check(body.data >= before && body.data + body.bytes == in.data);
			events_add_body(parser, body);
		} else {
			events_check(!body.data);
			events_write(parser, type, in);
		}
	}
}

/* The input ended; for a response the peer closed. */
static inline void events_close(struct events_parser *parser)
{
	if (parser->failed)
		return;

	struct event *event = events_add(parser->events);
	event->at = parser->used;
	event->closed = true;
	event->started = events_started(parser);
	if (parser->kind == EVENTS_REQUEST)
		return;
	event->type = (uint8_t)http1_response_end(&parser->response);
	events_check(event->type == HTTP1_MORE || event->type == HTTP1_COMPLETE ||
		     event->type == HTTP1_ERROR);
	events_check(parser->response.error == HTTP1_OK);
	if (event->type == HTTP1_COMPLETE)
		events_check(parser->in_body && parser->response.framing == HTTP1_UNTIL_CLOSE);
	events_check((event->type == HTTP1_MORE) == !event->started);
}

static inline bool events_equal(const struct events *one, const struct events *other)
{
	return one->count == other->count &&
	       memcmp(one->list, other->list, one->count * sizeof(*one->list)) == 0;
}

#endif
