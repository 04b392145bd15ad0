/* SPDX-License-Identifier: MIT */
/*
 * A stored search may hold anything. Whatever is accepted must be written the same twice and
 * reported without fault.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/doubling.h"
#include "report/search.h"
#include "result/search_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void require(int holds)
{
	if (!holds)
		abort();
}

/* Writing what was read gives the bytes it was read from, once they are canonical. */
static void check_round_trip(const struct search_record *record)
{
	struct buf first = {0}, second = {0};
	struct err err = {ERR_NONE, ""};
	struct search_record again;

	search_record_write(record, &first);
	require(!first.failed);
	require(!search_record_read(&again, "again", first.data, first.length_bytes, &err));
	search_record_write(&again, &second);
	require(first.length_bytes == second.length_bytes);
	require(!memcmp(first.data, second.data, first.length_bytes));
	search_record_release(&again);
	buf_release(&first);
	buf_release(&second);
}

/* Those that explain the break are among the trials. */
static void check_choice(const struct search_record *record)
{
	const struct search_trial *const chosen[] = {search_record_base(record),
		search_record_lower(record), search_record_broken(record)};

	for (size_t i = 0; i < sizeof(chosen) / sizeof(*chosen); i++)
		require(!chosen[i] || (size_t)(chosen[i] - record->trials) < record->trial_count);
}

static void check_reports(const struct search_record *record)
{
	struct buf text = {0}, picture = {0};

	report_search_text(record, &text);
	require(!text.failed && text.length_bytes);
	report_search_svg(record, &picture);
	require(!picture.failed && picture.length_bytes);
	buf_release(&text);
	buf_release(&picture);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct err err = {ERR_NONE, ""};
	struct search_record record;

	if (search_record_read(&record, "fuzz", (const char *)data, bytes, &err)) {
		require(err.kind == ERR_USAGE && *err.text);
		return 0;
	}
	check_round_trip(&record);
	check_choice(&record);
	check_reports(&record);
	require(!doubling_judge(&record));
	check_round_trip(&record);
	search_record_release(&record);
	return 0;
}
