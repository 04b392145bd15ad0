/* SPDX-License-Identifier: MIT */
#include "report/search_scaling.h"

#include <math.h>
#include <stdio.h>

#include "analysis/usl.h"
#include "base/units.h"
#include "report/layout.h"

enum column_widths { CONCURRENCY_COLUMNS = 9, RATE_COLUMNS = 13 };

static void write_rate(double rps, struct buf *out)
{
	char text[UNITS_TEXT_BYTES];

	layout_right(out, units_format_rate(text, rps < 100 ? rps : round(rps)), RATE_COLUMNS);
}

/* What was completed at each level, and by the law. */
static void write_levels(const struct search_usl *usl, const struct usl_law *law, struct buf *out)
{
	buf_fill(out, ' ', LAYOUT_INDENT);
	layout_right(out, "in flight", CONCURRENCY_COLUMNS);
	layout_right(out, "completed/s", RATE_COLUMNS);
	layout_right(out, "by the law", RATE_COLUMNS);
	layout_end(out);
	for (size_t i = 0; i < usl->level_count; i++) {
		const struct search_usl_level *level = &usl->levels[i];
		char text[UNITS_TEXT_BYTES];

		snprintf(text, sizeof(text), "%.1f", level->concurrency);
		buf_fill(out, ' ', LAYOUT_INDENT);
		layout_right(out, text, CONCURRENCY_COLUMNS);
		write_rate(level->rps, out);
		write_rate(usl_rps(law, level->concurrency), out);
		layout_end(out);
	}
}

void search_scaling_entries(const struct search_record *record, struct buf *out)
{
	const struct search_usl *usl = &record->usl;
	struct usl_law law = {usl->lambda_rps, usl->sigma, usl->kappa};
	char lambda[UNITS_TEXT_BYTES], error[UNITS_TEXT_BYTES];

	if (!usl->sentence)
		return;
	buf_text(out, "\n");
	layout_entryf(out, "scaling", "%s%s",
		usl->status == SEARCH_USL_FITTED || usl->status == SEARCH_USL_SUDDEN
			? ""
			: "no advice: ",
		usl->sentence);
	if (usl->status != SEARCH_USL_FITTED)
		return;
	layout_entryf(out, "",
		"Universal Scalability Law: lambda %s/s, sigma %.3g, kappa %.3g; it misses the %zu "
		"levels of concurrency by %s (rms)",
		units_format_rate(
			lambda, law.lambda_rps < 100 ? law.lambda_rps : round(law.lambda_rps)),
		law.sigma, law.kappa, usl->level_count, units_format_share(error, usl->error));
	write_levels(usl, &law, out);
}
