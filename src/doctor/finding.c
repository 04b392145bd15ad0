/* SPDX-License-Identifier: MIT */
#include "doctor/finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Longer ones are cut: a sentence of the kernel's verifier may be one. */
#define TEXT_BYTES 2048

const char *finding_state_name(enum finding_state state)
{
	static const char *const names[FINDING_STATE_COUNT] = {
		[FINDING_OK] = "ok",
		[FINDING_LIMITED] = "limited",
		[FINDING_MISSING] = "missing",
		[FINDING_UNKNOWN] = "unknown",
	};

	return names[state];
}

enum finding_state finding_worse(enum finding_state a, enum finding_state b)
{
	static const int rank[FINDING_STATE_COUNT] = {
		[FINDING_OK] = 0,
		[FINDING_UNKNOWN] = 1,
		[FINDING_LIMITED] = 2,
		[FINDING_MISSING] = 3,
	};

	return rank[a] > rank[b] ? a : b;
}

static void __attribute__((format(printf, 3, 0)))
append(struct buf *out, const char *separator, const char *format, va_list arguments)
{
	char text[TEXT_BYTES];

	vsnprintf(text, sizeof(text), format, arguments);
	buf_printf(out, "%s%s", out->length_bytes ? separator : "", text);
}

void finding_say(struct finding *finding, enum finding_state state, const char *format, ...)
{
	va_list arguments;

	buf_release(&finding->text);
	finding->text = (struct buf){0};
	finding->state = state;
	va_start(arguments, format);
	append(&finding->text, "", format, arguments);
	va_end(arguments);
}

void finding_add(struct finding *finding, enum finding_state state, const char *format, ...)
{
	va_list arguments;

	finding->state = finding_worse(finding->state, state);
	va_start(arguments, format);
	append(&finding->text, "; ", format, arguments);
	va_end(arguments);
}

void finding_mend(struct finding *finding, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	append(&finding->mend, " && ", format, arguments);
	va_end(arguments);
}

void finding_release(struct finding *finding)
{
	buf_release(&finding->text);
	buf_release(&finding->mend);
	memset(finding, 0, sizeof(*finding));
}
