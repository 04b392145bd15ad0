/* SPDX-License-Identifier: MIT */
#include "run/output.h"

#include <errno.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "report/json.h"
#include "report/text.h"

static bool to_stdout(const char *json_path)
{
	return json_path && !strcmp(json_path, "-");
}

static int check_folder(const char *json_path, struct err *err)
{
	char *copy = strdup(json_path);
	const char *folder;
	int code = 0;

	if (!copy)
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "cannot check --json");
	folder = dirname(copy);
	if (access(folder, W_OK | X_OK) < 0)
		code = err_set_errno(err, ERR_USAGE, -errno,
			"--json: cannot write to the folder \"%s\"", folder);
	free(copy);
	return code;
}

int output_check(const char *json_path, struct err *err)
{
	struct stat status;

	if (!json_path || to_stdout(json_path))
		return 0;
	if (stat(json_path, &status) < 0 || S_ISREG(status.st_mode))
		return check_folder(json_path, err);
	if (S_ISDIR(status.st_mode))
		return err_set(err, ERR_USAGE, -EISDIR,
			"--json: \"%s\" is a folder: expected a file in it", json_path);
	/* A pipe or a device: written to in place. */
	if (access(json_path, W_OK) < 0)
		return err_set_errno(
			err, ERR_USAGE, -errno, "--json: cannot write to \"%s\"", json_path);
	return 0;
}

static int write_rendered(void (*render)(const struct result *result, struct buf *out),
	const struct result *result, const char *path, struct err *err)
{
	struct buf text = {0};
	int code;

	render(result, &text);
	if (text.failed)
		code = err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "cannot render the report");
	else
		code = file_write(path, text.data, text.length_bytes, err);
	buf_release(&text);
	return code;
}

int output_write(const struct result *result, const char *json_path, struct err *err)
{
	int json = 0, text = 0;

	if (json_path)
		json = write_rendered(json_report, result, json_path, err);
	if (!to_stdout(json_path))
		text = write_rendered(text_report, result, "-", json < 0 ? NULL : err);
	return json < 0 ? json : text;
}
