/* SPDX-License-Identifier: MIT */
#include "report/curve_axis.h"

#include <math.h>

/* Ticks wanted on a linear axis; there may be fewer. */
#define LINEAR_TICKS 8
/* A logarithmic axis of more decades has ticks at powers of ten alone. */
#define FINE_DECADES 4.0
/* Room above the largest value of a linear axis. */
#define HEADROOM 1.05
/* Rounding of a quotient of two doubles. */
#define EPSILON 1e-9

static const double mantissas[] = {1, 2, 5};

#define MANTISSAS (sizeof(mantissas) / sizeof(*mantissas))

static bool usable(double value)
{
	return isfinite(value) && value > 0;
}

/* The largest of 1, 2 and 5 times a power of ten that is not above value. */
static double round_down(double value)
{
	double power = pow(10, floor(log10(value) + EPSILON)), rounded = power;

	for (size_t i = 0; i < MANTISSAS; i++)
		if (mantissas[i] * power <= value * (1 + EPSILON))
			rounded = mantissas[i] * power;
	return rounded;
}

/* The smallest that is not below value. */
static double round_up(double value)
{
	double power = pow(10, floor(log10(value) + EPSILON));

	for (size_t i = 0; i < MANTISSAS; i++)
		if (mantissas[i] * power >= value * (1 - EPSILON))
			return mantissas[i] * power;
	return 10 * power;
}

void curve_axis_init_linear(struct curve_axis *axis, double most, double start_px, double end_px)
{
	*axis = (struct curve_axis){
		.to = usable(most) ? most * HEADROOM : 1, .start_px = start_px, .end_px = end_px};
}

void curve_axis_init_log(
	struct curve_axis *axis, double least, double most, double start_px, double end_px)
{
	*axis = (struct curve_axis){.logarithmic = true,
		.from = usable(least) ? round_down(least) : 1,
		.start_px = start_px,
		.end_px = end_px};
	axis->to = usable(most) && most > axis->from ? round_up(most) : axis->from;
	/* A flat course stands in the middle of its decade, not at its edge. */
	if (axis->to < axis->from * pow(10, CURVE_AXIS_DECADES)) {
		axis->from = round_down(axis->from / 2);
		axis->to = round_up(fmax(axis->to, axis->from * pow(10, CURVE_AXIS_DECADES)));
	}
}

double curve_axis_at(const struct curve_axis *axis, double value)
{
	double share;

	if (axis->logarithmic)
		share = value > axis->from ? log(value / axis->from) / log(axis->to / axis->from)
					   : 0;
	else
		share = (value - axis->from) / (axis->to - axis->from);
	share = fmin(fmax(share, 0), 1); /* not a number: 0 */
	return axis->start_px + share * (axis->end_px - axis->start_px);
}

static size_t linear_ticks(const struct curve_axis *axis, double ticks[CURVE_AXIS_TICKS])
{
	double step = round_up(axis->to / LINEAR_TICKS);
	size_t count = 0;

	while (count < CURVE_AXIS_TICKS && (double)count * step <= axis->to) {
		ticks[count] = (double)count * step;
		count++;
	}
	return count;
}

static size_t log_ticks(const struct curve_axis *axis, double ticks[CURVE_AXIS_TICKS])
{
	double decades = log10(axis->to / axis->from);
	size_t of_decade = decades <= FINE_DECADES ? MANTISSAS : 1;
	/* Every so many powers of ten, when even these are too many. */
	double stride = ceil(decades / (CURVE_AXIS_TICKS - 1));
	double power = floor(log10(axis->from) + EPSILON), last = log10(axis->to) + EPSILON;
	size_t count = 0;

	for (; power <= last; power += fmax(stride, 1))
		for (size_t i = 0; i < of_decade && count < CURVE_AXIS_TICKS; i++) {
			double tick = mantissas[i] * pow(10, power);

			if (tick < axis->from * (1 - EPSILON) || tick > axis->to * (1 + EPSILON))
				continue;
			ticks[count++] = tick;
		}
	return count;
}

size_t curve_axis_ticks(const struct curve_axis *axis, double ticks[CURVE_AXIS_TICKS])
{
	return axis->logarithmic ? log_ticks(axis, ticks) : linear_ticks(axis, ticks);
}
