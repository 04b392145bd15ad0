/* SPDX-License-Identifier: MIT */
#include "run/calibration.h"

#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/file.h"
#include "base/units.h"
#include "run/machine.h"

#define PATH_BYTES  4096
#define LIMIT_BYTES (1U << 16) /* of a record: it has less than one KiB */

/* FNV-1a (Fowler, Noll, Vo), 64 bits; the prefix makes it ringload's own. Half of the 128 bits of
 * an id are lost in it. */
static uint64_t digest(const char *id)
{
	static const char prefix[] = "ringload calibration ";
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (const char *at = prefix; *at; at++)
		hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
	for (; *id; id++)
		hash = (hash ^ (unsigned char)*id) * UINT64_C(0x100000001b3);
	return hash;
}

/* The file's first word, when it is one that tells machines apart. */
static bool read_id(char *id, size_t id_bytes, const char *root, const char *file)
{
	struct buf text = {0};
	char path[PATH_BYTES];
	size_t length;

	snprintf(path, sizeof(path), "%s%s", root, file);
	if (file_read(path, LIMIT_BYTES, &text, NULL) < 0)
		text.failed = true;
	length = strcspn(buf_string(&text), " \t\r\n");
	if (text.failed || length >= id_bytes)
		length = 0;
	memcpy(id, buf_string(&text), length);
	id[length] = '\0';
	buf_release(&text);
	/* What stands there before the first boot of an image. */
	return length && strcmp(id, "uninitialized");
}

void calibration_identify(struct calibration_record *record, const char *root)
{
	struct machine machine;
	struct utsname name;
	char id[256] = "";

	machine_read(&machine, root);
	if (!read_id(id, sizeof(id), root, "etc/machine-id") &&
		!read_id(id, sizeof(id), root, "sys/class/dmi/id/product_uuid") && !uname(&name))
		snprintf(id, sizeof(id), "%s", name.nodename);
	snprintf(record->machine, sizeof(record->machine), "%016" PRIx64, digest(id));
	snprintf(record->kernel, sizeof(record->kernel), "%.*s", CALIBRATION_TEXT_BYTES - 1,
		machine.kernel);
	record->cpus = machine.cpus;
}

/* The home of this user; after sudo $HOME may still be that of who called it. */
static bool find_home(char *home, size_t home_bytes)
{
	const char *named = getenv("HOME");
	struct passwd entry, *found = NULL;
	char text[4096];

	if (named && *named == '/' && !(geteuid() == 0 && getenv("SUDO_UID")))
		return snprintf(home, home_bytes, "%s", named) < (int)home_bytes;
	if (getpwuid_r(geteuid(), &entry, text, sizeof(text), &found) || !found ||
		*found->pw_dir != '/')
		return false;
	return snprintf(home, home_bytes, "%s", found->pw_dir) < (int)home_bytes;
}

/* Where the calibration of a machine and kernel lies. */
static int find_path(
	char *path, size_t path_bytes, const struct calibration_record *record, struct err *err)
{
	const char *state = getenv("XDG_STATE_HOME");
	char home[PATH_BYTES], *byte;
	int length, folder;

	/* The specification has relative ones ignored. */
	if (state && *state == '/')
		folder = snprintf(path, path_bytes, "%s/ringload", state);
	else if (find_home(home, sizeof(home)))
		folder = snprintf(path, path_bytes, "%s/.local/state/ringload", home);
	else
		return err_set(err, ERR_ENVIRONMENT, -ENOENT,
			"no folder to keep calibrations in is known: set XDG_STATE_HOME or HOME");
	if (folder < 0 || (size_t)folder >= path_bytes)
		return err_set(err, ERR_ENVIRONMENT, -ENAMETOOLONG,
			"the path of the folder that calibrations are kept in is too long");
	length = snprintf(path + folder, path_bytes - (size_t)folder, "/calibration-%s-%s.json",
		record->machine, record->kernel);
	if (length < 0 || (size_t)length >= path_bytes - (size_t)folder)
		return err_set(err, ERR_ENVIRONMENT, -ENAMETOOLONG,
			"the path of the folder that calibrations are kept in is too long");
	/* A kernel's name is its builder's. */
	for (byte = path + folder + 1; *byte; byte++)
		if (*byte == '/')
			*byte = '_';
	return 0;
}

/* Whether two records are of one machine, as it is now. */
static bool same_machine(
	const struct calibration_record *one, const struct calibration_record *other)
{
	return !strcmp(one->machine, other->machine) && !strcmp(one->kernel, other->kernel);
}

/* The record at the path, of the machine, kernel and CPUs of `of`. */
static int load(struct calibration_record *record, bool *found, const char *path,
	const struct calibration_record *of, struct err *err)
{
	struct buf text = {0};
	int code;

	*found = false;
	memset(record, 0, sizeof(*record));
	if (access(path, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	code = file_read(path, LIMIT_BYTES, &text, err);
	if (code >= 0)
		code = calibration_record_read(
			record, path, buf_string(&text), text.length_bytes, err);
	if (code >= 0 && !same_machine(record, of))
		code = err_set(
			err, ERR_USAGE, -EINVAL, "%s: is of another machine or kernel", path);
	buf_release(&text);
	*found = code >= 0 && record->cpus == of->cpus;
	return code < 0 ? code : 0;
}

int calibration_load(struct calibration_record *record, bool *found, struct err *err)
{
	struct calibration_record here = {0};
	char path[PATH_BYTES];
	int code;

	*found = false;
	calibration_identify(&here, "/");
	/* Who has no place for one has none. */
	if (find_path(path, sizeof(path), &here, NULL) < 0)
		return 0;
	code = load(record, found, path, &here, err);
	if (code < 0)
		err_prefix(err, "the calibration of this machine is passed over, ringload "
				"calibrate makes it anew: ");
	return code;
}

/* Makes the folders above a file. */
static int make_folders(const char *path, struct err *err)
{
	char folder[PATH_BYTES], *slash;

	snprintf(folder, sizeof(folder), "%s", path);
	for (slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(folder, 0700) < 0 && errno != EEXIST)
			return err_set_errno(err, ERR_ENVIRONMENT, -errno,
				"cannot make the folder \"%s\"", folder);
		*slash = '/';
	}
	return 0;
}

int calibration_check(struct err *err)
{
	struct calibration_record here = {0};
	char path[PATH_BYTES];
	int code;

	calibration_identify(&here, "/");
	code = find_path(path, sizeof(path), &here, err);
	if (code < 0)
		return code;
	code = make_folders(path, err);
	*strrchr(path, '/') = '\0';
	if (code >= 0 && access(path, W_OK | X_OK) < 0)
		code = err_set_errno(
			err, ERR_ENVIRONMENT, -errno, "cannot write to the folder \"%s\"", path);
	if (code < 0)
		err_prefix(err, "a calibration could not be kept, set XDG_STATE_HOME to a folder "
				"that takes it: ");
	return code;
}

static int write_record(const struct calibration_record *record, const char *path, struct err *err)
{
	struct buf text = {0};
	int code = make_folders(path, err);

	calibration_record_write(record, &text);
	if (code >= 0 && text.failed)
		code = err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "cannot write the calibration");
	if (code >= 0)
		code = file_write(path, text.data, text.length_bytes, err);
	buf_release(&text);
	return code;
}

int calibration_store(const struct calibration_record *record, bool *kept, char *path,
	size_t path_bytes, struct err *err)
{
	struct calibration_record former;
	bool found;
	int code;

	*kept = false;
	code = find_path(path, path_bytes, record, err);
	if (code < 0)
		return code;
	/* A damaged one is replaced. */
	if (record->embedded && load(&former, &found, path, record, NULL) >= 0 && found &&
		!former.embedded)
		return 0;
	code = write_record(record, path, err);
	if (code < 0)
		err_prefix(err, "the calibration is not kept: ");
	*kept = code >= 0;
	return code < 0 ? code : 0;
}

int calibration_compare(uint64_t rate_mrps, struct buf *sentence, struct err *err)
{
	struct calibration_record record;
	char asked[UNITS_TEXT_BYTES], shown[UNITS_TEXT_BYTES];
	double asked_rps = (double)rate_mrps / 1e3;
	bool found;
	int code = calibration_load(&record, &found, err);

	if (code < 0 || !found || asked_rps <= record.highest_rps)
		return code;
	buf_printf(sentence,
		"--rate %s: this machine has shown %s requests a second (ringload calibrate, "
		"%s%s): the generator may be the limit",
		units_format_rate(asked, asked_rps), units_format_rate(shown, record.highest_rps),
		record.measured_at, record.embedded ? ", with the server on the same machine" : "");
	return 0;
}
