/* SPDX-License-Identifier: MIT */
#include "report/xml.h"

#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* U+FFFE and U+FFFF are characters of UTF-8, but not of XML. */
static bool in_xml(const char *text, size_t bytes)
{
	if (bytes == 1)
		return (unsigned char)*text >= 0x20 && *text != 0x7f;
	return bytes > 1 && !(bytes == 3 && (!memcmp(text, "\xef\xbf\xbe", 3) ||
						    !memcmp(text, "\xef\xbf\xbf", 3)));
}

void xml_text(struct buf *out, const char *text, size_t text_bytes, size_t characters)
{
	const char *end = text + strnlen(text, text_bytes);

	while (text < end && characters-- > 0) {
		size_t bytes = utf8_bytes(text);

		if (!in_xml(text, bytes))
			buf_text(out, REPLACEMENT);
		else if (*text == '<')
			buf_text(out, "&lt;");
		else if (*text == '>')
			buf_text(out, "&gt;");
		else if (*text == '&')
			buf_text(out, "&amp;");
		else if (*text == '"')
			buf_text(out, "&quot;");
		else
			buf_append(out, text, bytes);
		text += bytes ? bytes : 1;
	}
}

size_t xml_characters(const char *text, size_t text_bytes)
{
	const char *end = text + text_bytes;
	size_t count = 0;

	for (; text < end; count++) {
		size_t bytes = utf8_bytes(text);

		text += bytes ? bytes : 1;
	}
	return count;
}
