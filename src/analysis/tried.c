/* SPDX-License-Identifier: MIT */
#include "analysis/tried.h"

#include <assert.h>

static size_t position(const struct tried *tried, double rps)
{
	size_t i = 0;

	while (i < tried->load_count && tried->loads[i].rps != rps)
		i++;
	return i;
}

struct tried_load *tried_add(
	struct tried *tried, double rps, bool lasting, enum search_verdict verdict, bool suspect)
{
	size_t at = position(tried, rps);
	struct tried_load *load = &tried->loads[at];
	bool counts = verdict == SEARCH_PASS || verdict == SEARCH_FAIL;

	assert(tried->trial_count < TRIED_TRIALS);
	if (at == tried->load_count) {
		*load = (struct tried_load){.rps = rps};
		tried->load_count++;
	}
	if (verdict == SEARCH_PASS)
		load->passed[lasting]++;
	if (verdict == SEARCH_FAIL && suspect && lasting)
		load->suspect++;
	else if (verdict == SEARCH_FAIL)
		load->failed[lasting]++;
	if (verdict == SEARCH_GENERATOR)
		load->generator++;
	tried->load_of[tried->trial_count] = at;
	tried->counts[tried->trial_count++] = counts;
	return load;
}

const struct tried_load *tried_find(const struct tried *tried, double rps)
{
	size_t at = position(tried, rps);

	return at < tried->load_count ? &tried->loads[at] : NULL;
}

enum tried_decision tried_decide(const struct tried_load *load, bool *confirmed)
{
	unsigned int passed, failed;
	bool lasting;

	*confirmed = false;
	if (!load)
		return TRIED_OPEN;
	lasting = load->passed[true] + load->failed[true];
	passed = load->passed[lasting];
	failed = load->failed[lasting];
	if (passed == failed)
		return TRIED_OPEN;
	*confirmed = lasting && (passed > failed ? passed : failed) >= TRIED_ENOUGH;
	return passed > failed ? TRIED_LOWER : TRIED_UPPER;
}

size_t tried_at(const struct tried *tried, double rps, size_t *trials)
{
	size_t at = position(tried, rps), count = 0;

	for (size_t i = 0; i < tried->trial_count; i++)
		if (tried->load_of[i] == at && tried->counts[i])
			trials[count++] = i;
	return count;
}
