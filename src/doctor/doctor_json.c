/* SPDX-License-Identifier: MIT */
#include "doctor/doctor_json.h"

#include "base/version.h"
#include "doctor/doctor_text.h"
#include "result/emit.h"

static void write_abilities(struct emit *emit, const struct doctor *doctor)
{
	static const char *const words[FINDING_STATE_COUNT] = {
		[FINDING_OK] = "yes",
		[FINDING_MISSING] = "no",
		[FINDING_UNKNOWN] = "unknown",
	};

	emit_object(emit, "can");
	for (int i = CHECK_LOAD; i < CHECK_ABILITY_COUNT; i++) {
		enum check_ability ability = (enum check_ability)i;

		emit_text(emit, check_ability_key(ability), words[doctor->abilities[ability]]);
	}
	emit_object_end(emit);
}

static void write_row(struct emit *emit, const struct doctor_row *row)
{
	emit_object(emit, NULL);
	emit_text(emit, "key", row->check->key);
	emit_text(emit, "group", row->group);
	emit_text(emit, "state", finding_state_name(row->finding.state));
	emit_text(emit, "finding", buf_string(&row->finding.text));
	emit_text(emit, "effect", row->effect);
	emit_text(emit, "mend", row->mend);
	emit_bool(emit, "needs_root", row->finding.needs_rights);
	emit_object_end(emit);
}

void doctor_json_write(struct buf *out, const struct doctor *doctor)
{
	struct emit emit = {.out = out};
	struct buf summary = {0};

	doctor_text_summary(&summary, doctor);
	emit_object(&emit, NULL);
	emit_text(&emit, "schema", DOCTOR_SCHEMA);
	emit_object(&emit, "tool");
	emit_text(&emit, "version", RINGLOAD_VERSION);
	emit_object_end(&emit);
	emit_object(&emit, "counts");
	for (int i = 0; i < FINDING_STATE_COUNT; i++)
		emit_count(&emit, finding_state_name((enum finding_state)i), doctor->counts[i]);
	emit_object_end(&emit);
	write_abilities(&emit, doctor);
	emit_text(&emit, "summary", buf_string(&summary));
	emit_lines(&emit, "checks");
	for (size_t i = 0; i < doctor->row_count; i++)
		write_row(&emit, &doctor->rows[i]);
	emit_array_end(&emit);
	emit_object_end(&emit);
	out->failed |= summary.failed;
	buf_release(&summary);
}
