/* SPDX-License-Identifier: MIT */
#include "base/units.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

/* Enough of a text to recognise it by. */
#define QUOTED_BYTES 60

#define NS_PER_MINUTE (60 * NS_PER_S)
#define NS_PER_HOUR   (60 * NS_PER_MINUTE)
#define NS_PER_DAY    (24 * NS_PER_HOUR)

/* What a text is parsed as, for the sentence when it is not. */
struct expectation {
	const char *noun;    /* "a duration" */
	const char *example; /* "write 30s, 2m or 250ms" */
};

/* A unit by its name and how many of the result's quanta it has. */
struct unit {
	const char *name;
	uint64_t factor;
};

/*
 * A decimal number as it was written: digits / 10^places. Both are bounded so that digits × the
 * largest factor (a day in ns), and 60 × 10^places, fit 128 bits: beyond them nothing is in range.
 */
#define DIGITS_LIMIT 22
#define PLACES_LIMIT 36

struct decimal {
	unsigned __int128 digits;
	unsigned int digit_count; /* without leading zeros */
	unsigned int places;
	bool too_large; /* the whole part does not fit */
	bool too_fine;  /* the fraction does not */
};

static const struct expectation duration_expected = {"a duration", "write 30s, 2m or 250ms"};
static const struct expectation rate_expected = {
	"a rate in requests a second", "write 500, 10k or 30/m"};
static const struct expectation size_expected = {"a size", "write 4096, 64K or 10MB"};
static const struct expectation order_expected = {
	"a duration", "write each unit once, the largest first, as in 1m30s"};

/* Largest first: the parts of a sum stand in this order. */
static const struct unit duration_units[] = {
	{"d", NS_PER_DAY},
	{"h", NS_PER_HOUR},
	{"m", NS_PER_MINUTE},
	{"s", NS_PER_S},
	{"ms", NS_PER_MS},
	{"us", NS_PER_US},
	{"ns", 1},
};

/* Spellings of us: with the micro sign and with the Greek letter. */
static const char *const micro_names[] = {"\u00b5s", "\u03bcs"};

static const struct unit count_units[] = {{"", 1}, {"k", 1000}, {"M", 1000000}};
static const struct unit rate_units[] = {{"", 1000}, {"k", 1000000}, {"M", 1000000000}};

static const struct unit size_units[] = {
	{"", 1},
	{"B", 1},
	{"K", 1ULL << 10},
	{"KiB", 1ULL << 10},
	{"kB", 1000},
	{"M", 1ULL << 20},
	{"MiB", 1ULL << 20},
	{"MB", 1000000},
	{"G", 1ULL << 30},
	{"GiB", 1ULL << 30},
	{"GB", 1000000000},
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static int refuse(struct err *err, int code, const char *text, const char *why,
	const struct expectation *expected)
{
	return err_set(err, ERR_USAGE, code, "\"%.*s%s\" %s: %s", QUOTED_BYTES, text,
		strlen(text) > QUOTED_BYTES ? "..." : "", why, expected->example);
}

/* The general sentence: what it is not. */
static int refuse_form(struct err *err, const char *text, const struct expectation *expected)
{
	char why[64];

	if (text[0] == '-' && text[1] >= '0' && text[1] <= '9')
		return refuse(err, -ERANGE, text, "is negative", expected);
	snprintf(why, sizeof why, "is not %s", expected->noun);
	return refuse(err, -EINVAL, text, why, expected);
}

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static bool append_digit(struct decimal *decimal, char digit)
{
	if (decimal->digit_count == 0 && digit == '0')
		return true;
	if (decimal->digit_count == DIGITS_LIMIT)
		return false;
	decimal->digits = decimal->digits * 10 + (unsigned int)(digit - '0');
	decimal->digit_count++;
	return true;
}

static bool append_place(struct decimal *decimal, char digit)
{
	if (decimal->places == PLACES_LIMIT)
		return false;
	decimal->places++;
	return append_digit(decimal, digit);
}

/* The digits behind the point. Zeros count only when another digit follows. */
static void read_fraction(const char *first, const char *end, struct decimal *decimal)
{
	while (end > first && end[-1] == '0')
		end--;
	for (; first < end; first++)
		if (!append_place(decimal, *first))
			decimal->too_fine = true;
}

/* Reads digits, and a point with digits behind it; false when there are none. */
static bool read_decimal(const char **cursor, struct decimal *decimal)
{
	const char *at = *cursor, *fraction;

	memset(decimal, 0, sizeof *decimal);
	if (!is_digit(*at))
		return false;
	for (; is_digit(*at); at++)
		if (!append_digit(decimal, *at))
			decimal->too_large = true;
	if (*at == '.') {
		fraction = ++at;
		while (is_digit(*at))
			at++;
		if (at == fraction)
			return false;
		read_fraction(fraction, at, decimal);
	}
	*cursor = at;
	return true;
}

/*
 * decimal × factor / divisor: exactly, or rounded to the nearest when the divisor is not 1. -EINVAL
 * when it falls between two results, -ERANGE when it does not fit.
 */
static int scale(const struct decimal *decimal, uint64_t factor, uint64_t divisor, uint64_t *result)
{
	unsigned __int128 scaled, by = divisor;

	if (decimal->too_large)
		return -ERANGE;
	if (decimal->too_fine)
		return -EINVAL;
	scaled = decimal->digits * factor;
	for (unsigned int i = 0; i < decimal->places; i++)
		by *= 10;
	if (divisor == 1 && scaled % by)
		return -EINVAL;
	scaled = (scaled + by / 2) / by;
	if (scaled > UINT64_MAX)
		return -ERANGE;
	*result = (uint64_t)scaled;
	return 0;
}

/* The unit that the first length bytes of a text name, or NULL. */
static const struct unit *find_unit(
	const struct unit *units, size_t unit_count, const char *name, size_t length)
{
	for (size_t i = 0; i < unit_count; i++)
		if (strlen(units[i].name) == length && memcmp(units[i].name, name, length) == 0)
			return &units[i];
	return NULL;
}

static const struct unit *find_duration_unit(const char *name, size_t length)
{
	for (size_t i = 0; i < COUNT_OF(micro_names); i++)
		if (strlen(micro_names[i]) == length && memcmp(micro_names[i], name, length) == 0)
			return find_unit(duration_units, COUNT_OF(duration_units), "us", 2);
	return find_unit(duration_units, COUNT_OF(duration_units), name, length);
}

static int refuse_scale(struct err *err, int code, const char *text, const char *too_fine,
	const struct expectation *expected)
{
	return refuse(err, code, text, code == -ERANGE ? "is too large" : too_fine, expected);
}

static int refuse_unit(struct err *err, const char *text, const char *unit, size_t length,
	const struct expectation *expected)
{
	char why[96];

	snprintf(why, sizeof why, "has the unknown unit \"%.*s\"",
		(int)(length < QUOTED_BYTES ? length : QUOTED_BYTES), unit);
	return refuse(err, -EINVAL, text, why, expected);
}

/* One part of a sum ("1m" of "1m30s"). *last is the unit before it, and becomes this one's. */
static int parse_duration_part(const char *text, const char **cursor, const struct unit **last,
	uint64_t *part_ns, struct err *err)
{
	const struct expectation *expected = &duration_expected;
	const struct unit *unit;
	struct decimal decimal;
	size_t length;
	int rc;

	if (!read_decimal(cursor, &decimal))
		return refuse_form(err, text, expected);
	length = strcspn(*cursor, "0123456789.");
	if (length == 0)
		return refuse(err, -EINVAL, text, "has no unit", expected);
	unit = find_duration_unit(*cursor, length);
	if (!unit)
		return refuse_unit(err, text, *cursor, length, expected);
	if (*last && unit <= *last)
		return refuse(err, -EINVAL, text, "is not a sum of durations", &order_expected);
	rc = scale(&decimal, unit->factor, 1, part_ns);
	if (rc < 0)
		return refuse_scale(err, rc, text, "is finer than a nanosecond", expected);
	*last = unit;
	*cursor += length;
	return 0;
}

int units_parse_duration(const char *text, uint64_t *duration_ns, struct err *err)
{
	const struct unit *last = NULL;
	const char *cursor = text;
	uint64_t total_ns = 0, part_ns = 0;
	int rc;

	if (strcmp(text, "0") == 0) {
		*duration_ns = 0;
		return 0;
	}
	do {
		rc = parse_duration_part(text, &cursor, &last, &part_ns, err);
		if (rc < 0)
			return rc;
		if (__builtin_add_overflow(total_ns, part_ns, &total_ns))
			return refuse(err, -ERANGE, text, "is too large", &duration_expected);
	} while (*cursor);
	*duration_ns = total_ns;
	return 0;
}

int units_parse_rate(const char *text, uint64_t *rate_mrps, struct err *err)
{
	const struct expectation *expected = &rate_expected;
	const struct unit *unit;
	const char *cursor = text, *slash;
	struct decimal decimal;
	uint64_t divisor = 1, result = 0;
	int rc;

	if (!read_decimal(&cursor, &decimal))
		return refuse_form(err, text, expected);
	slash = strchrnul(cursor, '/');
	unit = find_unit(rate_units, COUNT_OF(rate_units), cursor, (size_t)(slash - cursor));
	if (strcmp(slash, "/m") == 0)
		divisor = 60;
	else if (*slash && strcmp(slash, "/s") != 0)
		return refuse(
			err, -EINVAL, text, "is neither a second (/s) nor a minute (/m)", expected);
	if (!unit)
		return refuse_unit(err, text, cursor, (size_t)(slash - cursor), expected);
	rc = scale(&decimal, unit->factor, divisor, &result);
	if (rc < 0)
		return refuse_scale(err, rc, text, "is finer than a thousandth", expected);
	if (result == 0 && decimal.digits)
		return refuse(err, -ERANGE, text, "is below a thousandth of a request a second",
			expected);
	*rate_mrps = result;
	return 0;
}

int units_parse_size(const char *text, uint64_t *size_bytes, struct err *err)
{
	const struct expectation *expected = &size_expected;
	const struct unit *unit;
	const char *cursor = text;
	struct decimal decimal;
	int rc;

	if (!read_decimal(&cursor, &decimal))
		return refuse_form(err, text, expected);
	unit = find_unit(size_units, COUNT_OF(size_units), cursor, strlen(cursor));
	if (!unit)
		return refuse_unit(err, text, cursor, strlen(cursor), expected);
	rc = scale(&decimal, unit->factor, 1, size_bytes);
	if (rc < 0)
		return refuse_scale(err, rc, text, "is not a whole number of bytes", expected);
	return 0;
}

int units_parse_count(
	const char *text, uint64_t lowest, uint64_t highest, uint64_t *count, struct err *err)
{
	char example[96];
	struct expectation expected = {"a whole number", example};
	const struct unit *unit;
	const char *cursor = text;
	struct decimal decimal;
	uint64_t result = 0;
	int rc;

	if (highest == UINT64_MAX)
		snprintf(
			example, sizeof example, "write %ju or more, as in 10k", (uintmax_t)lowest);
	else
		snprintf(example, sizeof example, "write %ju to %ju", (uintmax_t)lowest,
			(uintmax_t)highest);
	if (!read_decimal(&cursor, &decimal))
		return refuse_form(err, text, &expected);
	unit = find_unit(count_units, COUNT_OF(count_units), cursor, strlen(cursor));
	if (!unit)
		return refuse_form(err, text, &expected);
	rc = scale(&decimal, unit->factor, 1, &result);
	if (rc < 0)
		return refuse_scale(err, rc, text, "is not a whole number", &expected);
	if (result < lowest || result > highest)
		return refuse(err, -ERANGE, text, result < lowest ? "is too small" : "is too large",
			&expected);
	*count = result;
	return 0;
}

/* A unit of a formatter, and where the next larger one takes over. */
struct step {
	const char *name;
	uint64_t factor;
	uint64_t ceiling;
};

/* Three significant digits in the first unit that they fit below the ceiling of. */
static char *format_steps(char *text, uint64_t value, const struct step *step)
{
	unsigned __int128 scaled;
	uint64_t rounded;
	unsigned int power;

	for (;; step++) {
		for (power = step->factor == 1 ? 1 : 100; power; power /= 10) {
			scaled = (unsigned __int128)value * power + step->factor / 2;
			rounded = (uint64_t)(scaled / step->factor);
			if (rounded >= (power == 1 ? step->ceiling : 1000) ||
				rounded >= (unsigned __int128)step->ceiling * power)
				continue;
			if (power == 1)
				snprintf(text, UNITS_TEXT_BYTES, "%ju %s", (uintmax_t)rounded,
					step->name);
			else
				snprintf(text, UNITS_TEXT_BYTES, "%ju.%0*ju %s",
					(uintmax_t)(rounded / power), power == 100 ? 2 : 1,
					(uintmax_t)(rounded % power), step->name);
			return text;
		}
	}
}

char *units_format_duration(char text[UNITS_TEXT_BYTES], uint64_t duration_ns)
{
	static const struct step steps[] = {
		{"ns", 1, 1000},
		{"µs", NS_PER_US, 1000},
		{"ms", NS_PER_MS, 1000},
		{"s", NS_PER_S, 1000},
		{"min", NS_PER_MINUTE, 100},
		{"h", NS_PER_HOUR, 100},
		{"d", NS_PER_DAY, UINT64_MAX},
	};

	if (!duration_ns)
		return strcpy(text, "0");
	return format_steps(text, duration_ns, steps);
}

char *units_format_size(char text[UNITS_TEXT_BYTES], uint64_t size_bytes)
{
	static const struct step steps[] = {
		{"B", 1, 1024},
		{"KiB", 1ULL << 10, 1024},
		{"MiB", 1ULL << 20, 1024},
		{"GiB", 1ULL << 30, 1024},
		{"TiB", 1ULL << 40, UINT64_MAX},
	};

	return format_steps(text, size_bytes, steps);
}

/* Whole units and, where they suffice, up to three decimals ("1.5s"); the rest in smaller units. */
char *units_format_duration_exact(char text[UNITS_TEXT_BYTES], uint64_t duration_ns)
{
	size_t length = 0;
	uint64_t whole, rest = duration_ns;
	unsigned int thousandths;

	if (!duration_ns)
		return strcpy(text, "0");
	for (const struct unit *unit = duration_units; rest; unit++) {
		whole = rest / unit->factor;
		if (!whole)
			continue;
		rest %= unit->factor;
		length += (size_t)snprintf(
			text + length, UNITS_TEXT_BYTES - length, "%ju", (uintmax_t)whole);
		if (rest && unit->factor <= NS_PER_S && rest % (unit->factor / 1000) == 0) {
			thousandths = (unsigned int)(rest / (unit->factor / 1000));
			length += (size_t)snprintf(
				text + length, UNITS_TEXT_BYTES - length, ".%03u", thousandths);
			while (text[length - 1] == '0')
				length--;
			rest = 0;
		}
		length += (size_t)snprintf(
			text + length, UNITS_TEXT_BYTES - length, "%s", unit->name);
	}
	return text;
}

/* Thousands apart by commas in the digits that it begins with. */
static char *group(char text[UNITS_TEXT_BYTES])
{
	size_t whole = strspn(text, "0123456789"), length = strlen(text);

	for (size_t at = whole; at > 3 && length + 1 < UNITS_TEXT_BYTES; length++) {
		at -= 3;
		memmove(text + at + 1, text + at, length - at + 1);
		text[at] = ',';
	}
	return text;
}

char *units_format_count(char text[UNITS_TEXT_BYTES], uint64_t count)
{
	snprintf(text, UNITS_TEXT_BYTES, "%ju", (uintmax_t)count);
	return group(text);
}

char *units_format_rate(char text[UNITS_TEXT_BYTES], double rate_rps)
{
	int places = 0;
	size_t length;

	if (!isfinite(rate_rps) || rate_rps < 0)
		return strcpy(text, "-");
	if (rate_rps > 0 && rate_rps < 0.0005)
		return strcpy(text, "<0.001");
	if (rate_rps >= 1e15) {
		snprintf(text, UNITS_TEXT_BYTES, "%.3g", rate_rps);
		return text;
	}
	if (rate_rps < 100000)
		places = rate_rps < 1 ? 3 : rate_rps < 1000 ? 2 : 1;
	snprintf(text, UNITS_TEXT_BYTES, "%.*f", places, rate_rps);
	if (places) {
		length = strlen(text);
		while (text[length - 1] == '0')
			length--;
		length -= text[length - 1] == '.';
		text[length] = '\0';
	}
	return group(text);
}

char *units_format_share(char text[UNITS_TEXT_BYTES], double share)
{
	double percent = share * 100;

	if (!isfinite(percent) || percent < 0)
		return strcpy(text, "-");
	if (percent == 0 || percent == 100)
		return strcpy(text, percent == 0 ? "0 %" : "100 %");
	if (percent < 0.01)
		return strcpy(text, "<0.01 %");
	/* Not quite all must not look like all. */
	if (percent > 99.99 && percent < 100)
		return strcpy(text, ">99.99 %");
	snprintf(text, UNITS_TEXT_BYTES, "%.*f %%",
		percent < 9.995 || (percent >= 99.95 && percent < 100) ? 2
		: percent < 100                                        ? 1
								       : 0,
		percent > 1e15 ? 1e15 : percent);
	return group(text);
}

char *units_format_times(char text[UNITS_TEXT_BYTES], double times)
{
	if (!isfinite(times) || times < 0)
		return strcpy(text, "-");
	snprintf(text, UNITS_TEXT_BYTES, "%.*f", times < 9.95 ? 1 : 0, times > 1e15 ? 1e15 : times);
	return group(text);
}
