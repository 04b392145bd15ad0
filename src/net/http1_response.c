/* SPDX-License-Identifier: MIT */
#include "net/http1.h"

#include <string.h>

#include "net/http1_body.h"
#include "net/http1_fields.h"
#include "net/http1_scan.h"

/* States of the status line: below LINE_MINOR the number of bytes that agreed with line_start. */
static const char line_start[] = "HTTP/1.";
enum line_state {
	LINE_SLASH = 4,
	LINE_MINOR = sizeof(line_start) - 1,
	LINE_SPACE,
	LINE_STATUS_1,
	LINE_STATUS_2,
	LINE_STATUS_3,
	LINE_STATUS_END,
	LINE_REASON,
	LINE_FEED
};

void http1_response_init(struct http1_response *response)
{
	memset(response, 0, sizeof(*response));
	http1_response_begin(response, false);
}

void http1_response_begin(struct http1_response *response, bool head_request)
{
	http1_reader_begin(&response->reader, head_request ? HTTP1_FACT_HEAD_REQUEST : 0);
	response->started = false;
}

/* The third digit of the status was read. */
static enum http1_error response_check_status(const struct http1_response *response)
{
	if (response->status == 101)
		return HTTP1_UNEXPECTED_UPGRADE;
	return response->status < 100 ? HTTP1_BAD_STATUS : HTTP1_OK;
}

static enum http1_error response_status_digit(struct http1_response *response, uint8_t byte)
{
	if (byte < '0' || byte > '9')
		return HTTP1_BAD_STATUS;
	if (response->reader.state == LINE_STATUS_1)
		response->status = 0;
	response->status = (uint16_t)(response->status * 10 + byte - '0');
	if (response->reader.state++ == LINE_STATUS_3)
		return response_check_status(response);
	return HTTP1_OK;
}

static enum http1_error response_minor(struct http1_reader *reader, uint8_t byte)
{
	if (byte < '0' || byte > '9')
		return HTTP1_BAD_VERSION;
	if (byte > '0')
		reader->facts |= HTTP1_FACT_MINOR_1;
	reader->state = LINE_SPACE;
	return HTTP1_OK;
}

/* After the status, or in the reason, which ends with the line. */
static enum http1_error response_reason(struct http1_reader *reader, uint8_t byte)
{
	if (byte == '\n')
		http1_fields_begin(reader, HTTP1_PART_FIELDS);
	else if (byte == '\r')
		reader->state = LINE_FEED;
	else if (reader->state == LINE_STATUS_END && byte != ' ')
		return HTTP1_BAD_STATUS;
	else if (!http1_scan_is_text(byte))
		return HTTP1_BAD_START_LINE;
	else
		reader->state = LINE_REASON;
	return HTTP1_OK;
}

static enum http1_error response_line_byte(struct http1_response *response, uint8_t byte)
{
	struct http1_reader *reader = &response->reader;

	switch (reader->state) {
	case LINE_MINOR:
		return response_minor(reader, byte);
	case LINE_SPACE:
		reader->state++;
		return byte == ' ' ? HTTP1_OK : HTTP1_BAD_VERSION;
	case LINE_STATUS_1:
	case LINE_STATUS_2:
	case LINE_STATUS_3:
		return response_status_digit(response, byte);
	case LINE_STATUS_END:
	case LINE_REASON:
		return response_reason(reader, byte);
	case LINE_FEED:
		http1_fields_begin(reader, HTTP1_PART_FIELDS);
		return byte == '\n' ? HTTP1_OK : HTTP1_BAD_START_LINE;
	default:
		if (byte == (uint8_t)line_start[reader->state]) {
			reader->state++;
			return HTTP1_OK;
		}
		return reader->state > LINE_SLASH ? HTTP1_BAD_VERSION : HTTP1_BAD_START_LINE;
	}
}

/* A usual line at once. Where it began when it is another. */
static const uint8_t *response_usual_line(
	struct http1_response *response, const uint8_t *at, const uint8_t *end)
{
	static const char ok[] = "HTTP/1.1 200 OK\r\n";
	const size_t status_at = sizeof("HTTP/1.1 ") - 1;
	const uint8_t *digits = at + status_at;
	unsigned status = 200;

	if ((size_t)(end - at) < sizeof(ok) - 1 || memcmp(at, ok, status_at) != 0)
		return at;
	if (memcmp(digits, ok + status_at, sizeof(ok) - 1 - status_at) == 0) {
		at += sizeof(ok) - 1;
	} else {
		unsigned first = digits[0] - '0', second = digits[1] - '0', third = digits[2] - '0';
		const uint8_t *line_end = http1_scan_text(digits + 3, end);

		status = first * 100 + second * 10 + third;
		if (first > 9 || second > 9 || third > 9 || status < 102 || digits[3] != ' ' ||
			!http1_scan_is_line_end(line_end, end))
			return at;
		at = line_end + 2;
	}
	response->status = (uint16_t)status;
	response->reader.facts |= HTTP1_FACT_MINOR_1;
	http1_fields_begin(&response->reader, HTTP1_PART_FIELDS);
	return at;
}

static const uint8_t *response_line(
	struct http1_response *response, const uint8_t *at, const uint8_t *end)
{
	struct http1_reader *reader = &response->reader;

	if (reader->state == 0)
		at = response_usual_line(response, at, end);
	for (; at < end && reader->part == HTTP1_PART_START_LINE; at++) {
		enum http1_error error = response_line_byte(response, *at);

		if (error != HTTP1_OK)
			return http1_reader_fail(reader, error, at);
	}
	return at;
}

/* Which body follows this head (RFC 9112, 6.3). */
static enum http1_event response_head_end(struct http1_response *response)
{
	struct http1_reader *reader = &response->reader;
	unsigned status = response->status;
	enum http1_framing framing;

	if (!http1_fields_framing(reader, &framing)) {
		response->error = reader->error;
		return HTTP1_ERROR;
	}
	if (status < 200) {
		http1_reader_begin(reader, reader->facts & HTTP1_FACT_HEAD_REQUEST);
		return HTTP1_INFORMATIONAL;
	}
	if ((reader->facts & HTTP1_FACT_HEAD_REQUEST) || status == 204 || status == 304)
		framing = HTTP1_NO_BODY;
	else if (framing == HTTP1_NO_BODY)
		framing = HTTP1_UNTIL_CLOSE;
	response->framing = (uint8_t)framing;
	response->keep_alive = http1_fields_keep_alive(reader) && framing != HTTP1_UNTIL_CLOSE;
	http1_body_begin(reader, framing);
	return HTTP1_HEAD;
}

/* Not inlined, so that pieces of bodies do not pay for the registers a head needs. */
static __attribute__((noinline)) enum http1_event response_head(
	struct http1_response *response, struct span *in)
{
	struct http1_reader *reader = &response->reader;
	const uint8_t *at = in->data, *end;

	if (in->bytes == 0)
		return HTTP1_MORE;
	end = at + http1_reader_room(reader, in->bytes);
	if (reader->part == HTTP1_PART_START_LINE) {
		response->started = true;
		at = response_line(response, at, end);
	}
	if (reader->part == HTTP1_PART_FIELDS)
		at = http1_fields_read(reader, at, end);
	http1_reader_took(reader, in, at, reader->part <= HTTP1_PART_FIELDS);
	if (reader->part == HTTP1_PART_HEAD_END)
		return response_head_end(response);
	response->error = reader->error;
	return reader->part == HTTP1_PART_FAILED ? HTTP1_ERROR : HTTP1_MORE;
}

static __attribute__((noinline)) enum http1_event response_unusual(
	struct http1_response *response, struct span *in, struct span *body)
{
	enum http1_event event = http1_body_unusual(&response->reader, in, body);

	response->error = response->reader.error;
	return event;
}

enum http1_event http1_response_next(
	struct http1_response *response, struct span *in, struct span *body)
{
	enum http1_event event;

	if (response->reader.part <= HTTP1_PART_FIELDS)
		return response_head(response, in);
	if (http1_body_usual(&response->reader, in, body, &event))
		return event;
	return response_unusual(response, in, body);
}

enum http1_event http1_response_end(struct http1_response *response)
{
	struct http1_reader *reader = &response->reader;

	switch (reader->part) {
	case HTTP1_PART_UNTIL_CLOSE:
	case HTTP1_PART_END:
		reader->part = HTTP1_PART_TOLD;
		return HTTP1_COMPLETE;
	case HTTP1_PART_TOLD:
		return HTTP1_MORE;
	case HTTP1_PART_START_LINE:
		return response->started ? HTTP1_ERROR : HTTP1_MORE;
	default:
		return HTTP1_ERROR;
	}
}
