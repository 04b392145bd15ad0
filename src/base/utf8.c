/* SPDX-License-Identifier: MIT */
#include "base/utf8.h"

/* The terminating NUL ends a sequence early, as it is no continuation byte. */
size_t utf8_bytes(const char *text)
{
	const unsigned char *byte = (const unsigned char *)text;
	unsigned char low = 0x80, high = 0xbf;
	size_t bytes;

	if (byte[0] < 0x80)
		return 1;
	if (byte[0] >= 0xc2 && byte[0] <= 0xdf)
		bytes = 2;
	else if (byte[0] >= 0xe0 && byte[0] <= 0xef)
		bytes = 3;
	else if (byte[0] >= 0xf0 && byte[0] <= 0xf4)
		bytes = 4;
	else
		return 0;
	if (byte[0] == 0xe0)
		low = 0xa0; /* overlong */
	else if (byte[0] == 0xed)
		high = 0x9f; /* surrogates */
	else if (byte[0] == 0xf0)
		low = 0x90; /* overlong */
	else if (byte[0] == 0xf4)
		high = 0x8f; /* above U+10FFFF */
	if (byte[1] < low || byte[1] > high)
		return 0;
	for (size_t i = 2; i < bytes; i++)
		if (byte[i] < 0x80 || byte[i] > 0xbf)
			return 0;
	return bytes;
}
