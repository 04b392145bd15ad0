/* SPDX-License-Identifier: MIT */
/*
 * An axis of a picture: which values it spans, where each lies in pixels, and which get a tick.
 *
 * Linear axes begin at 0 and have ticks at 1, 2 or 5 times a power of ten. Logarithmic ones span at
 * least CURVE_AXIS_DECADES, begin and end at such a number, and have their ticks at all of these
 * while they are few, else at powers of ten.
 *
 * Owner: the struct is the caller's. Threads: pure. Errors: none: values that are not positive and
 * finite are not spanned, and what lies outside stands at the nearer end.
 */
#ifndef RINGLOAD_REPORT_CURVE_AXIS_H
#define RINGLOAD_REPORT_CURVE_AXIS_H

#include <stdbool.h>
#include <stddef.h>

#define CURVE_AXIS_DECADES 1.0
#define CURVE_AXIS_TICKS   16

struct curve_axis {
	bool logarithmic;
	double from, to;         /* values at its ends; from > 0 when logarithmic */
	double start_px, end_px; /* where these stand; start may be the larger */
};

/* Of values from `least` to `most`, given as the smallest and largest above 0. */
void curve_axis_init_linear(struct curve_axis *axis, double most, double start_px, double end_px);
void curve_axis_init_log(
	struct curve_axis *axis, double least, double most, double start_px, double end_px);

double curve_axis_at(const struct curve_axis *axis, double value);

/* Ascending; how many. */
size_t curve_axis_ticks(const struct curve_axis *axis, double ticks[CURVE_AXIS_TICKS]);

#endif
