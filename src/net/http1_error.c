/* SPDX-License-Identifier: MIT */
#include "net/http1.h"

const char *http1_error_text(enum http1_error error)
{
	static const char *const texts[] = {
		[HTTP1_OK] = "no error",
		[HTTP1_BAD_VERSION] = "the version is not HTTP/1.0 or HTTP/1.1",
		[HTTP1_BAD_STATUS] = "the status is not a number from 100 to 999",
		[HTTP1_BAD_START_LINE] = "the first line is not one of HTTP/1.1",
		[HTTP1_BAD_HEADER_NAME] = "a header line has no name, or a name with a byte that "
					  "may not be in one",
		[HTTP1_BAD_HEADER_VALUE] = "a header value contains a control character or a CR "
					   "without LF",
		[HTTP1_FOLDED_HEADER] = "a header line begins with white space",
		[HTTP1_TOO_MANY_HEADERS] = "there are more than 256 headers",
		[HTTP1_HEAD_TOO_LARGE] = "a head, trailer section or chunk header is longer than "
					 "64 KiB",
		[HTTP1_BAD_CONTENT_LENGTH] = "Content-Length is not one number below 2^63",
		[HTTP1_BAD_TRANSFER_ENCODING] =
			"Transfer-Encoding is not \"chunked\" alone, or the "
			"message is HTTP/1.0",
		[HTTP1_LENGTH_AND_CHUNKED] = "both Transfer-Encoding and Content-Length are given",
		[HTTP1_BAD_CHUNK] = "a chunk does not begin with its size in hexadecimal or does "
				    "not end where that says",
		[HTTP1_UNEXPECTED_UPGRADE] = "status 101 switches to a protocol that was not asked "
					     "for",
	};

	_Static_assert(sizeof(texts) / sizeof(texts[0]) == HTTP1_ERROR_COUNT, "one for each");
	_Static_assert(
		HTTP1_MAX_HEADERS == 256 && HTTP1_MAX_HEAD_BYTES == 65536, "as the texts say");
	if ((unsigned)error >= HTTP1_ERROR_COUNT)
		return "unknown error";
	return texts[error];
}
