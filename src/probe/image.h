/* SPDX-License-Identifier: MIT */
/*
 * A file that processes run code from, and the names of its functions: one for a program or library
 * however many processes have it mapped.
 *
 * The file is held open from the start, so that the names can still be found when the processes
 * have ended or the file was replaced; it is read, and its debug file is looked for where
 * distributions put them (.gnu_debuglink, /usr/lib/debug by build id, embedded mini debug data; the
 * servers in DEBUGINFOD_URLS if the user has set that), when the first name is asked for. A file
 * that is no ELF has no names.
 *
 * Owner: image_new makes it, image_free frees it. Threads: one at a time. Errors: none; what cannot
 * be read has no names.
 * Units: a place in an image is an offset in the file, as /proc/PID/maps gives it; the same as an
 * address of its program headers, which is what addr2line and objdump take.
 */
#ifndef RINGLOAD_PROBE_IMAGE_H
#define RINGLOAD_PROBE_IMAGE_H

#include <stdint.h>

struct image;

/* path, for debug files and for the name, is copied; fd is the image's from now on. NULL: no
 * memory, fd is closed. */
struct image *image_new(const char *path, int fd);

/* NULL is allowed. */
void image_free(struct image *image);

/* The address that the program headers give this part of the file; the offset itself if none do. */
uint64_t image_address(struct image *image, uint64_t offset_bytes);

/* The function around such an address, or NULL. The name is the image's. */
const char *image_find(struct image *image, uint64_t address);

#endif
