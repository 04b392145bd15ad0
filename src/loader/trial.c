/* SPDX-License-Identifier: MIT */
#include "loader/trial.h"

#include <string.h>

#include <bpf/libbpf.h>

#include "loader/refusal.h"

/* Gives the maps of the trial the entries and the contents of the other one's. */
static int trial_imitate(struct loader *trial, const struct loader *like, struct err *err)
{
	struct bpf_map *from = NULL, *to = NULL;
	const void *contents;
	size_t size_bytes;
	int code;

	while ((from = bpf_object__next_map(like->object, from))) {
		to = bpf_object__next_map(trial->object, to);
		code = 0;
		if (bpf_map__max_entries(from) != bpf_map__max_entries(to))
			code = bpf_map__set_max_entries(to, bpf_map__max_entries(from));
		contents = bpf_map__initial_value(from, &size_bytes);
		if (code == 0 && contents)
			code = bpf_map__set_initial_value(to, contents, size_bytes);
		if (code)
			return err_set_errno(
				err, ERR_ENVIRONMENT, code, "its maps cannot be set up");
	}
	return 0;
}

int trial_run(const struct loader *like, const char *program, struct err *err)
{
	struct loader trial;
	int code;

	code = loader_open(&trial, like->name, like->bytes, like->byte_count, err);
	if (code == 0)
		code = trial_imitate(&trial, like, err);
	if (code)
		goto out;
	loader_choose(&trial, &program, 1);
	/* Their own sentences speak of the object; here the program is the subject. */
	code = loader_load(&trial, NULL);
	if (code == 0)
		code = loader_attach(&trial, program, NULL);
	if (code)
		refusal_of_program(&trial, program, code, err);
out:
	loader_release(&trial);
	return code;
}
