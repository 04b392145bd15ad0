/* SPDX-License-Identifier: MIT */
/*
 * The profile of the server: as folded stacks ("outer;inner 12", a line each) that any flame graph
 * tool reads, and as a flame graph of its own, one SVG file without anything outside it, that can
 * be searched and zoomed in a browser.
 *
 * Owner: what is appended is the buf's. Threads: pure. Errors: those of the buf.
 */
#ifndef RINGLOAD_REPORT_FLAME_H
#define RINGLOAD_REPORT_FLAME_H

#include "base/buf.h"
#include "result/result_kernel.h"

void flame_folded(const struct result_kernel_profile *profile, struct buf *out);

/* title stands above it; escaped here. */
void flame_svg(const struct result_kernel_profile *profile, const char *title, struct buf *out);

#endif
