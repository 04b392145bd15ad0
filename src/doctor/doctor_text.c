/* SPDX-License-Identifier: MIT */
#include "doctor/doctor_text.h"

#include <string.h>

#include "report/layout.h"

#define STATE_COLUMNS 9
#define KEY_COLUMNS   26
#define EFFECT_COLUMN (2 + STATE_COLUMNS)
#define TEXT_COLUMN   (EFFECT_COLUMN + KEY_COLUMNS)

/* The row above this one that the same command mends, or NULL. */
static const struct doctor_row *mended_before(
	const struct doctor *doctor, const struct doctor_row *row)
{
	for (const struct doctor_row *its = doctor->rows; its < row; its++)
		if (its->mend && !strcmp(its->mend, row->mend))
			return its;
	return NULL;
}

static void consequence(struct buf *out, const struct doctor *doctor, const struct doctor_row *row)
{
	const struct doctor_row *before = row->mend ? mended_before(doctor, row) : NULL;
	struct buf effect = {0};

	buf_printf(&effect, "%s%s", row->finding.state == FINDING_UNKNOWN ? "perhaps: " : "",
		row->effect);
	buf_fill(out, ' ', EFFECT_COLUMN);
	layout_wrap(out, buf_string(&effect), EFFECT_COLUMN);
	out->failed |= effect.failed;
	buf_release(&effect);
	if (!row->mend)
		return;
	buf_fill(out, ' ', EFFECT_COLUMN);
	if (before)
		buf_printf(out, "$ as for %s\n", before->check->key);
	else
		buf_printf(out, "$ %s\n", row->mend);
}

static void row_text(struct buf *out, const struct doctor *doctor, const struct doctor_row *row)
{
	buf_text(out, "  ");
	layout_left(out, finding_state_name(row->finding.state), STATE_COLUMNS);
	layout_left(out, row->check->key, KEY_COLUMNS);
	layout_wrap(out, buf_string(&row->finding.text), TEXT_COLUMN);
	/* What only root may try is said once, at the end. */
	if (row->effect && !row->finding.needs_rights)
		consequence(out, doctor, row);
}

/* What an ability lacks: the keys of the checks in this state. */
static void lacking(struct buf *out, const struct doctor *doctor, enum check_ability ability)
{
	enum finding_state state = doctor->abilities[ability];
	const char *separator = " (";

	for (size_t i = 0; i < doctor->row_count; i++) {
		const struct doctor_row *row = &doctor->rows[i];

		if (row->check->ability != ability || row->finding.state != state)
			continue;
		buf_printf(out, "%s%s", separator, row->check->key);
		separator = ", ";
	}
	buf_text(out, ")");
}

/* Those in this state, after `begin`; nothing when none is. */
static void abilities(
	struct buf *out, const struct doctor *doctor, enum finding_state state, const char *begin)
{
	for (int i = CHECK_LOAD; i < CHECK_ABILITY_COUNT; i++) {
		enum check_ability ability = (enum check_ability)i;

		if (doctor->abilities[ability] != state)
			continue;
		buf_printf(out, "%s %s", begin, check_ability_words(ability));
		if (state != FINDING_OK)
			lacking(out, doctor, ability);
		begin = ",";
	}
}

void doctor_text_summary(struct buf *out, const struct doctor *doctor)
{
	for (int i = 0; i < FINDING_STATE_COUNT; i++)
		buf_printf(out, "%s%zu %s", i ? ", " : "", doctor->counts[i],
			finding_state_name((enum finding_state)i));
	abilities(out, doctor, FINDING_OK, ": ringload can");
	abilities(out, doctor, FINDING_MISSING, "; it cannot");
	abilities(out, doctor, FINDING_UNKNOWN, "; not known as this user, whether it can");
}

void doctor_text_table(struct buf *out, const struct doctor *doctor)
{
	const char *group = "";
	struct buf summary = {0};

	for (size_t i = 0; i < doctor->row_count; i++) {
		const struct doctor_row *row = &doctor->rows[i];

		if (strcmp(group, row->group) != 0)
			buf_printf(out, "%s%s\n", i ? "\n" : "", row->group);
		group = row->group;
		row_text(out, doctor, row);
	}
	buf_text(out, "\n");
	if (doctor->needing_rights)
		buf_printf(out, "%zu checks may not be tried by this user: sudo ringload doctor\n",
			doctor->needing_rights);
	doctor_text_summary(&summary, doctor);
	layout_wrap(out, buf_string(&summary), 0);
	out->failed |= summary.failed;
	buf_release(&summary);
}

/* Text for a cell: "|" would end it. */
static void cell(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '|')
			buf_text(out, "\\");
		buf_append(out, text, 1);
	}
}

void doctor_text_checks(struct buf *out)
{
	size_t count;
	const struct check *checks = check_all(&count);

	buf_text(out, "| check | what is read | where it is not as it should be | mend |\n"
		      "|---|---|---|---|\n");
	for (size_t i = 0; i < count; i++) {
		buf_printf(out, "| `%s` | ", checks[i].key);
		cell(out, checks[i].reads);
		buf_text(out, " | ");
		cell(out, checks[i].effect);
		buf_text(out, checks[i].mend ? " | `" : " | ");
		cell(out, checks[i].mend ? checks[i].mend : "");
		buf_text(out, checks[i].mend ? "` |\n" : "|\n");
	}
}
