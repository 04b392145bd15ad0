/* SPDX-License-Identifier: MIT */
/*
 * Small files of procfs, sysfs and cgroupfs, read again and again: below a root folder that tests
 * replace, into one buffer, with every system call counted, so that what watching a server costs
 * can be held to a bound by a test.
 *
 * Owner: the struct is the caller's; the text is valid until the next call. Threads: one.
 * Errors: what cannot be read is false, with the text empty and errno kept. Limits: READING_BYTES
 * of a file, the rest is cut at the end of a line.
 */
#ifndef RINGLOAD_OBSERVE_READING_H
#define RINGLOAD_OBSERVE_READING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define READING_BYTES      65536
#define READING_PATH_BYTES 4352

struct reading {
	const char *root; /* "" or a test's folder; "/" is "" */
	char text[READING_BYTES];
	char path[READING_PATH_BYTES];
	bool is_procfs; /* of /proc below the root: the sizes of its folders are counts */
	uint64_t calls; /* system calls so far */
};

void reading_init(struct reading *reading, const char *root);

/* Opens, reads to the end, closes. The path is below the root and begins with a slash. */
bool reading_file(struct reading *reading, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * The same of a file that one read gives whole, as the files of one process are, and which may be
 * kept open: with *file below 0 it is opened, and stays open when `keep`.
 */
bool reading_kept(struct reading *reading, int *file, bool keep, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Closes what reading_kept left open. */
void reading_close(struct reading *reading, int *file);

/*
 * Entries of a folder whose names are numbers, in the folder's order; at most `limit` are stored.
 * Returns how many there are, which stops at `most`.
 */
size_t reading_numbers(struct reading *reading, uint32_t *numbers, size_t limit, size_t most,
	const char *format, ...) __attribute__((format(printf, 5, 6)));

/* How many entries a folder of procfs has, where its size tells (since Linux 6.2). */
bool reading_size(struct reading *reading, uint64_t *size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

bool reading_exists(struct reading *reading, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The figure behind a key at the start of a line of the text; separators are spaces, tabs, ':'. */
bool reading_figure(const char *text, const char *key, uint64_t *value);

#endif
