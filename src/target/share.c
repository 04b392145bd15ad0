/* SPDX-License-Identifier: MIT */
#include "target/share.h"

#include <errno.h>

static const unsigned int decimals_limit = 3;

int share_parse(const char *text, uint32_t *share, struct err *err)
{
	const char *at = text;
	unsigned int digits = 0, decimals = 0;
	uint32_t value = 0;

	/* Bounded by the whole after each digit, so that no number of digits overflows. */
	for (; *at >= '0' && *at <= '9' && value <= SHARE_WHOLE; at++, digits++)
		value = value * 10 + (uint32_t)(*at - '0');
	if (*at == '.' && digits) {
		for (at++; *at >= '0' && *at <= '9' && decimals < decimals_limit; at++, decimals++)
			value = value * 10 + (uint32_t)(*at - '0');
		if (!decimals)
			digits = 0;
	}
	for (; decimals < decimals_limit && value <= SHARE_WHOLE; decimals++)
		value *= 10;
	if (value > SHARE_WHOLE)
		return err_set(err, ERR_USAGE, -ERANGE,
			"\"%s\" is more than 100 %%: write a share from 0 to 100", text);
	if (*at == '%')
		at++;
	if (!digits || *at)
		return err_set(err, ERR_USAGE, -EINVAL,
			"\"%s\" is not a share in percent: write 5, 12.5 or 0.001 (three decimals "
			"at most)",
			text);
	*share = value;
	return 0;
}
