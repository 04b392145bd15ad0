/* SPDX-License-Identifier: MIT */
#include "report/seconds.h"

#include "base/clock.h"

#define ROUNDED_FROM_S 10

static uint64_t to_ns(double seconds)
{
	if (!(seconds > 0))
		return 0;
	return seconds < 1e9 ? (uint64_t)(seconds * (double)NS_PER_S + 0.5) : NS_PER_S * 1000000000;
}

char *seconds_measured(char text[UNITS_TEXT_BYTES], double seconds)
{
	return units_format_duration(text, to_ns(seconds));
}

char *seconds_asked(char text[UNITS_TEXT_BYTES], double seconds)
{
	uint64_t duration_ns = to_ns(seconds);

	if (duration_ns < NS_PER_S || duration_ns % NS_PER_MS)
		return units_format_duration(text, duration_ns);
	return units_format_duration_exact(text, duration_ns);
}

char *seconds_rounded(char text[UNITS_TEXT_BYTES], double seconds)
{
	uint64_t duration_ns = to_ns(seconds);

	if (duration_ns < ROUNDED_FROM_S * NS_PER_S)
		return units_format_duration(text, duration_ns);
	return units_format_duration_exact(
		text, (duration_ns + NS_PER_S / 2) / NS_PER_S * NS_PER_S);
}
