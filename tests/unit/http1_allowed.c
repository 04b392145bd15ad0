/* SPDX-License-Identifier: MIT */
#include "http1_allowed.h"

#include <http_parser.h>
#include <string.h>
#include <strings.h>

#include "net/http1.h"

static bool is_line_end(uint8_t byte)
{
	return byte == '\r' || byte == '\n';
}

static bool is_blank(uint8_t byte)
{
	return byte == ' ' || byte == '\t';
}

static bool is_hex(uint8_t byte)
{
	return (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f');
}

static bool we_reject(const struct http1_difference *d, enum http1_error error)
{
	return d->ours->type == FACT_ERROR && d->ours->error == error;
}

static bool they_reject(const struct http1_difference *d, enum http_errno error)
{
	return d->theirs->type == FACT_ERROR && d->theirs->error == error;
}

/* The byte we stopped at; 0 at the end. */
static uint8_t our_byte(const struct http1_difference *d)
{
	return d->ours->at < d->input->bytes ? d->input->data[d->ours->at] : 0;
}

static uint8_t byte_before(const struct http1_difference *d)
{
	return d->ours->at > 0 ? d->input->data[d->ours->at - 1] : 0;
}

/* The beginning of the line in which `at` lies. */
static size_t line_start(const struct http1_difference *d, size_t at)
{
	while (at > d->message_at && d->input->data[at - 1] != '\n')
		at--;
	return at;
}

/* Whether the message's first line that is not empty holds this. */
static bool first_line_has(const struct http1_difference *d, const char *text)
{
	const uint8_t *at = d->input->data + d->message_at;
	const uint8_t *end = d->input->data + d->input->bytes;

	while (at < end && is_line_end(*at))
		at++;

	const uint8_t *line_end = memchr(at, '\n', (size_t)(end - at));
	return line_end && memmem(at, (size_t)(line_end - at), text, strlen(text));
}

/* How many lines of the message's head up to `end` begin with this, in any case. */
static unsigned lines_with(const struct http1_difference *d, const char *text, size_t end)
{
	unsigned count = 0;

	for (size_t at = d->message_at; at + strlen(text) <= end; at++) {
		bool first = at == d->message_at || d->input->data[at - 1] == '\n';

		count += first &&
			 strncasecmp((const char *)d->input->data + at, text, strlen(text)) == 0;
	}
	return count;
}

/* --- the differences ---------------------------------------------------------------------------*/

static bool is_folded(const struct http1_difference *d)
{
	return we_reject(d, HTTP1_FOLDED_HEADER);
}

static bool is_folded_length(const struct http1_difference *d)
{
	size_t at = d->ours->at;

	if (!we_reject(d, HTTP1_BAD_CONTENT_LENGTH) || !is_line_end(our_byte(d)))
		return false;
	at += our_byte(d) == '\r' ? 2 : 1;
	return at >= d->input->bytes || is_blank(d->input->data[at]);
}

static bool is_header_count(const struct http1_difference *d)
{
	return we_reject(d, HTTP1_TOO_MANY_HEADERS);
}

/* Fields that say "chunked" in any but the plain way. */
static bool is_encoding_not_plain(const struct http1_difference *d, size_t end)
{
	return lines_with(d, "transfer-encoding:", end) >
	       lines_with(d, "transfer-encoding: chunked\r\n", end);
}

static bool is_strange_encoding(const struct http1_difference *d)
{
	size_t end = d->ours->at + 2 < d->input->bytes ? d->ours->at + 2 : d->input->bytes;

	return we_reject(d, HTTP1_BAD_TRANSFER_ENCODING) &&
	       (is_encoding_not_plain(d, end) || lines_with(d, "transfer-encoding:", end) > 1);
}

static bool is_encoding_in_1_0(const struct http1_difference *d)
{
	return we_reject(d, HTTP1_BAD_TRANSFER_ENCODING) && first_line_has(d, "HTTP/1.0");
}

static bool is_space_in_name(const struct http1_difference *d)
{
	return we_reject(d, HTTP1_BAD_HEADER_NAME) && our_byte(d) == ' ';
}

static bool is_after_cr(const struct http1_difference *d)
{
	return d->ours->type == FACT_ERROR && byte_before(d) == '\r';
}

static bool is_first_of_value(const struct http1_difference *d)
{
	size_t at = d->ours->at;

	if (!we_reject(d, HTTP1_BAD_HEADER_VALUE))
		return false;
	while (at > 0 && is_blank(d->input->data[at - 1]))
		at--;
	return at > 0 && d->input->data[at - 1] == ':';
}

static bool is_reason(const struct http1_difference *d)
{
	return we_reject(d, HTTP1_BAD_START_LINE) && d->input->kind != FACTS_REQUEST &&
	       d->ours->at >= d->message_at + strlen("HTTP/1.1 200");
}

static bool is_chunk_extension(const struct http1_difference *d)
{
	size_t at = line_start(d, d->ours->at), digits = 0;

	while (at + digits < d->ours->at && is_hex(d->input->data[at + digits]))
		digits++;
	if (!we_reject(d, HTTP1_BAD_CHUNK) || digits == 0 || at + digits >= d->ours->at)
		return false;
	return d->input->data[at + digits] == ';' || is_blank(d->input->data[at + digits]);
}

static bool is_chunk_size(const struct http1_difference *d)
{
	return we_reject(d, HTTP1_BAD_CHUNK) && is_hex(our_byte(d)) &&
	       d->ours->at - line_start(d, d->ours->at) >= 15;
}

static bool is_chunk_digit(const struct http1_difference *d)
{
	return we_reject(d, HTTP1_BAD_CHUNK) && our_byte(d) >= 0x80;
}

static bool is_chunk_end(const struct http1_difference *d)
{
	const struct fact *before = d->ours - 1;
	size_t data_end = d->ours->at - (byte_before(d) == '\r');

	return we_reject(d, HTTP1_BAD_CHUNK) && before->type == FACT_BODY &&
	       (before->at == data_end || before->at == d->ours->at);
}

static bool is_protocol(const struct http1_difference *d)
{
	return we_reject(d, HTTP1_BAD_START_LINE) && d->input->kind != FACTS_REQUEST &&
	       d->ours->at > d->message_at && d->ours->at <= d->message_at + 4;
}

static bool is_empty_line_before(const struct http1_difference *d)
{
	return we_reject(d, HTTP1_BAD_START_LINE) && d->input->kind != FACTS_REQUEST &&
	       d->ours->at == d->message_at && is_line_end(our_byte(d));
}

static bool is_status(const struct http1_difference *d)
{
	return we_reject(d, HTTP1_BAD_STATUS);
}

static bool is_version(const struct http1_difference *d)
{
	return we_reject(d, HTTP1_BAD_VERSION);
}

static bool is_upgrade(const struct http1_difference *d)
{
	return we_reject(d, HTTP1_UNEXPECTED_UPGRADE);
}

static bool is_length_above(const struct http1_difference *d)
{
	return we_reject(d, HTTP1_BAD_CONTENT_LENGTH) && our_byte(d) >= '0' && our_byte(d) <= '9' &&
	       byte_before(d) >= '0' && byte_before(d) <= '9';
}

/* Of the request line: 0 in the method, 1 in the target, 2 in the version. */
static bool is_in_request_line(const struct http1_difference *d, unsigned word)
{
	unsigned spaces = 0;

	if (!we_reject(d, HTTP1_BAD_START_LINE) || d->input->kind != FACTS_REQUEST)
		return false;
	for (size_t at = line_start(d, d->ours->at); at < d->ours->at; at++)
		spaces += d->input->data[at] == ' ';
	return spaces == word;
}

static bool is_several_spaces(const struct http1_difference *d)
{
	return (is_in_request_line(d, 1) || is_in_request_line(d, 2)) && our_byte(d) == ' ';
}

static bool is_version_0_9(const struct http1_difference *d)
{
	return (is_in_request_line(d, 1) || is_in_request_line(d, 2)) && is_line_end(our_byte(d));
}

static bool is_target(const struct http1_difference *d)
{
	return is_in_request_line(d, 1) && our_byte(d) != ' ' && !is_line_end(our_byte(d));
}

static bool is_request_protocol(const struct http1_difference *d)
{
	return is_in_request_line(d, 2) && our_byte(d) != ' ' && !is_line_end(our_byte(d));
}

static bool is_method(const struct http1_difference *d)
{
	return they_reject(d, HPE_INVALID_METHOD);
}

static bool is_scheme(const struct http1_difference *d)
{
	return they_reject(d, HPE_INVALID_URL);
}

static bool is_repeated_length(const struct http1_difference *d)
{
	return they_reject(d, HPE_UNEXPECTED_CONTENT_LENGTH) && !d->head &&
	       lines_with(d, "content-length:", d->theirs->at) >= 1 &&
	       lines_with(d, "transfer-encoding", d->theirs->at) == 0;
}

static bool is_length_form(const struct http1_difference *d)
{
	uint8_t byte = d->theirs->at < d->input->bytes ? d->input->data[d->theirs->at] : 0;

	return they_reject(d, HPE_INVALID_CONTENT_LENGTH) && !d->head &&
	       (byte == ',' || byte == '\t');
}

static bool is_length_in_trailers(const struct http1_difference *d)
{
	return d->head && (they_reject(d, HPE_INVALID_CONTENT_LENGTH) ||
				  they_reject(d, HPE_UNEXPECTED_CONTENT_LENGTH));
}

static bool is_encoding_prefix(const struct http1_difference *d)
{
	size_t end = d->head ? d->head->at : d->theirs->at;

	return (d->head || d->ours->type != FACT_ERROR) &&
	       lines_with(d, "transfer-encoding", end) > lines_with(d, "transfer-encoding:", end);
}

static bool is_chunk_tab(const struct http1_difference *d)
{
	return they_reject(d, HPE_INVALID_CHUNK_SIZE) && d->theirs->at < d->input->bytes &&
	       d->input->data[d->theirs->at] == '\t';
}

static bool is_body_despite_status(const struct http1_difference *d)
{
	return d->head && d->ours->type == FACT_COMPLETE &&
	       (d->head->status / 100 == 1 || d->head->status == 204 || d->head->status == 304);
}

static bool is_chunked_form(const struct http1_difference *d)
{
	return d->head && is_encoding_not_plain(d, d->head->at);
}

/*
 * "The peer" is Debian's libhttp-parser 2.9.4, which is built without its strict mode. RFC numbers
 * are of RFC 9112 where no other is named.
 */
const struct http1_allowed http1_allowed[] = {
	/* We reject what the peer takes. */
	{"folded", is_folded, "5.2 lets folded lines be rejected; the peer joins them"},
	{"folded-length", is_folded_length,
		"the same for a Content-Length, rejected where its line ends without a number"},
	{"header-count", is_header_count, "only we limit the number of headers"},
	{"encoding", is_strange_encoding,
		"6.1: codings other than one chunked; the peer reads until close, or takes the "
		"last"},
	{"encoding-in-1.0", is_encoding_in_1_0, "6.1: faulty framing; the peer takes it"},
	{"space-in-name", is_space_in_name,
		"5.1: no space in or after a name; the peer takes spaces without strict mode"},
	{"after-cr", is_after_cr,
		"2.2: nothing but LF after CR; the peer skips any byte at some places"},
	{"first-of-value", is_first_of_value,
		"RFC 9110, 5.5: no control characters; the peer does not look at the first byte"},
	{"reason", is_reason, "4: no control characters in a reason; the peer does not look"},
	{"chunk-extension", is_chunk_extension,
		"7.1.1: no control characters or spaces alone; the peer skips until CR"},
	{"chunk-size", is_chunk_size, "our limit is 2^63, the peer's 2^64"},
	{"chunk-digit", is_chunk_digit,
		"7.1: the peer takes bytes above 127 for the digit 0: a gap in its table"},
	{"chunk-end", is_chunk_end,
		"7.1: CR LF after the data; the peer takes any two bytes without strict mode"},
	{"protocol", is_protocol, "2.3: the peer reads HTTP as H and any letters"},
	{"empty-line", is_empty_line_before, "2.2 is about requests; the peer skips in responses"},
	{"status", is_status,
		"4: three digits after one space, 100 or more; the peer takes others"},
	{"version", is_version, "2.3: major version 1; the peer takes any"},
	{"upgrade", is_upgrade, "a 101 nobody asked for; the peer leaves that to its caller"},
	{"length-above", is_length_above, "our limit is 2^63, the peer's 2^64"},
	{"several-spaces", is_several_spaces, "3: one space; the peer takes several"},
	{"version-0.9", is_version_0_9, "3: a request line has a version; the peer knows HTTP/0.9"},
	{"target", is_target,
		"3.2: forms of a target, no bytes above 127, no tab; the peer checks less"},
	{"request-protocol", is_request_protocol, "2.3: the peer reads HTTP as H and any letters"},

	/* We take what the peer rejects. */
	{"method", is_method, "RFC 9110, 9.1: any token may be a method; the peer has a list"},
	{"scheme", is_scheme, "RFC 3986, 3.1: a scheme may hold digits, + - and .; not the peer's"},
	{"repeated-length", is_repeated_length,
		"RFC 9110, 8.6 lets the same number be repeated; the peer rejects it"},
	{"length-form", is_length_form,
		"RFC 9110, 8.6: the same as a list, and 5.6.3: tabs around a value"},
	{"length-in-trailers", is_length_in_trailers,
		"RFC 9110, 6.5.1: trailers do not frame; the peer judges them"},
	{"encoding-prefix", is_encoding_prefix,
		"the peer takes any name that begins with Transfer-Encoding for it"},
	{"chunk-tab", is_chunk_tab, "7.1.1: a tab may stand before an extension; not the peer's"},

	/* Both take it, and differ. */
	{"body-despite-status", is_body_despite_status,
		"6.3: 1xx, 204 and 304 have no body whatever their fields say; the peer reads one"},
	{"chunked-form", is_chunked_form,
		"RFC 9110, 5.6: empty elements, tabs, repeated fields; the peer misses this "
		"chunked"},
	{NULL, NULL, NULL},
};
