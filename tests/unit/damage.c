/* SPDX-License-Identifier: MIT */
#include "tests/unit/damage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

void damage_replace(struct buf *damaged, const struct buf *whole, const char *from, const char *to)
{
	const char *found = strstr(buf_string(whole), from);

	if (!found)
		fail_msg("%s is not there", from);
	buf_append(damaged, whole->data, (size_t)(found - whole->data));
	buf_text(damaged, to);
	buf_text(damaged, found + strlen(from));
	assert_false(damaged->failed);
}
