/* SPDX-License-Identifier: MIT */
#include "doctor/doctor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void judge(struct doctor_row *row, struct sight *sight)
{
	const struct check *check = row->check;
	struct finding *finding = &row->finding;

	check->judge(check, sight, finding);
	if (finding->state == FINDING_OK)
		return;
	row->effect = check->effect;
	if (finding->mend.length_bytes)
		row->mend = buf_string(&finding->mend);
	/* What could not be read is not known to be wrong. */
	else if (!finding->no_mend && finding->state != FINDING_UNKNOWN)
		row->mend = check->mend;
}

/* A limit is no loss. */
static void add_to_ability(struct doctor *doctor, const struct doctor_row *row)
{
	enum finding_state state = row->finding.state;
	enum finding_state *its = &doctor->abilities[row->check->ability];

	*its = finding_worse(*its, state == FINDING_LIMITED ? FINDING_OK : state);
}

static int judge_all(struct doctor *doctor, struct sight *sight, struct err *err)
{
	const struct check *checks = check_all(&doctor->row_count);
	bool failed = false;

	doctor->rows = calloc(doctor->row_count, sizeof(*doctor->rows));
	if (!doctor->rows)
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "cannot keep the findings");
	for (size_t i = 0; i < doctor->row_count; i++) {
		struct doctor_row *row = &doctor->rows[i];

		row->check = &checks[i];
		row->group = checks[i].group ? checks[i].group : row[-1].group;
		judge(row, sight);
		doctor->counts[row->finding.state]++;
		doctor->needing_rights += row->finding.needs_rights;
		add_to_ability(doctor, row);
		failed |= row->finding.text.failed || row->finding.mend.failed;
	}
	if (failed)
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "cannot keep the findings");
	return 0;
}

int doctor_examine(struct doctor *doctor, const char *root, uint32_t pid, const struct live *live,
	struct err *err)
{
	struct sight *sight = calloc(1, sizeof(*sight));
	int code;

	*doctor = (struct doctor){0};
	if (!sight)
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "cannot look at this machine");
	code = sight_open(sight, root, pid, live, err);
	if (code == 0)
		code = judge_all(doctor, sight, err);
	sight_release(sight);
	free(sight);
	if (code)
		doctor_release(doctor);
	return code;
}

void doctor_release(struct doctor *doctor)
{
	for (size_t i = 0; doctor->rows && i < doctor->row_count; i++)
		finding_release(&doctor->rows[i].finding);
	free(doctor->rows);
	*doctor = (struct doctor){0};
}

const struct doctor_row *doctor_row(const struct doctor *doctor, const char *key)
{
	for (size_t i = 0; i < doctor->row_count; i++)
		if (!strcmp(doctor->rows[i].check->key, key))
			return &doctor->rows[i];
	return NULL;
}
