/* SPDX-License-Identifier: MIT */
#include "tests/unit/xml_peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

void xml_peer_read(const struct buf *xml, const char *script, char *said, int said_bytes)
{
	const char *folder = getenv("TMPDIR");
	char path[256], command[4096];
	FILE *output;
	int fd;

	snprintf(path, sizeof(path), "%s/ringload-xml-XXXXXX", folder ? folder : "/tmp");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, xml->data, xml->length_bytes), xml->length_bytes);
	close(fd);
	setenv("READER", script, 1);
	snprintf(command, sizeof(command), "PYTHONIOENCODING=utf-8 python3 -c \"$READER\" '%s'",
		path);
	output = popen(command, "r");
	assert_non_null(output);
	said[0] = '\0';
	assert_ptr_equal(fgets(said, said_bytes, output), said);
	assert_int_equal(pclose(output), 0);
	unlink(path);
}
