/* SPDX-License-Identifier: MIT */
#include "net/http1.h"

#include <string.h>

#include "net/http1_body.h"
#include "net/http1_fields.h"
#include "net/http1_scan.h"

static const char version_start[] = "HTTP/1.";
enum { VERSION_SLASH = 4, VERSION_MINOR = sizeof(version_start) - 1 };

enum line_state {
	BLANK,           /* before the request line, where empty lines are passed over */
	BLANK_LINE_FEED, /* after their CR */
	METHOD,
	TARGET_START,
	TARGET_SCHEME,   /* before the colon of an absolute target */
	TARGET_ASTERISK, /* nothing may follow */
	TARGET,
	VERSION, /* `matched` bytes of version_start were there */
	LINE_END,
	LINE_FEED
};

void http1_request_init(struct http1_request *request)
{
	memset(request, 0, sizeof(*request));
	http1_request_begin(request);
}

void http1_request_begin(struct http1_request *request)
{
	http1_reader_begin(&request->reader, 0);
	request->method_bytes = 0;
	request->target_bytes = 0;
	request->target_cut = false;
	request->started = false;
}

static enum http1_error request_method(struct http1_request *request, uint8_t byte)
{
	request->started = true;
	request->reader.state = METHOD;
	if (byte == ' ' && request->method_bytes > 0) {
		request->method[request->method_bytes] = '\0';
		request->reader.state = TARGET_START;
		return HTTP1_OK;
	}
	if (!http1_scan_is_token(byte) || request->method_bytes == sizeof(request->method) - 1)
		return HTTP1_BAD_START_LINE;
	request->method[request->method_bytes++] = (char)byte;
	return HTTP1_OK;
}

static enum http1_error request_blank(struct http1_request *request, uint8_t byte)
{
	struct http1_reader *reader = &request->reader;

	if (byte == '\n') {
		reader->state = BLANK;
		return HTTP1_OK;
	}
	if (reader->state == BLANK_LINE_FEED)
		return HTTP1_BAD_START_LINE;
	if (byte == '\r') {
		reader->state = BLANK_LINE_FEED;
		return HTTP1_OK;
	}
	return request_method(request, byte);
}

static bool request_is_letter(uint8_t byte)
{
	return (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
}

/* Keeps the target's form (RFC 9112, 3.2); false when this byte breaks it. */
static bool request_target_form(struct http1_reader *reader, uint8_t byte)
{
	switch (reader->state) {
	case TARGET_START:
		if (byte == '/')
			reader->state = TARGET;
		else if (byte == '*')
			reader->state = TARGET_ASTERISK;
		else
			reader->state = TARGET_SCHEME;
		return reader->state != TARGET_SCHEME || request_is_letter(byte);
	case TARGET_SCHEME:
		if (byte == ':')
			reader->state = TARGET;
		return byte == ':' || request_is_letter(byte) || (byte >= '0' && byte <= '9') ||
		       byte == '+' || byte == '-' || byte == '.';
	case TARGET_ASTERISK:
		return false;
	default:
		return byte > ' ' && byte < 0x7f;
	}
}

static enum http1_error request_target(struct http1_request *request, uint8_t byte)
{
	struct http1_reader *reader = &request->reader;

	if (byte == ' ' && (reader->state == TARGET || reader->state == TARGET_ASTERISK)) {
		request->target[request->target_bytes] = '\0';
		reader->state = VERSION;
		reader->matched = 0;
		return HTTP1_OK;
	}
	if (!request_target_form(reader, byte))
		return HTTP1_BAD_START_LINE;
	if (request->target_bytes < sizeof(request->target) - 1)
		request->target[request->target_bytes++] = (char)byte;
	else
		request->target_cut = true;
	return HTTP1_OK;
}

static enum http1_error request_version(struct http1_reader *reader, uint8_t byte)
{
	if (reader->matched == VERSION_MINOR) {
		if (byte < '0' || byte > '9')
			return HTTP1_BAD_VERSION;
		if (byte > '0')
			reader->facts |= HTTP1_FACT_MINOR_1;
		reader->state = LINE_END;
		return HTTP1_OK;
	}
	if (byte != (uint8_t)version_start[reader->matched])
		return reader->matched > VERSION_SLASH ? HTTP1_BAD_VERSION : HTTP1_BAD_START_LINE;
	reader->matched++;
	return HTTP1_OK;
}

static enum http1_error request_line_byte(struct http1_request *request, uint8_t byte)
{
	struct http1_reader *reader = &request->reader;

	switch ((enum line_state)reader->state) {
	case BLANK:
	case BLANK_LINE_FEED:
		return request_blank(request, byte);
	case METHOD:
		return request_method(request, byte);
	case TARGET_START:
	case TARGET_SCHEME:
	case TARGET_ASTERISK:
	case TARGET:
		return request_target(request, byte);
	case VERSION:
		return request_version(reader, byte);
	case LINE_END:
		if (byte == '\r') {
			reader->state = LINE_FEED;
			return HTTP1_OK;
		}
		if (byte != '\n')
			return HTTP1_BAD_VERSION;
		http1_fields_begin(reader, HTTP1_PART_FIELDS);
		return HTTP1_OK;
	case LINE_FEED:
		http1_fields_begin(reader, HTTP1_PART_FIELDS);
		return byte == '\n' ? HTTP1_OK : HTTP1_BAD_START_LINE;
	}
	return HTTP1_BAD_START_LINE;
}

static const uint8_t *request_line(
	struct http1_request *request, const uint8_t *at, const uint8_t *end)
{
	struct http1_reader *reader = &request->reader;

	for (; at < end && reader->part == HTTP1_PART_START_LINE; at++) {
		enum http1_error error = request_line_byte(request, *at);

		if (error != HTTP1_OK)
			return http1_reader_fail(reader, error, at);
	}
	return at;
}

/* A request without length or chunks has no body (RFC 9112, 6.3). */
static enum http1_event request_head_end(struct http1_request *request)
{
	struct http1_reader *reader = &request->reader;
	enum http1_framing framing;

	if (!http1_fields_framing(reader, &framing))
		return HTTP1_ERROR;
	request->framing = (uint8_t)framing;
	request->keep_alive = http1_fields_keep_alive(reader);
	request->version_1_0 = !(reader->facts & HTTP1_FACT_MINOR_1);
	/* A 1.0 client does not know what it says there (RFC 9110, 10.1.1). */
	request->expect_continue = (reader->facts & HTTP1_FACT_CONTINUE) &&
				   (reader->facts & HTTP1_FACT_MINOR_1);
	http1_body_begin(reader, framing);
	return HTTP1_HEAD;
}

static enum http1_event request_head(struct http1_request *request, struct span *in)
{
	struct http1_reader *reader = &request->reader;
	const uint8_t *at = in->data, *end;

	if (in->bytes == 0)
		return HTTP1_MORE;
	end = at + http1_reader_room(reader, in->bytes);
	if (reader->part == HTTP1_PART_START_LINE)
		at = request_line(request, at, end);
	if (reader->part == HTTP1_PART_FIELDS)
		at = http1_fields_read(reader, at, end);
	http1_reader_took(reader, in, at, reader->part <= HTTP1_PART_FIELDS);
	if (reader->part == HTTP1_PART_HEAD_END)
		return request_head_end(request);
	return reader->part == HTTP1_PART_FAILED ? HTTP1_ERROR : HTTP1_MORE;
}

enum http1_event http1_request_next(
	struct http1_request *request, struct span *in, struct span *body)
{
	struct http1_reader *reader = &request->reader;
	enum http1_event event;

	if (reader->part <= HTTP1_PART_FIELDS)
		event = request_head(request, in);
	else if (!http1_body_usual(reader, in, body, &event))
		event = http1_body_unusual(reader, in, body);
	request->error = reader->error;
	return event;
}
