/* SPDX-License-Identifier: MIT */
/*
 * A stored result may hold anything. Whatever is accepted must be written the same twice, judged
 * and reported without fault.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/exit.h"
#include "analysis/stability.h"
#include "analysis/threshold.h"
#include "analysis/validity.h"
#include "report/text.h"
#include "result/result.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void require(int holds)
{
	if (!holds)
		abort();
}

/* Writing what was read gives the bytes it was read from, once they are canonical. */
static void check_round_trip(const struct result *result)
{
	struct buf first = {0}, second = {0};
	struct err err = {ERR_NONE, ""};
	struct result again;

	result_write(result, &first);
	require(!first.failed);
	require(!result_read(&again, "again", first.data, first.length_bytes, &err));
	result_write(&again, &second);
	require(first.length_bytes == second.length_bytes);
	require(!memcmp(first.data, second.data, first.length_bytes));
	result_release(&again);
	buf_release(&first);
	buf_release(&second);
}

static void check_report(struct result *result)
{
	struct result_validity validity;
	struct result_stability stability;
	struct buf out = {0};

	require(!validity_judge(result, &validity, NULL));
	result_validity_release(&validity);
	require(!stability_judge(result, &stability, NULL));
	result_stability_release(&stability);
	exit_decide(ERR_NONE, result);
	text_report(result, &out);
	require(!out.failed && out.length_bytes);
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct err err = {ERR_NONE, ""};
	struct result result;

	if (result_read(&result, "fuzz", (const char *)data, bytes, &err)) {
		require(err.kind == ERR_USAGE && *err.text);
		return 0;
	}
	check_round_trip(&result);
	check_report(&result);
	result_release(&result);
	return 0;
}
