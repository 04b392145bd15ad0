/* SPDX-License-Identifier: MIT */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/units.h"

#define CHUNK_BYTES ((size_t)65536)

/* Whether the path is to blame, or the machine. */
static enum err_kind kind_of(int code)
{
	switch (-code) {
	case ENOENT:
	case EACCES:
	case EPERM:
	case EISDIR:
	case ENOTDIR:
	case ELOOP:
	case ENAMETOOLONG:
	case ENXIO:
	case ETXTBSY:
		return ERR_USAGE;
	default:
		return ERR_ENVIRONMENT;
	}
}

/* What to do where another path would help; "" elsewhere. */
static const char *mend_reading(int code)
{
	switch (-code) {
	case ENOENT:
	case ENOTDIR:
		return ": name a file that exists";
	case EACCES:
	case EPERM:
		return ": name a file that you may read";
	case EISDIR:
		return ": name a file in it";
	default:
		return "";
	}
}

static int fail_reading(struct err *err, int code, const char *path)
{
	char reason[64];

	return err_set(err, kind_of(code), code, "cannot read \"%s\": %s%s", path,
		strerror_r(-code, reason, sizeof(reason)), mend_reading(code));
}

static int fail_writing(struct err *err, int code, const char *path)
{
	return err_set_errno(err, kind_of(code), code, "cannot write \"%s\"", path);
}

static int read_all(int fd, const char *path, size_t limit_bytes, struct buf *out, struct err *err)
{
	char chunk[CHUNK_BYTES];
	char limit[UNITS_TEXT_BYTES];
	size_t taken_bytes = 0;
	ssize_t got;

	while ((got = read(fd, chunk, sizeof chunk)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail_reading(err, -errno, path);
		if ((size_t)got > limit_bytes - taken_bytes)
			return err_set(err, ERR_USAGE, -EFBIG,
				"\"%s\" is too large: expected at most %s", path,
				units_format_size(limit, limit_bytes));
		taken_bytes += (size_t)got;
		buf_append(out, chunk, (size_t)got);
		if (out->failed)
			return fail_reading(err, -ENOMEM, path);
	}
	return 0;
}

int file_read(const char *path, size_t limit_bytes, struct buf *out, struct err *err)
{
	size_t length_before = out->length_bytes;
	int fd, rc;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail_reading(err, -errno, path);
	rc = read_all(fd, path, limit_bytes, out, err);
	close(fd);
	if (rc < 0 && out->data) {
		out->length_bytes = length_before;
		out->data[length_before] = '\0';
	}
	return rc;
}

int file_size(const char *path, bool *regular, size_t *size_bytes, struct err *err)
{
	struct stat status;

	if (stat(path, &status) < 0)
		return fail_reading(err, -errno, path);
	*regular = S_ISREG(status.st_mode);
	*size_bytes = *regular ? (size_t)status.st_size : 0;
	return 0;
}

static int write_all(int fd, const char *data, size_t length_bytes)
{
	ssize_t written;

	while (length_bytes > 0) {
		written = write(fd, data, length_bytes);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		data += written;
		length_bytes -= (size_t)written;
	}
	return 0;
}

/* Pipes, terminals and devices are written to as they are: renaming would replace them. */
static int write_in_place(const char *path, const void *data, size_t length_bytes)
{
	int fd, rc;

	fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;
	rc = write_all(fd, data, length_bytes);
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	return rc;
}

/* The name is on the disk when the folder is. Some file systems cannot: the content is safe. */
static void sync_folder(const char *path)
{
	char folder[PATH_MAX];
	char *slash;
	int fd;

	snprintf(folder, sizeof folder, "%s", path);
	slash = strrchr(folder, '/');
	if (!slash)
		strcpy(folder, ".");
	else
		slash[slash == folder] = '\0';
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

/* mode: of the file to replace, or NULL for the user's default. */
static int replace(const char *path, const mode_t *mode, const void *data, size_t length_bytes)
{
	char beside[PATH_MAX];
	int fd, rc;

	rc = snprintf(beside, sizeof beside, "%s.%ld.new", path, (long)gettid());
	if (rc < 0 || (size_t)rc >= sizeof beside)
		return -ENAMETOOLONG;
	/* Left by a process that was killed and had the same id: nobody else's. */
	unlink(beside);
	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return -errno;
	rc = write_all(fd, data, length_bytes);
	if (rc == 0 && mode && fchmod(fd, *mode & 07777) < 0)
		rc = -errno;
	if (rc == 0 && fsync(fd) < 0)
		rc = -errno;
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	if (rc == 0 && rename(beside, path) < 0)
		rc = -errno;
	if (rc < 0)
		unlink(beside);
	else
		sync_folder(path);
	return rc;
}

static int write_path(const char *path, const void *data, size_t length_bytes)
{
	struct stat status;
	char *target;
	int rc;

	if (stat(path, &status) < 0)
		return errno == ENOENT ? replace(path, NULL, data, length_bytes) : -errno;
	if (S_ISDIR(status.st_mode))
		return -EISDIR;
	if (!S_ISREG(status.st_mode))
		return write_in_place(path, data, length_bytes);
	/* A symbolic link stays: the file it leads to is replaced. */
	target = realpath(path, NULL);
	if (!target)
		return -errno;
	rc = replace(target, &status.st_mode, data, length_bytes);
	free(target);
	return rc;
}

int file_write(const char *path, const void *data, size_t length_bytes, struct err *err)
{
	int rc;

	if (strcmp(path, "-") == 0) {
		fflush(stdout);
		rc = write_all(STDOUT_FILENO, data, length_bytes);
		return rc < 0 ? fail_writing(err, rc, "standard output") : 0;
	}
	rc = write_path(path, data, length_bytes);
	return rc < 0 ? fail_writing(err, rc, path) : 0;
}
