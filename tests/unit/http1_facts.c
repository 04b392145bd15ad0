/* SPDX-License-Identifier: MIT */
#include "http1_facts.h"

#include <http_parser.h>
#include <stdlib.h>
#include <string.h>

#include "net/http1.h"

static struct fact *facts_add(struct facts *facts, enum fact_type type)
{
	if (facts->count == FACTS_LIMIT)
		abort();

	struct fact *fact = &facts->list[facts->count++];
	memset(fact, 0, sizeof(*fact));
	fact->type = type;
	return fact;
}

static void facts_add_body(struct facts *facts, const void *data, size_t bytes)
{
	struct fact *fact = &facts->list[facts->count - 1];

	if (facts->bodies_bytes + bytes > sizeof(facts->bodies))
		abort();
	if (fact->type != FACT_BODY) {
		fact = facts_add(facts, FACT_BODY);
		fact->body_at = facts->bodies_bytes;
	}
	memcpy(facts->bodies + facts->bodies_bytes, data, bytes);
	facts->bodies_bytes += bytes;
	fact->body_bytes += bytes;
}

/* --- ours: both kinds behind one ---------------------------------------------------------------*/

struct ours {
	enum facts_kind kind;
	struct http1_response response;
	struct http1_request request;
	unsigned messages;
};

static void ours_begin(struct ours *ours)
{
	if (ours->kind == FACTS_REQUEST)
		http1_request_begin(&ours->request);
	else
		http1_response_begin(
			&ours->response, ours->kind == FACTS_HEAD && ours->messages % 2 == 0);
}

static enum http1_event ours_next(struct ours *ours, struct span *in, struct span *body)
{
	if (ours->kind == FACTS_REQUEST)
		return http1_request_next(&ours->request, in, body);
	return http1_response_next(&ours->response, in, body);
}

static void ours_add_head(const struct ours *ours, struct facts *facts)
{
	struct fact *fact = facts_add(facts, FACT_HEAD);

	if (ours->kind == FACTS_REQUEST) {
		strcpy(fact->method, ours->request.method);
		strcpy(fact->target, ours->request.target);
	} else {
		fact->status = ours->response.status;
	}
}

static void ours_add_error(const struct ours *ours, struct facts *facts)
{
	facts_add(facts, FACT_ERROR)->error = ours->kind == FACTS_REQUEST ? ours->request.error
									  : ours->response.error;
}

static void ours_end(struct ours *ours, struct facts *facts)
{
	if (ours->kind != FACTS_REQUEST && http1_response_end(&ours->response) == HTTP1_COMPLETE)
		facts_add(facts, FACT_COMPLETE);
	facts_add(facts, FACT_END);
}

/* False when it was the last. */
static bool ours_add(
	struct ours *ours, struct facts *facts, enum http1_event event, const struct span *body)
{
	switch (event) {
	case HTTP1_MORE:
		ours_end(ours, facts);
		return false;
	case HTTP1_INFORMATIONAL:
		ours_add_head(ours, facts);
		facts_add(facts, FACT_COMPLETE);
		return true;
	case HTTP1_HEAD:
		ours_add_head(ours, facts);
		return true;
	case HTTP1_BODY:
		facts_add_body(facts, body->data, body->bytes);
		return true;
	case HTTP1_COMPLETE:
		facts_add(facts, FACT_COMPLETE);
		ours->messages++;
		ours_begin(ours);
		return true;
	case HTTP1_ERROR:
		break;
	}
	ours_add_error(ours, facts);
	return false;
}

void http1_facts_ours(struct facts *facts, const struct facts_input *input)
{
	struct ours ours = {.kind = input->kind};
	struct span in = {input->data, input->bytes}, body;
	bool goes_on = true;

	facts->count = facts->bodies_bytes = 0;
	http1_request_init(&ours.request);
	http1_response_init(&ours.response);
	ours_begin(&ours);
	while (goes_on) {
		size_t before = facts->count;

		goes_on = ours_add(&ours, facts, ours_next(&ours, &in, &body), &body);
		for (size_t i = before ? before - 1 : 0; i < facts->count; i++) {
			if (i >= before || facts->list[i].type == FACT_BODY)
				facts->list[i].at = input->bytes - in.bytes;
		}
	}
}

/* --- theirs ------------------------------------------------------------------------------------*/

struct theirs {
	struct facts *facts;
	enum facts_kind kind;
	unsigned messages; /* that were no 1xx */
	size_t target_bytes;
	char target[256];
};

static int theirs_begin(http_parser *parser)
{
	struct theirs *theirs = parser->data;

	theirs->target_bytes = 0;
	return 0;
}

static int theirs_target(http_parser *parser, const char *at, size_t bytes)
{
	struct theirs *theirs = parser->data;

	for (size_t i = 0; i < bytes && theirs->target_bytes < sizeof(theirs->target) - 1; i++)
		theirs->target[theirs->target_bytes++] = at[i];
	return 0;
}

static int theirs_head(http_parser *parser)
{
	struct theirs *theirs = parser->data;
	struct fact *fact = facts_add(theirs->facts, FACT_HEAD);

	/* Or it would leave what follows to another protocol. */
	parser->upgrade = 0;
	if (theirs->kind == FACTS_REQUEST) {
		strcpy(fact->method, http_method_str((enum http_method)parser->method));
		memcpy(fact->target, theirs->target, theirs->target_bytes);
		return 0;
	}
	fact->status = parser->status_code;
	return theirs->kind == FACTS_HEAD && theirs->messages % 2 == 0;
}

static int theirs_body(http_parser *parser, const char *at, size_t bytes)
{
	struct theirs *theirs = parser->data;

	facts_add_body(theirs->facts, at, bytes);
	return 0;
}

/* Pausing tells where the message ended. */
static int theirs_complete(http_parser *parser)
{
	struct theirs *theirs = parser->data;

	facts_add(theirs->facts, FACT_COMPLETE);
	if (theirs->kind == FACTS_REQUEST || parser->status_code / 100 != 1)
		theirs->messages++;
	http_parser_pause(parser, 1);
	return 0;
}

static const http_parser_settings settings = {
	.on_message_begin = theirs_begin,
	.on_url = theirs_target,
	.on_headers_complete = theirs_head,
	.on_body = theirs_body,
	.on_message_complete = theirs_complete,
};

/* Feeds once; false after an error. */
static bool theirs_feed(http_parser *parser, const struct facts_input *input, size_t *at)
{
	struct facts *facts = ((struct theirs *)parser->data)->facts;
	enum http_errno error;

	*at += http_parser_execute(
		parser, &settings, (const char *)input->data + *at, input->bytes - *at);
	error = HTTP_PARSER_ERRNO(parser);
	if (error == HPE_PAUSED) {
		http_parser_pause(parser, 0);
		facts->list[facts->count - 1].at = *at;
	} else if (error != HPE_OK) {
		struct fact *fact = facts_add(facts, FACT_ERROR);
		fact->at = *at;
		fact->error = error;
		return false;
	}
	return true;
}

/* The end of input ends a body without length; inside a message it is no error here. */
static void theirs_end(http_parser *parser, size_t at)
{
	struct facts *facts = ((struct theirs *)parser->data)->facts;

	size_t before = facts->count;

	http_parser_execute(parser, &settings, NULL, 0);
	if (facts->count > before)
		facts->list[before].at = at;
	facts_add(facts, FACT_END)->at = at;
}

void http1_facts_theirs(struct facts *facts, const struct facts_input *input)
{
	struct theirs theirs = {.facts = facts, .kind = input->kind};
	http_parser parser;
	size_t at = 0;
	bool goes_on = true;

	facts->count = facts->bodies_bytes = 0;
	http_parser_init(&parser, input->kind == FACTS_REQUEST ? HTTP_REQUEST : HTTP_RESPONSE);
	parser.data = &theirs;
	while (goes_on && at < input->bytes)
		goes_on = theirs_feed(&parser, input, &at);
	if (goes_on)
		theirs_end(&parser, at);
}

/* --- both --------------------------------------------------------------------------------------*/

static bool facts_are_equal(const struct facts *ours, const struct facts *theirs, size_t index)
{
	const struct fact *one = &ours->list[index], *other = &theirs->list[index];

	if (one->type != other->type)
		return false;
	switch (one->type) {
	case FACT_HEAD:
		return one->status == other->status && strcmp(one->method, other->method) == 0 &&
		       strcmp(one->target, other->target) == 0;
	case FACT_BODY:
		return one->body_bytes == other->body_bytes &&
		       memcmp(ours->bodies + one->body_at, theirs->bodies + other->body_at,
			       one->body_bytes) == 0;
	case FACT_COMPLETE:
	case FACT_END:
		return one->at == other->at;
	case FACT_ERROR:
		break;
	}
	/* Both say it is wrong; which byte is blamed is a matter of taste. */
	return true;
}

bool http1_facts_equal(const struct facts *ours, const struct facts *theirs, size_t *at)
{
	for (*at = 0; *at < ours->count && *at < theirs->count; ++*at) {
		if (!facts_are_equal(ours, theirs, *at))
			return false;
	}
	return ours->count == theirs->count;
}
