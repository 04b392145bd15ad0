/* SPDX-License-Identifier: MIT */
#include "report/json.h"

void json_report(const struct result *result, struct buf *out)
{
	result_write(result, out);
}
