/* SPDX-License-Identifier: MIT */
#include "plan/quoted.h"

#include <stdio.h>

const char *quoted_text(char out[QUOTED_BYTES], const char *text, size_t bytes)
{
	/* Room is kept for one escape, the dots and the NUL. */
	const size_t limit = QUOTED_BYTES - 4 - 3 - 1;
	size_t used = 0;

	for (size_t i = 0; i < bytes && text[i] != '\0'; i++) {
		unsigned char byte = (unsigned char)text[i];

		if (used > limit) {
			used += (size_t)sprintf(out + used, "...");
			break;
		}
		if (byte >= 0x20 && byte < 0x7f)
			out[used++] = (char)byte;
		else
			used += (size_t)sprintf(out + used, "\\x%02x", byte);
	}
	out[used] = '\0';
	return out;
}
