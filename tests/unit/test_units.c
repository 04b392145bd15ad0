/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/rng.h"
#include "base/units.h"

typedef int parser(const char *text, uint64_t *value, struct err *err);

struct accepted {
	const char *text;
	uint64_t value;
};

struct refused {
	const char *text;
	int code;
	const char *sentence;
};

static void check_accepted(parser *parse, const struct accepted *rows, size_t count)
{
	struct err err;
	uint64_t value;

	for (size_t i = 0; i < count; i++) {
		memset(&err, 0, sizeof err);
		value = 12345;
		if (parse(rows[i].text, &value, &err) != 0)
			fail_msg("\"%s\" was refused: %s", rows[i].text, err.text);
		if (value != rows[i].value)
			fail_msg("\"%s\" became %ju", rows[i].text, (uintmax_t)value);
		assert_int_equal(err.kind, ERR_NONE);
	}
}

static void check_refused(parser *parse, const struct refused *rows, size_t count)
{
	struct err err;
	uint64_t value;

	for (size_t i = 0; i < count; i++) {
		memset(&err, 0, sizeof err);
		value = 12345;
		if (parse(rows[i].text, &value, &err) != rows[i].code)
			fail_msg("\"%s\" did not give %d", rows[i].text, rows[i].code);
		assert_string_equal(err.text, rows[i].sentence);
		assert_int_equal(err.kind, ERR_USAGE);
		/* The caller's value stays. */
		assert_int_equal(value, 12345);
		assert_int_equal(parse(rows[i].text, &value, NULL), rows[i].code);
	}
}

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Texts that are nothing at all, for every parser. */
static const char *const junk[] = {"", " ", "x", "-", "+5", "+5s", ".", ".5", ".5s", "5.", "5.s",
	"5..5s", "1,000", "1,000s", "0x10", "0x10s", "1e3", "1e3s", "1e400", "1e400s", "nan", "NaN",
	"inf", "infinity", "-inf", "10 s", "10 k", "10 K", " 10s", " 10", "10s ", "10 ", "\t10",
	"10\n", "10s\n", "5x", "5%", "five", "--5", "-", "- 5", "5-", "5s-", "5k-3", "5kk", "5KK",
	"5ss", "s", "k", "K", "M", "/s", "1/", "1/s/s", "1/m/m", "\xC2\xB5s", "5\xC2", "\xFF",
	"1_000", "1'000", "0s0"};

static int parse_any_count(const char *text, uint64_t *count, struct err *err)
{
	return units_parse_count(text, 0, UINT64_MAX, count, err);
}

static void junk_is_refused_by_all(void **state)
{
	static parser *const parsers[] = {
		units_parse_duration, units_parse_rate, units_parse_size, parse_any_count};
	static const char *const examples[] = {"30s, 2m or 250ms", "500, 10k or 30/m",
		"4096, 64K or 10MB", "0 or more, as in 10k"};
	struct err err;
	uint64_t value = 12345;
	char quoted[64];
	int rc;

	(void)state;
	for (size_t p = 0; p < COUNT_OF(parsers); p++)
		for (size_t i = 0; i < COUNT_OF(junk); i++) {
			memset(&err, 0, sizeof err);
			rc = parsers[p](junk[i], &value, &err);
			if (rc != -EINVAL && rc != -ERANGE)
				fail_msg("parser %zu took \"%s\"", p, junk[i]);
			assert_int_equal(err.kind, ERR_USAGE);
			snprintf(quoted, sizeof quoted, "\"%s\" ", junk[i]);
			assert_memory_equal(err.text, quoted, strlen(quoted));
			assert_non_null(strstr(err.text, examples[p]));
			assert_int_equal(value, 12345);
		}
}

static void durations_are_taken(void **state)
{
	static const struct accepted rows[] = {
		{"0", 0},
		{"0s", 0},
		{"30s", 30 * NS_PER_S},
		{"2m", 120 * NS_PER_S},
		{"250ms", 250 * NS_PER_MS},
		{"1.5h", 5400 * NS_PER_S},
		{"100us", 100 * NS_PER_US},
		{"100\u00b5s", 100 * NS_PER_US},
		{"100\u03bcs", 100 * NS_PER_US},
		{"50ns", 50},
		{"1d", 86400 * NS_PER_S},
		{"1m30s", 90 * NS_PER_S},
		{"1d2h3m4s5ms6us7ns", 93784005006007},
		{"1m0.5s", 60500 * NS_PER_MS},
		{"1.000000001s", 1000000001},
		{"1.5000000000000000000000000000000000000000s", 1500 * NS_PER_MS},
		{"0.001us", 1},
		{"000000000000000000000000000000010s", 10 * NS_PER_S},
		{"18446744073709551615ns", UINT64_MAX},
		{"213503d23h34m33s709ms551us615ns", UINT64_MAX},
	};

	(void)state;
	check_accepted(units_parse_duration, rows, COUNT_OF(rows));
}

#define ZEROS_70 "0000000000000000000000000000000000000000000000000000000000000000000000"

static void durations_are_refused(void **state)
{
	static const struct refused rows[] = {
		{"", -EINVAL, "\"\" is not a duration: write 30s, 2m or 250ms"},
		{"30", -EINVAL, "\"30\" has no unit: write 30s, 2m or 250ms"},
		{"1m30", -EINVAL, "\"1m30\" has no unit: write 30s, 2m or 250ms"},
		{"00", -EINVAL, "\"00\" has no unit: write 30s, 2m or 250ms"},
		{"-5s", -ERANGE, "\"-5s\" is negative: write 30s, 2m or 250ms"},
		{"5x", -EINVAL, "\"5x\" has the unknown unit \"x\": write 30s, 2m or 250ms"},
		{"10 s", -EINVAL, "\"10 s\" has the unknown unit \" s\": write 30s, 2m or 250ms"},
		{"5S", -EINVAL, "\"5S\" has the unknown unit \"S\": write 30s, 2m or 250ms"},
		{"1m30s5x", -EINVAL,
			"\"1m30s5x\" has the unknown unit \"x\": write 30s, 2m or 250ms"},
		{"30s1m", -EINVAL,
			"\"30s1m\" is not a sum of durations: "
			"write each unit once, the largest first, as in 1m30s"},
		{"1s1s", -EINVAL,
			"\"1s1s\" is not a sum of durations: "
			"write each unit once, the largest first, as in 1m30s"},
		{"1.5ns", -EINVAL, "\"1.5ns\" is finer than a nanosecond: write 30s, 2m or 250ms"},
		{"0.00000000000000000000000001d", -EINVAL,
			"\"0.00000000000000000000000001d\" is finer than a nanosecond: "
			"write 30s, 2m or 250ms"},
		{"0.0000000000000000000000000000000000000000000000000001d", -EINVAL,
			"\"0.0000000000000000000000000000000000000000000000000001d\" is finer than "
			"a nanosecond: write 30s, 2m or 250ms"},
		{"1.23456789012345678901234567890s", -EINVAL,
			"\"1.23456789012345678901234567890s\" is finer than a nanosecond: "
			"write 30s, 2m or 250ms"},
		{"18446744073709551616ns", -ERANGE,
			"\"18446744073709551616ns\" is too large: write 30s, 2m or 250ms"},
		/* 2^128 + 1 is not 1, and 10^140 is not 0 either. */
		{"340282366920938463463374607431768211457ns", -ERANGE,
			"\"340282366920938463463374607431768211457ns\" is too large: "
			"write 30s, 2m or 250ms"},
		{"0." ZEROS_70 ZEROS_70 "1s", -EINVAL,
			"\"0.0000000000000000000000000000000000000000000000000000000000...\" is "
			"finer "
			"than a nanosecond: write 30s, 2m or 250ms"},
		{"213504d", -ERANGE, "\"213504d\" is too large: write 30s, 2m or 250ms"},
		{"213503d23h34m33s709ms551us616ns", -ERANGE,
			"\"213503d23h34m33s709ms551us616ns\" is too large: "
			"write 30s, 2m or 250ms"},
		{"100000000000000000000000000000000000000000000000000000000000000000000000s",
			-ERANGE,
			"\"100000000000000000000000000000000000000000000000000000000000...\" "
			"is too large: write 30s, 2m or 250ms"},
	};

	(void)state;
	check_refused(units_parse_duration, rows, COUNT_OF(rows));
}

static void rates_are_taken(void **state)
{
	static const struct accepted rows[] = {
		{"0", 0},
		{"500", 500000},
		{"10k", 10000000},
		{"1.5M", 1500000000},
		{"0.25", 250},
		{"0.001", 1},
		{"1000/s", 1000000},
		{"30/m", 500},
		{"6k/m", 100000},
		{"2.5k/s", 2500000},
		/* The nearest thousandth: 0.11666... and 1.66666... */
		{"7/m", 117},
		{"100/m", 1667},
		{"0.03/m", 1},
		{"18446744073709551.615", UINT64_MAX},
	};

	(void)state;
	check_accepted(units_parse_rate, rows, COUNT_OF(rows));
}

static void rates_are_refused(void **state)
{
	static const struct refused rows[] = {
		{"abc", -EINVAL,
			"\"abc\" is not a rate in requests a second: write 500, 10k or 30/m"},
		{"-1", -ERANGE, "\"-1\" is negative: write 500, 10k or 30/m"},
		{"10K", -EINVAL, "\"10K\" has the unknown unit \"K\": write 500, 10k or 30/m"},
		{"5x/s", -EINVAL, "\"5x/s\" has the unknown unit \"x\": write 500, 10k or 30/m"},
		{"10/h", -EINVAL,
			"\"10/h\" is neither a second (/s) nor a minute (/m): write 500, 10k or "
			"30/m"},
		{"0.0001", -EINVAL,
			"\"0.0001\" is finer than a thousandth: write 500, 10k or 30/m"},
		{"0.01/m", -ERANGE,
			"\"0.01/m\" is below a thousandth of a request a second: "
			"write 500, 10k or 30/m"},
		{"18446744073709551.616", -ERANGE,
			"\"18446744073709551.616\" is too large: write 500, 10k or 30/m"},
		{"99999999999999999999M", -ERANGE,
			"\"99999999999999999999M\" is too large: write 500, 10k or 30/m"},
	};

	(void)state;
	check_refused(units_parse_rate, rows, COUNT_OF(rows));
}

static void sizes_are_taken(void **state)
{
	static const struct accepted rows[] = {
		{"0", 0},
		{"4096", 4096},
		{"4096B", 4096},
		{"64K", 65536},
		{"64KiB", 65536},
		{"64kB", 64000},
		{"1M", 1048576},
		{"1MiB", 1048576},
		{"1MB", 1000000},
		{"2G", 2147483648},
		{"2GiB", 2147483648},
		{"2GB", 2000000000},
		{"1.5K", 1536},
		{"0.5kB", 500},
		{"0.000000000931322574615478515625G", 1},
		{"18446744073709551615", UINT64_MAX},
		{"17179869183G", 17179869183ULL << 30},
	};

	(void)state;
	check_accepted(units_parse_size, rows, COUNT_OF(rows));
}

static void sizes_are_refused(void **state)
{
	static const struct refused rows[] = {
		{"big", -EINVAL, "\"big\" is not a size: write 4096, 64K or 10MB"},
		{"-64K", -ERANGE, "\"-64K\" is negative: write 4096, 64K or 10MB"},
		{"64k", -EINVAL, "\"64k\" has the unknown unit \"k\": write 4096, 64K or 10MB"},
		{"64KB", -EINVAL, "\"64KB\" has the unknown unit \"KB\": write 4096, 64K or 10MB"},
		{"1.5", -EINVAL, "\"1.5\" is not a whole number of bytes: write 4096, 64K or 10MB"},
		{"0.3K", -EINVAL,
			"\"0.3K\" is not a whole number of bytes: write 4096, 64K or 10MB"},
		{"17179869184G", -ERANGE, "\"17179869184G\" is too large: write 4096, 64K or 10MB"},
	};

	(void)state;
	check_refused(units_parse_size, rows, COUNT_OF(rows));
}

static int parse_threads(const char *text, uint64_t *count, struct err *err)
{
	return units_parse_count(text, 1, 1500, count, err);
}

static void counts_are_taken(void **state)
{
	static const struct accepted rows[] = {
		{"1", 1}, {"64", 64}, {"1k", 1000}, {"1500", 1500}, {"1.5k", 1500}, {"0064", 64}};
	static const struct accepted unlimited[] = {
		{"0", 0}, {"10k", 10000}, {"1M", 1000000}, {"18446744073709551615", UINT64_MAX}};

	(void)state;
	check_accepted(parse_threads, rows, COUNT_OF(rows));
	check_accepted(parse_any_count, unlimited, COUNT_OF(unlimited));
}

static void counts_are_refused(void **state)
{
	static const struct refused rows[] = {
		{"many", -EINVAL, "\"many\" is not a whole number: write 1 to 1500"},
		{"1.5", -EINVAL, "\"1.5\" is not a whole number: write 1 to 1500"},
		{"0", -ERANGE, "\"0\" is too small: write 1 to 1500"},
		{"-3", -ERANGE, "\"-3\" is negative: write 1 to 1500"},
		{"1501", -ERANGE, "\"1501\" is too large: write 1 to 1500"},
		{"2k", -ERANGE, "\"2k\" is too large: write 1 to 1500"},
		{"10K", -EINVAL, "\"10K\" is not a whole number: write 1 to 1500"},
		{"18446744073709551616", -ERANGE,
			"\"18446744073709551616\" is too large: write 1 to 1500"},
	};

	(void)state;
	check_refused(parse_threads, rows, COUNT_OF(rows));
}

static void durations_are_shown(void **state)
{
	static const struct {
		uint64_t duration_ns;
		const char *text, *exact;
	} rows[] = {
		{0, "0", "0"},
		{1, "1 ns", "1ns"},
		{873, "873 ns", "873ns"},
		{999, "999 ns", "999ns"},
		{1000, "1.00 µs", "1us"},
		{1004, "1.00 µs", "1.004us"},
		{1005, "1.01 µs", "1.005us"},
		{9994, "9.99 µs", "9.994us"},
		{9995, "10.0 µs", "9.995us"},
		{12400, "12.4 µs", "12.4us"},
		{99950, "100 µs", "99.95us"},
		{999499, "999 µs", "999.499us"},
		{999500, "1.00 ms", "999.5us"},
		{NS_PER_MS, "1.00 ms", "1ms"},
		{250 * NS_PER_MS, "250 ms", "250ms"},
		{1500 * NS_PER_MS, "1.50 s", "1.5s"},
		{1000000001, "1.00 s", "1s1ns"},
		{10 * NS_PER_S, "10.0 s", "10s"},
		{90 * NS_PER_S, "90.0 s", "1m30s"},
		{60500 * NS_PER_MS, "60.5 s", "1m500ms"},
		{999 * NS_PER_S, "999 s", "16m39s"},
		{1000 * NS_PER_S, "16.7 min", "16m40s"},
		{5996 * NS_PER_S, "99.9 min", "1h39m56s"},
		{6000 * NS_PER_S, "1.67 h", "1h40m"},
		{86400 * NS_PER_S, "24.0 h", "1d"},
		{100 * 3600 * NS_PER_S, "4.17 d", "4d4h"},
		{UINT64_MAX, "213504 d", "213503d23h34m33s709ms551.615us"},
	};
	char text[UNITS_TEXT_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_ptr_equal(units_format_duration(text, rows[i].duration_ns), text);
		assert_string_equal(text, rows[i].text);
		assert_string_equal(
			units_format_duration_exact(text, rows[i].duration_ns), rows[i].exact);
	}
}

/* Random magnitudes, so that every unit comes up. */
static void exact_durations_read_back(void **state)
{
	char text[UNITS_TEXT_BYTES];
	struct err err = {0};
	struct rng rng;
	uint64_t duration_ns, back_ns;

	(void)state;
	rng_init(&rng, 3, 0);
	for (unsigned int i = 0; i < 50000; i++) {
		duration_ns = rng_next(&rng) >> rng_below(&rng, 64);
		if (i % 2)
			duration_ns -= duration_ns % (i % 4 == 1 ? NS_PER_MS : NS_PER_S);
		units_format_duration_exact(text, duration_ns);
		back_ns = 1;
		if (units_parse_duration(text, &back_ns, &err) != 0 || back_ns != duration_ns)
			fail_msg("%ju became \"%s\" became %ju: %s", (uintmax_t)duration_ns, text,
				(uintmax_t)back_ns, err.text);
	}
}

/* The three digits shown are within half of the last one. */
static void shown_durations_are_near(void **state)
{
	static const struct {
		const char *name;
		double factor;
	} names[] = {{"ns", 1}, {"µs", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"min", 60e9}, {"h", 3600e9},
		{"d", 86400e9}};
	char text[UNITS_TEXT_BYTES], unit[8];
	struct rng rng;
	double shown, duration;
	size_t row;

	(void)state;
	rng_init(&rng, 4, 0);
	for (unsigned int i = 0; i < 50000; i++) {
		duration = (double)((rng_next(&rng) >> rng_below(&rng, 63)) | 1);
		units_format_duration(text, (uint64_t)duration);
		assert_int_equal(sscanf(text, "%lf %7s", &shown, unit), 2);
		for (row = 0; row < COUNT_OF(names) && strcmp(unit, names[row].name) != 0; row++)
			;
		assert_true(row < COUNT_OF(names));
		if (fabs(shown * names[row].factor - duration) > duration * 0.00501)
			fail_msg("%.0f is shown as \"%s\"", duration, text);
	}
}

static void counts_and_sizes_are_shown(void **state)
{
	static const struct {
		uint64_t value;
		const char *count, *size;
	} rows[] = {
		{0, "0", "0 B"},
		{7, "7", "7 B"},
		{512, "512", "512 B"},
		{999, "999", "999 B"},
		{1000, "1,000", "1000 B"},
		{1023, "1,023", "1023 B"},
		{1024, "1,024", "1.00 KiB"},
		{12345, "12,345", "12.1 KiB"},
		{123456, "123,456", "121 KiB"},
		{1234567, "1,234,567", "1.18 MiB"},
		{1572864, "1,572,864", "1.50 MiB"},
		{1073741823, "1,073,741,823", "1.00 GiB"},
		{1ULL << 50, "1,125,899,906,842,624", "1024 TiB"},
		{UINT64_MAX, "18,446,744,073,709,551,615", "16777216 TiB"},
	};
	char text[UNITS_TEXT_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_string_equal(units_format_count(text, rows[i].value), rows[i].count);
		assert_string_equal(units_format_size(text, rows[i].value), rows[i].size);
	}
}

static void rates_are_shown(void **state)
{
	static const struct {
		double rate_rps;
		const char *text;
	} rows[] = {
		{0, "0"},
		{0.0001, "<0.001"},
		{0.017, "0.017"},
		{0.25, "0.25"},
		{1, "1"},
		{9.5, "9.5"},
		{142.714, "142.71"},
		{1000, "1,000"},
		{1234.5, "1,234.5"},
		{1234.56, "1,234.6"},
		{50000, "50,000"},
		{99999.99, "100,000"},
		{123456.7, "123,457"},
		{1500000, "1,500,000"},
		{1e18, "1e+18"},
		{HUGE_VAL, "-"},
		{NAN, "-"},
		{-1, "-"},
	};
	char text[UNITS_TEXT_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_string_equal(units_format_rate(text, rows[i].rate_rps), rows[i].text);
}

static void shares_are_shown(void **state)
{
	static const struct {
		double share;
		const char *text;
	} rows[] = {
		{0, "0 %"},
		{1e-9, "<0.01 %"},
		{0.0001, "0.01 %"},
		{0.05, "5.00 %"},
		{0.0999, "9.99 %"},
		{0.09996, "10.0 %"},
		{0.123, "12.3 %"},
		{0.5, "50.0 %"},
		{0.9994, "99.9 %"},
		{0.9997, "99.97 %"},
		{0.99995, ">99.99 %"},
		{1 - 1e-12, ">99.99 %"},
		{1, "100 %"},
		{1.5, "150 %"},
		{9.994, "999 %"},
		{9.996, "1,000 %"},
		{23.36, "2,336 %"},
		{1e300, "1,000,000,000,000,000 %"},
		{NAN, "-"},
		{-0.1, "-"},
	};
	char text[UNITS_TEXT_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_string_equal(units_format_share(text, rows[i].share), rows[i].text);
}

static void times_are_shown(void **state)
{
	static const struct {
		double times;
		const char *text;
	} rows[] = {
		{0, "0.0"},
		{1, "1.0"},
		{2.44, "2.4"},
		{9.94, "9.9"},
		{9.96, "10"},
		{24.36, "24"},
		{1234.5678, "1,235"},
		{1e300, "1,000,000,000,000,000"},
		{INFINITY, "-"},
		{NAN, "-"},
		{-1, "-"},
	};
	char text[UNITS_TEXT_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_string_equal(units_format_times(text, rows[i].times), rows[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(junk_is_refused_by_all),
		cmocka_unit_test(durations_are_taken),
		cmocka_unit_test(durations_are_refused),
		cmocka_unit_test(rates_are_taken),
		cmocka_unit_test(rates_are_refused),
		cmocka_unit_test(sizes_are_taken),
		cmocka_unit_test(sizes_are_refused),
		cmocka_unit_test(counts_are_taken),
		cmocka_unit_test(counts_are_refused),
		cmocka_unit_test(durations_are_shown),
		cmocka_unit_test(exact_durations_read_back),
		cmocka_unit_test(shown_durations_are_near),
		cmocka_unit_test(counts_and_sizes_are_shown),
		cmocka_unit_test(rates_are_shown),
		cmocka_unit_test(shares_are_shown),
		cmocka_unit_test(times_are_shown),
	};

	return cmocka_run_group_tests_name("units", tests, NULL, NULL);
}
