/* SPDX-License-Identifier: MIT */
#include "analysis/usl.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#define PARAMETERS 3
/* Rounds of weighting; the weights hardly change after a few. */
#define ROUNDS 20
/* Huber's constant, and from the median of absolute deviations to a standard deviation. */
#define HUBER 1.345
#define MAD   1.4826
/* Below this share of the largest, a pivot is what rounding left. */
#define SINGULAR 1e-12
/* Of a bound: what rounding may put a parameter beyond it. */
#define ROUNDING 1e-9

double usl_rps(const struct usl_law *law, double concurrency)
{
	return law->lambda_rps * concurrency /
	       (1 + law->sigma * (concurrency - 1) + law->kappa * concurrency * (concurrency - 1));
}

double usl_peak(const struct usl_law *law)
{
	if (!(law->kappa > 0))
		return INFINITY;
	return fmax(sqrt((1 - law->sigma) / law->kappa), 1);
}

/* --- levels --------------------------------------------------------------------------------- */

static int compare_points(const void *left, const void *right)
{
	const struct usl_point *a = left, *b = right;

	if (a->concurrency != b->concurrency)
		return a->concurrency < b->concurrency ? -1 : 1;
	return a->rps < b->rps ? -1 : a->rps > b->rps;
}

static int compare_rates(const void *left, const void *right)
{
	const struct usl_point *a = left, *b = right;

	return a->rps < b->rps ? -1 : a->rps > b->rps;
}

/* Points of one level, by concurrency; they are in another order afterwards. */
static struct usl_point median(struct usl_point *points, size_t count)
{
	size_t low = (count - 1) / 2, high = count / 2;
	struct usl_point middle = {
		.concurrency = (points[low].concurrency + points[high].concurrency) / 2};

	qsort(points, count, sizeof(*points), compare_rates);
	middle.rps = (points[low].rps + points[high].rps) / 2;
	return middle;
}

static bool proper(double value)
{
	return isfinite(value) && value > 0;
}

size_t usl_levels(struct usl_point *points, size_t count)
{
	size_t kept = 0, levels = 0, end;

	for (size_t i = 0; i < count; i++)
		if (isfinite(points[i].concurrency) && points[i].concurrency >= 1 &&
			proper(points[i].rps))
			points[kept++] = points[i];
	if (kept)
		qsort(points, kept, sizeof(*points), compare_points);
	for (size_t begin = 0; begin < kept; begin = end) {
		double most = USL_LEVEL * points[begin].concurrency;

		for (end = begin + 1; end < kept && points[end].concurrency <= most; end++)
			;
		points[levels++] = median(&points[begin], end - begin);
	}
	return levels;
}

/* --- the fit -------------------------------------------------------------------------------- */

/*
 * What N / X is made of. At sigma = 1 the first two terms are one, N; so each case of the bounds is
 * a choice of terms.
 */
enum term { ALONE, CONTENTION, COHERENCY, SERIAL, TERM_COUNT };

struct model {
	unsigned int count;
	enum term terms[PARAMETERS];
};

static const struct model models[] = {
	{1, {ALONE}},
	{1, {SERIAL}},
	{2, {ALONE, CONTENTION}},
	{2, {ALONE, COHERENCY}},
	{2, {SERIAL, COHERENCY}},
	{3, {ALONE, CONTENTION, COHERENCY}},
};

#define MODELS (sizeof(models) / sizeof(*models))

static double term_at(enum term term, double concurrency)
{
	switch (term) {
	case CONTENTION:
		return concurrency - 1;
	case COHERENCY:
		return concurrency * (concurrency - 1);
	case SERIAL:
		return concurrency;
	default:
		return 1;
	}
}

/* Gauss' elimination; false: the rows say the same. Columns are scaled to about 1 beforehand. */
static bool solve(double rows[PARAMETERS][PARAMETERS + 1], unsigned int count, double *solution)
{
	for (unsigned int i = 0; i < count; i++) {
		unsigned int pivot = i;

		for (unsigned int k = i + 1; k < count; k++)
			if (fabs(rows[k][i]) > fabs(rows[pivot][i]))
				pivot = k;
		if (!(fabs(rows[pivot][i]) > SINGULAR))
			return false;
		for (unsigned int j = 0; j <= count; j++) {
			double held = rows[i][j];

			rows[i][j] = rows[pivot][j];
			rows[pivot][j] = held;
		}
		for (unsigned int k = 0; k < count; k++) {
			double times = k == i ? 0 : rows[k][i] / rows[i][i];

			for (unsigned int j = i; j <= count; j++)
				rows[k][j] -= times * rows[i][j];
		}
	}
	for (unsigned int i = 0; i < count; i++)
		solution[i] = rows[i][count] / rows[i][i];
	return true;
}

/* A law within its bounds from the factors of a model's terms; false: outside of them. */
static bool take_factors(const struct model *model, const double *factors, struct usl_law *law)
{
	double of[TERM_COUNT] = {0}, alone, contention;

	for (unsigned int i = 0; i < model->count; i++)
		of[model->terms[i]] = factors[i];
	alone = of[ALONE] + of[SERIAL];
	contention = of[CONTENTION] + of[SERIAL];
	if (!proper(alone) || contention < -ROUNDING * alone ||
		contention > (1 + ROUNDING) * alone || of[COHERENCY] < 0)
		return false;
	*law = (struct usl_law){.lambda_rps = 1 / alone,
		.sigma = fmin(fmax(contention / alone, 0), 1),
		.kappa = of[COHERENCY] / alone};
	return isfinite(law->lambda_rps) && isfinite(law->kappa);
}

/* Points, how much each counts, and the scale of each term: its value at the last of them. */
struct data {
	const struct usl_point *points;
	size_t count;
	double *weights;
	double scale[TERM_COUNT];
};

static double deviation(const struct usl_law *law, const struct usl_point *point)
{
	return point->rps / usl_rps(law, point->concurrency) - 1;
}

static double weighted_squares(const struct data *data, const struct usl_law *law)
{
	double sum = 0;

	for (size_t i = 0; i < data->count; i++) {
		double off = deviation(law, &data->points[i]);

		sum += data->weights[i] * off * off;
	}
	return sum;
}

static double highest_rps(const struct usl_point *levels, size_t count)
{
	double highest = 0;

	for (size_t i = 0; i < count; i++)
		highest = fmax(highest, levels[i].rps);
	return highest;
}

/* The most the law has anywhere within what was tried. */
static double promised_rps(const struct usl_law *law, const struct usl_point *levels, size_t count)
{
	double least = levels[0].concurrency, most = levels[count - 1].concurrency;

	return usl_rps(law, fmin(fmax(usl_peak(law), least), most));
}

/* Whether throughput fell, up to the last level, by at least half of what the law does. */
static bool falls_alike(const struct data *data, const struct usl_law *law)
{
	const struct usl_point *last = &data->points[data->count - 1];
	double told = 1 - usl_rps(law, last->concurrency) /
				  promised_rps(law, data->points, data->count);
	double seen = 1 - last->rps / highest_rps(data->points, data->count);

	return told <= 2 * seen + USL_FALL;
}

/* The best law of a model; false: it has none within the bounds. */
static bool fit_model(const struct data *data, const struct model *model, struct usl_law *law)
{
	double rows[PARAMETERS][PARAMETERS + 1] = {{0}}, factors[PARAMETERS];
	double unit_rps = data->points[data->count - 1].rps /
			  data->points[data->count - 1].concurrency;

	for (size_t p = 0; p < data->count; p++) {
		const struct usl_point *point = &data->points[p];
		double times = point->rps / point->concurrency / unit_rps, value[PARAMETERS];

		for (unsigned int i = 0; i < model->count; i++)
			value[i] = times * term_at(model->terms[i], point->concurrency) /
				   data->scale[model->terms[i]];
		for (unsigned int i = 0; i < model->count; i++) {
			for (unsigned int j = 0; j < model->count; j++)
				rows[i][j] += data->weights[p] * value[i] * value[j];
			rows[i][model->count] += data->weights[p] * value[i];
		}
	}
	if (!solve(rows, model->count, factors))
		return false;
	for (unsigned int i = 0; i < model->count; i++)
		factors[i] /= data->scale[model->terms[i]] * unit_rps;
	return take_factors(model, factors, law) && falls_alike(data, law);
}

/* Of the models that leave a level to check them by, the one with the fewest squares. -1: none. */
static int closest(const struct data *data, struct usl_law laws[MODELS], double squares[MODELS])
{
	int best = -1;

	for (unsigned int i = 0; i < MODELS; i++) {
		squares[i] = INFINITY;
		if (models[i].count >= data->count || !fit_model(data, &models[i], &laws[i]))
			continue;
		squares[i] = weighted_squares(data, &laws[i]);
		if (best < 0 || squares[i] < squares[best])
			best = (int)i;
	}
	return best;
}

/* The one whose parameters are worth their price; best: the closest. */
static unsigned int cheapest(size_t count, const double squares[MODELS], unsigned int best)
{
	double variance = fmax(
		squares[best] / (double)(count - models[best].count), USL_NOISE * USL_NOISE);
	unsigned int chosen = best;

	for (unsigned int i = 0; i < MODELS; i++)
		if (squares[i] / variance + USL_PRICE * models[i].count <
			squares[chosen] / variance + USL_PRICE * models[chosen].count)
			chosen = i;
	return chosen;
}

static int compare_reals(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return a < b ? -1 : a > b;
}

/* Huber's weights by the distances from a law. sorted: room for as many. */
static void weigh(const struct data *data, const struct usl_law *law, double *sorted)
{
	double reach;

	for (size_t i = 0; i < data->count; i++)
		sorted[i] = data->weights[i] = fabs(deviation(law, &data->points[i]));
	qsort(sorted, data->count, sizeof(*sorted), compare_reals);
	reach = HUBER * fmax(MAD * sorted[data->count / 2], USL_NOISE);
	for (size_t i = 0; i < data->count; i++)
		data->weights[i] = data->weights[i] > reach ? reach / data->weights[i] : 1;
}

/* false: there is no law within the bounds. sorted: room for as many as there are points. */
static bool find_law(struct data *data, double *sorted, struct usl_law *law)
{
	struct usl_law laws[MODELS];
	double squares[MODELS];
	int best;

	for (unsigned int i = 0; i < TERM_COUNT; i++)
		data->scale[i] = term_at(i, data->points[data->count - 1].concurrency);
	for (size_t i = 0; i < data->count; i++)
		data->weights[i] = 1;
	for (unsigned int round = 0;; round++) {
		best = closest(data, laws, squares);
		if (best < 0)
			return false;
		if (round == ROUNDS)
			break;
		weigh(data, &laws[best], sorted);
	}
	*law = laws[cheapest(data->count, squares, (unsigned int)best)];
	return true;
}

/* --- whether it holds ----------------------------------------------------------------------- */

/* Whether throughput grew in proportion up to some level, and hardly at all far beyond it. */
static bool stops_at_once(const struct usl_point *levels, size_t count)
{
	double first = levels[0].rps / levels[0].concurrency;
	size_t knee = 0;

	while (knee + 1 < count &&
		levels[knee + 1].rps >= USL_PROPORTION * first * levels[knee + 1].concurrency)
		knee++;
	return knee && levels[count - 1].concurrency >= USL_BEYOND * levels[knee].concurrency &&
	       highest_rps(levels, count) <= USL_PROMISE * levels[knee].rps;
}

static void judge(const struct usl_point *levels, size_t count, struct usl_fit *fit)
{
	double squares = 0;

	for (size_t i = 0; i < count; i++) {
		double off = deviation(&fit->law, &levels[i]);

		squares += off * off;
		if (fabs(off) > fabs(fit->worst_error)) {
			fit->worst = i;
			fit->worst_error = off;
		}
	}
	fit->error = sqrt(squares / (double)count);
	if (fit->error <= USL_POOR &&
		promised_rps(&fit->law, levels, count) <= USL_PROMISE * highest_rps(levels, count))
		fit->status = SEARCH_USL_FITTED;
	else
		fit->status = stops_at_once(levels, count) ? SEARCH_USL_SUDDEN : SEARCH_USL_POOR;
}

int usl_fit(const struct usl_point *levels, size_t count, struct usl_fit *fit)
{
	struct data data = {.points = levels, .count = count};
	double *room;

	*fit = (struct usl_fit){.status = SEARCH_USL_FEW_LEVELS};
	if (count < USL_FEWEST)
		return 0;
	fit->status = SEARCH_USL_NARROW;
	if (levels[count - 1].concurrency < USL_SPAN * levels[0].concurrency)
		return 0;
	room = calloc(2 * count, sizeof(*room));
	if (!room)
		return -ENOMEM;
	data.weights = room;
	fit->status = SEARCH_USL_POOR;
	if (find_law(&data, room + count, &fit->law))
		judge(levels, count, fit);
	free(room);
	return 0;
}
