/* SPDX-License-Identifier: MIT */
#include "tests/sim/fake_log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/sim/fake_clock.h"

static uint64_t current_seed;
static bool tracing;

void fake_log_begin(uint64_t seed, bool traced)
{
	current_seed = seed;
	tracing = traced;
}

static void say(const char *label, const char *format, va_list arguments)
{
	uint64_t now_ns = fake_clock_current ? fake_clock_current->now_ns : 0;

	fprintf(stderr, "%12" PRIu64 ".%03u us %s", now_ns / 1000, (unsigned int)(now_ns % 1000),
		label);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
}

void fake_log_trace(const char *format, ...)
{
	va_list arguments;

	if (!tracing)
		return;
	va_start(arguments, format);
	say("", format, arguments);
	va_end(arguments);
}

void fake_log_seed(void)
{
	fprintf(stderr,
		"seed %" PRIu64 " failed; to play it again with a trace: SIM_SEED=%" PRIu64
		" ${OUT:-build/release}/tests/sim/test_worker\n",
		current_seed, current_seed);
}

void fake_log_fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say("FAILED: ", format, arguments);
	va_end(arguments);
	fake_log_seed();
	exit(1);
}
