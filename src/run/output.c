/* SPDX-License-Identifier: MIT */
#include "run/output.h"

#include <errno.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"
#include "report/flame.h"
#include "report/json.h"
#include "report/kernel.h"
#include "report/search.h"
#include "report/text.h"

static bool to_stdout(const char *json_path)
{
	return json_path && !strcmp(json_path, "-");
}

/* The option, the path, why not, and what to do. */
static int refuse(
	const char *option, const char *path, const char *folder, int code, struct err *err)
{
	char reason[64];
	const char *why = strerror_r(-code, reason, sizeof(reason));

	if (code == -ENOENT)
		return err_set(err, ERR_USAGE, code,
			"%s: cannot write \"%s\": %s: make the folder \"%s\", or name a file "
			"elsewhere",
			option, path, why, folder);
	return err_set(err, ERR_USAGE, code,
		"%s: cannot write \"%s\": %s: name a file in a folder that you may write to",
		option, path, why);
}

static int check_folder(const char *option, const char *path, struct err *err)
{
	char *copy = strdup(path);
	const char *folder;
	int code = 0;

	if (!copy)
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "cannot check %s", option);
	folder = dirname(copy);
	if (access(folder, W_OK | X_OK) < 0)
		code = refuse(option, path, folder, -errno, err);
	free(copy);
	return code;
}

int output_check_file(const char *option, const char *path, struct err *err)
{
	struct stat status;

	if (to_stdout(path))
		return 0;
	if (stat(path, &status) < 0 || S_ISREG(status.st_mode))
		return check_folder(option, path, err);
	if (S_ISDIR(status.st_mode))
		return err_set(err, ERR_USAGE, -EISDIR, "%s: \"%s\" is a folder: name a file in it",
			option, path);
	/* A pipe or a device: written to in place. */
	return access(path, W_OK) < 0 ? refuse(option, path, "", -errno, err) : 0;
}

/* PREFIX and what a file's name ends in; to be freed, NULL without memory. */
static char *profile_path(const char *prefix, const char *ending)
{
	char *path;

	return asprintf(&path, "%s.%s", prefix, ending) < 0 ? NULL : path;
}

static int check_profile(const char *prefix, struct err *err)
{
	static const char *const endings[] = {"folded", "svg"};
	int code = 0;
	size_t i;

	for (i = 0; i < 2 && code >= 0; i++) {
		char *path = profile_path(prefix, endings[i]);

		if (path)
			code = output_check_file("--profile", path, err);
		else
			code = err_set_errno(
				err, ERR_ENVIRONMENT, -ENOMEM, "cannot check --profile");
		free(path);
	}
	return code;
}

int output_check(const struct output_paths *paths, struct err *err)
{
	int code = 0;

	if (paths->json)
		code = output_check_file("--json", paths->json, err);
	if (code >= 0 && paths->profile)
		code = check_profile(paths->profile, err);
	if (code >= 0 && paths->svg)
		code = output_check_file("--svg", paths->svg, err);
	return code;
}

int output_write(const char *option, const char *path, const struct buf *text, struct err *err)
{
	int code = file_write(path, text->data, text->length_bytes, err);

	if (code < 0 && option && !to_stdout(path))
		err_prefix(err, "%s: ", option);
	return code;
}

/* Writes what was rendered and releases it. */
static int put(struct buf *text, const char *option, const char *path, struct err *err)
{
	int code;

	if (text->failed)
		code = err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "cannot render the report");
	else
		code = output_write(option, path, text, err);
	buf_release(text);
	return code;
}

static int put_profile(struct buf *text, const char *prefix, const char *ending, struct err *err)
{
	char *path = profile_path(prefix, ending);
	int code;

	if (!path)
		text->failed = true;
	code = put(text, "--profile", path, err);
	free(path);
	return code;
}

static int write_profile(
	const struct result_kernel *kernel, const char *prefix, const char *title, struct err *err)
{
	const char *reason = kernel->measured ? kernel->profile.reason : kernel->reason;
	struct buf folded = {0}, svg = {0};
	int code, other;

	if (!kernel->measured || !kernel->profile.measured) {
		log_warning("--profile: nothing is written: %s",
			reason ? reason : "no stacks were sampled");
		return 0;
	}
	flame_folded(&kernel->profile, &folded);
	flame_svg(&kernel->profile, title, &svg);
	code = put_profile(&folded, prefix, "folded", err);
	other = put_profile(&svg, prefix, "svg", code < 0 ? NULL : err);
	return code < 0 ? code : other;
}

/* The record first, then the profile, then the text; the first failure is the one returned. */
static int put_all(const struct result_kernel *kernel, const char *title, struct buf *json,
	struct buf *text, const struct output_paths *paths, struct err *err)
{
	int code = 0, other = 0;

	if (paths->json)
		code = put(json, "--json", paths->json, err);
	if (paths->profile)
		other = write_profile(kernel, paths->profile, title, code < 0 ? NULL : err);
	code = code < 0 ? code : other;
	if (!to_stdout(paths->json))
		other = put(text, NULL, "-", code < 0 ? NULL : err);
	buf_release(json);
	buf_release(text);
	return code < 0 ? code : other;
}

int output_run(const struct result *result, const struct output_paths *paths, struct err *err)
{
	struct buf json = {0}, text = {0};

	if (paths->json)
		json_report(result, &json);
	text_report(result, &text);
	return put_all(&result->kernel, result->target.url, &json, &text, paths, err);
}

int output_probe(
	const struct probe_record *record, const struct output_paths *paths, struct err *err)
{
	struct buf json = {0}, text = {0}, title = {0};
	size_t i;
	int code;

	for (i = 0; i < record->kernel.port_count; i++)
		buf_printf(&title, "%s%u", i ? ", " : "port ", record->kernel.ports[i]);
	if (paths->json)
		probe_record_write(record, &json);
	kernel_report(record, &text);
	code = put_all(&record->kernel, buf_string(&title), &json, &text, paths, err);
	buf_release(&title);
	return code;
}

static int write_search_profile(
	const struct search_record *record, const char *prefix, struct err *err)
{
	const struct search_trial *broken = search_record_broken(record);

	if (broken)
		return write_profile(&broken->result.kernel, prefix, record->url, err);
	log_warning("--profile: nothing is written: no load failed");
	return 0;
}

int output_search(
	const struct search_record *record, const struct output_paths *paths, struct err *err)
{
	struct buf json = {0}, svg = {0}, text = {0};
	int codes[4] = {0}, code = 0;
	size_t i;

	if (paths->json) {
		search_record_write(record, &json);
		codes[0] = put(&json, "--json", paths->json, err);
	}
	if (paths->svg) {
		report_search_svg(record, &svg);
		codes[1] = put(&svg, "--svg", paths->svg, codes[0] < 0 ? NULL : err);
	}
	if (paths->profile)
		codes[2] = write_search_profile(
			record, paths->profile, codes[0] < 0 || codes[1] < 0 ? NULL : err);
	for (i = 0; i < 3 && code >= 0; i++)
		code = codes[i];
	if (!to_stdout(paths->json)) {
		report_search_text(record, &text);
		codes[3] = put(&text, NULL, "-", code < 0 ? NULL : err);
	}
	return code < 0 ? code : codes[3];
}
