/* SPDX-License-Identifier: MIT */
/*
 * What makes a flame graph answer in a browser: zoom, search, details. It works on the boxes that
 * stand in the file, so the graph is complete without it.
 *
 * Owner, threads: constant. It must not contain "]]>", which would end its CDATA section.
 */
#ifndef RINGLOAD_REPORT_FLAME_SCRIPT_H
#define RINGLOAD_REPORT_FLAME_SCRIPT_H

/* Expects the elements that flame.c writes (g.f with title, rect and perhaps text; #detail, #match,
 * #reset, #find with #query), and before it FLAME with the graph's measures in pixels. */
extern const char flame_script[];

#endif
