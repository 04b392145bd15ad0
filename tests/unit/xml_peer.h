/* SPDX-License-Identifier: MIT */
/*
 * Another reader of XML than this program's writers: Python's.
 *
 * Errors: what it cannot read, and what the script does not accept, fail the cmocka test.
 */
#ifndef TESTS_UNIT_XML_PEER_H
#define TESTS_UNIT_XML_PEER_H

#include "base/buf.h"

/* Runs the Python script on a file with the text, named by its first argument; the first line that
 * it prints becomes said. */
void xml_peer_read(const struct buf *xml, const char *script, char *said, int said_bytes);

#endif
