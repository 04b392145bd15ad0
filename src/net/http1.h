/* SPDX-License-Identifier: MIT */
/*
 * HTTP/1.1 messages, read from spans of bytes wherever those lie: one parser for responses (the
 * load side), one for requests (the embedded target).
 *
 * A parser takes bytes in pieces of any size, down to one, keeps only its own small struct between
 * pieces, and gives the same events however the input was cut. It copies nothing, allocates
 * nothing, and goes over each byte once. Bodies are streamed through, of any size.
 *
 * Source: RFC 9112 (HTTP/1.1), RFC 9110 (semantics). Stricter than it must be where a measurement
 * would otherwise be a guess: Transfer-Encoding together with Content-Length, folded header lines,
 * a 101 nobody asked for, repeated Content-Length with different values, a transfer coding other
 * than a final "chunked" are errors. A bare LF is taken as a line end in heads and trailers (RFC
 * 9112, 2.2), not around chunks.
 *
 * Owner: the caller's storage; nothing to release. Threads: one a struct. Errors: HTTP1_ERROR with
 * a code and, in http1_error_text, a sentence. Limits: HTTP1_MAX_HEADERS fields,
 * HTTP1_MAX_HEAD_BYTES of a head (status line and fields, the same for trailers and for the
 * extensions of one chunk header), Content-Length and chunk sizes below 2^63.
 */
#ifndef RINGLOAD_NET_HTTP1_H
#define RINGLOAD_NET_HTTP1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP1_MAX_HEADERS    256
#define HTTP1_MAX_HEAD_BYTES (64 * 1024)

/* Bytes that are read but not owned; the parser moves `data` forward over what it used. */
struct span {
	const uint8_t *data;
	size_t bytes;
};

enum http1_event {
	HTTP1_MORE,          /* all input used, the message goes on */
	HTTP1_INFORMATIONAL, /* a 1xx head ended; the response is still to come */
	HTTP1_HEAD,          /* the head ended: status and framing are known */
	HTTP1_BODY,          /* a piece of the body, in *body */
	HTTP1_COMPLETE,      /* the message ended; the rest of the input belongs to the next */
	HTTP1_ERROR          /* not HTTP/1.1; stays so until the next init */
};

enum http1_error {
	HTTP1_OK,
	HTTP1_BAD_VERSION,
	HTTP1_BAD_STATUS,
	HTTP1_BAD_START_LINE,
	HTTP1_BAD_HEADER_NAME,
	HTTP1_BAD_HEADER_VALUE,
	HTTP1_FOLDED_HEADER,
	HTTP1_TOO_MANY_HEADERS,
	HTTP1_HEAD_TOO_LARGE,
	HTTP1_BAD_CONTENT_LENGTH,
	HTTP1_BAD_TRANSFER_ENCODING,
	HTTP1_LENGTH_AND_CHUNKED,
	HTTP1_BAD_CHUNK,
	HTTP1_UNEXPECTED_UPGRADE,
	HTTP1_ERROR_COUNT
};

const char *http1_error_text(enum http1_error error);

/* How the end of a body is known. */
enum http1_framing { HTTP1_NO_BODY, HTTP1_LENGTH, HTTP1_CHUNKED, HTTP1_UNTIL_CLOSE };

/* Where a parser stands in a message; its own, and the same for both kinds. */
struct http1_reader {
	uint8_t part;  /* of the message: start line, fields, body, … */
	uint8_t state; /* within the part */
	uint8_t name;  /* the field being read, if it is one that matters */
	uint8_t word;  /* the word its value is being compared with */
	uint8_t error;
	uint8_t facts;    /* what the fields said so far */
	uint16_t matched; /* bytes of a name, word or start line that agreed */
	uint16_t field_count;
	uint32_t head_bytes; /* of this head, trailer section or chunk header */
	uint64_t length;     /* the Content-Length, once there was one */
	uint64_t left; /* bytes of the body or chunk still to come, or the number being read */
};

struct http1_response {
	/* Valid from HTTP1_HEAD until the next http1_response_begin. */
	uint16_t status; /* 100 to 999; what is above 599 is for the caller to judge */
	bool keep_alive; /* HTTP/1.1 without "Connection: close", or 1.0 with "keep-alive"; never
			    when only the close of the connection ends the body */
	uint8_t framing; /* enum http1_framing */
	uint8_t error;   /* enum http1_error, after HTTP1_ERROR */
	bool started;    /* a byte of this message was seen */

	struct http1_reader reader;
};

_Static_assert(sizeof(struct http1_response) <= 40, "part of every connection");

/* Ready for the first response of a connection. */
void http1_response_init(struct http1_response *response);

/* The next response answers a HEAD request (or not): call before its first byte, each time. */
void http1_response_begin(struct http1_response *response, bool head_request);

/*
 * Reads from *in until something is to be told, moving *in over what was used. *body is set with
 * HTTP1_BODY only. After HTTP1_COMPLETE call http1_response_begin before going on. Informational
 * responses are told and passed over.
 */
enum http1_event http1_response_next(
	struct http1_response *response, struct span *in, struct span *body);

/*
 * The peer closed. HTTP1_COMPLETE: that ended a body without a length. HTTP1_MORE: nothing of a
 * message had been seen. HTTP1_ERROR (with error HTTP1_OK): inside a message.
 */
enum http1_event http1_response_end(struct http1_response *response);

/* Room for the request target the embedded server looks at; longer ones are cut (and told). */
#define HTTP1_TARGET_BYTES 256

struct http1_request {
	/* Valid from HTTP1_HEAD. */
	char method[16];                 /* terminated; longer methods are errors */
	char target[HTTP1_TARGET_BYTES]; /* terminated */
	bool target_cut;
	bool keep_alive;
	bool version_1_0; /* the response may not be chunked, and has to say keep-alive */
	bool expect_continue;
	uint8_t framing; /* NO_BODY, LENGTH or CHUNKED */
	uint8_t error;
	bool started;

	/* The parser's own. */
	uint16_t method_bytes, target_bytes;
	struct http1_reader reader;
};

void http1_request_init(struct http1_request *request);
void http1_request_begin(struct http1_request *request);
enum http1_event http1_request_next(
	struct http1_request *request, struct span *in, struct span *body);

#endif
