/* SPDX-License-Identifier: MIT */
#include "base/percent.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int percent_parse(const char *text, double *share, struct err *err)
{
	size_t whole = strspn(text, "0123456789");
	size_t point = whole && text[whole] == '.' ? 1 : 0;
	size_t decimals = point ? strspn(text + whole + 1, "0123456789") : 0;
	const char *behind = text + whole + point + decimals;

	*share = strtod(text, NULL);
	behind += strspn(behind, " \t");
	if (!whole || (point && !decimals) || (strcmp(behind, "%") && *behind))
		return err_set(
			err, ERR_USAGE, -EINVAL, "\"%s\" is not a share, write 1%% or 0.01", text);
	if (*behind)
		*share /= 100;
	else if (*share >= 1)
		return err_set(err, ERR_USAGE, -EINVAL,
			"\"%s\" is ambiguous, write a share as 1%% or 0.01", text);
	if (*share > 10)
		return err_set(err, ERR_USAGE, -ERANGE, "\"%s\" is more than 1000%%", text);
	return 0;
}
