/* SPDX-License-Identifier: MIT */
/*
 * Any text as the content of an element or attribute in XML: marks are escaped, bytes that are not
 * UTF-8 or no characters of XML become U+FFFD.
 *
 * Threads: pure. Errors: those of the buf. Source: XML 1.0, section 2.2.
 */
#ifndef RINGLOAD_REPORT_XML_H
#define RINGLOAD_REPORT_XML_H

#include <stddef.h>

#include "base/buf.h"

/* The first bytes of text, or all of it up to its NUL (SIZE_MAX); at most so many characters. */
void xml_text(struct buf *out, const char *text, size_t text_bytes, size_t characters);

/* How many characters so many bytes are; one that is not UTF-8 counts as one. */
size_t xml_characters(const char *text, size_t text_bytes);

#endif
