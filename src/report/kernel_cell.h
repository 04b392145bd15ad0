/* SPDX-License-Identifier: MIT */
/*
 * The cells that the kernel's tables are made of: right-aligned figures, and names that are cut
 * where they would break a column. A stored record may hold anything: what is no figure is "-".
 *
 * Owner: what is appended is the buf's. Threads: pure. Errors: those of the buf.
 */
#ifndef RINGLOAD_REPORT_KERNEL_CELL_H
#define RINGLOAD_REPORT_KERNEL_CELL_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/units.h"

/* As units_format_duration, for a mean; below 0 with a minus. */
char *kernel_cell_format_ns(char text[UNITS_TEXT_BYTES], double duration_ns);

void kernel_cell_ns(struct buf *out, double duration_ns, size_t columns);
void kernel_cell_share(struct buf *out, double share, size_t columns);
void kernel_cell_count(struct buf *out, uint64_t count, size_t columns);

/* At the left edge of so many columns; what is longer ends in "…". NULL is "?". */
void kernel_cell_name(struct buf *out, const char *name, size_t columns);

#endif
