/* SPDX-License-Identifier: MIT */
#include "analysis/cause_door.h"

#include <inttypes.h>
#include <math.h>

#include "base/units.h"

/* Overflows, of the connects. */
#define OVERFLOW_SHARE 0.001
/* What only the client's connects tell. */
#define CONNECT_STRENGTH 0.6
/* Of the failures, so much must be of the kind that a rule tells. */
#define MOST_OF_ERRORS 0.5

static double per_s(uint64_t count, const struct cause_view *view)
{
	return view->seconds > 0 ? (double)count / view->seconds : 0;
}

static bool connects_suffer(const struct cause_evidence *evidence)
{
	const struct cause_view *base = &evidence->base, *broken = &evidence->broken;

	return (broken->has_connect && broken->connect_ns >= CAUSE_DOOR_SYN_AGAIN_NS &&
		       base->connect_ns < CAUSE_DOOR_SYN_AGAIN_NS) ||
	       broken->connect_failed > base->connect_failed ||
	       broken->no_connection > base->no_connection;
}

static void tell_connects(const struct cause_evidence *evidence, struct buf *sentence)
{
	const struct cause_view *base = &evidence->base, *broken = &evidence->broken;

	if (broken->has_connect)
		cause_evidence_tell_time("connect p99", base->has_connect, base->connect_ns,
			broken->connect_ns, sentence);
	else
		buf_text(sentence, "no connect was answered");
}

double cause_door_accept(const struct cause_evidence *evidence, struct buf *sentence)
{
	const struct cause_view *base = &evidence->base, *broken = &evidence->broken;
	double least = fmax(CAUSE_DOOR_OVERFLOWS, OVERFLOW_SHARE * (double)broken->connects);
	bool suffer = connects_suffer(evidence);
	char count[UNITS_TEXT_BYTES];

	if (!broken->has_listen) {
		if (!suffer)
			return 0;
		buf_text(sentence, "accept queue full, as far as connects can tell: ");
		tell_connects(evidence, sentence);
		buf_text(sentence, ", as when a SYN got no answer and was sent again");
		return CONNECT_STRENGTH;
	}
	if ((double)broken->listen_overflows < least ||
		per_s(broken->listen_overflows, broken) < 2 * per_s(base->listen_overflows, base))
		return 0;
	buf_printf(sentence, "accept queue overflowed %s times in %.1f s, ",
		units_format_count(count, broken->listen_overflows), broken->seconds);
	tell_connects(evidence, sentence);
	return suffer ? 1 : 0.5;
}

/* "12.0 % answered with 429 or 503, 3.0 % reset" */
static void tell_part(double share, const char *how, bool *first, struct buf *sentence)
{
	char text[UNITS_TEXT_BYTES];

	if (share <= 0)
		return;
	buf_printf(sentence, "%s%s %s", *first ? "" : ", ", units_format_share(text, share), how);
	*first = false;
}

/* A connection that is closed is wanting until another is there: what waited too long for one is a
 * consequence. */
static double told_errors(const struct cause_view *view)
{
	return fmax(view->errors - view->timed_out - view->no_connection, 0);
}

static double refused(const struct cause_view *view)
{
	return view->busy_status + view->closed + view->reset;
}

double cause_door_refusing(const struct cause_evidence *evidence, struct buf *sentence)
{
	const struct cause_view *base = &evidence->base, *broken = &evidence->broken;
	double requests = refused(broken), strength = 0;
	bool first = true;
	char text[UNITS_TEXT_BYTES];

	if (requests >= MOST_OF_ERRORS * told_errors(broken) && requests > 2 * refused(base))
		strength = cause_evidence_ramp(requests, CAUSE_DOOR_REFUSED, 0.05);
	if (broken->connect_refused > 2 * base->connect_refused)
		strength = fmax(strength,
			cause_evidence_ramp(broken->connect_refused, CAUSE_DOOR_REFUSED, 0.05));
	if (strength <= 0)
		return 0;
	buf_text(sentence, "server refuses: of the requests ");
	tell_part(broken->busy_status, "answered with 429 or 503", &first, sentence);
	tell_part(broken->reset, "reset", &first, sentence);
	tell_part(broken->closed, "closed without an answer", &first, sentence);
	if (first)
		buf_text(sentence, "none");
	if (base->trial)
		buf_printf(sentence, ", %s at the base", units_format_share(text, refused(base)));
	if (broken->connect_refused > 0)
		buf_printf(sentence, "; %s of connects refused",
			units_format_share(text, broken->connect_refused));
	return strength;
}

double cause_door_errors(const struct cause_evidence *evidence, struct buf *sentence)
{
	const struct cause_view *base = &evidence->base, *broken = &evidence->broken;
	double strength = cause_evidence_ramp(broken->other_status, CAUSE_DOOR_REFUSED, 0.05);
	char to[UNITS_TEXT_BYTES], from[UNITS_TEXT_BYTES];

	if (strength <= 0 || broken->other_status <= 2 * base->other_status)
		return 0;
	buf_printf(sentence, "server answers with errors: %s of the requests had an error status",
		units_format_share(to, broken->other_status));
	if (base->trial)
		buf_printf(
			sentence, ", %s at the base", units_format_share(from, base->other_status));
	if (broken->gateway >= MOST_OF_ERRORS * broken->other_status)
		buf_text(sentence, "; most are 502 or 504: a server behind it did not answer");
	return strength;
}

/* In any trial: one that had no port is the generator's, so none of the three. */
double cause_door_ports(const struct cause_evidence *evidence, struct buf *sentence)
{
	const struct search_record *record = evidence->record;
	uint64_t worst = 0, connects = 0;
	double rps = 0;
	char count[UNITS_TEXT_BYTES], all[UNITS_TEXT_BYTES], rate[UNITS_TEXT_BYTES];

	for (size_t i = 0; i < record->trial_count; i++) {
		const uint64_t *value = record->trials[i].result.connections.value;

		if (value[CONNECTION_FAILED_NO_PORT] <= worst)
			continue;
		worst = value[CONNECTION_FAILED_NO_PORT];
		connects = value[CONNECTION_ATTEMPTED];
		rps = record->trials[i].rps;
	}
	if (!worst)
		return 0;
	buf_printf(sentence,
		"this client ran out of local ports: at %s/s %s of %s connects had none",
		units_format_rate(rate, rps), units_format_count(count, worst),
		units_format_count(all, connects));
	return 1;
}

double cause_door_gone(const struct cause_evidence *evidence, struct buf *sentence)
{
	const struct search_record *record = evidence->record;
	size_t first = record->trial_count;
	uint64_t connects = 0;
	char rate[UNITS_TEXT_BYTES], count[UNITS_TEXT_BYTES];

	while (first && cause_evidence_gone(&record->trials[first - 1]))
		connects += record->trials[--first].result.connections.value[CONNECTION_ATTEMPTED];
	if (!first || first == record->trial_count)
		return 0;
	buf_printf(sentence,
		"server gone: nobody listened any more after trial %zu, of %s/s, had begun: all %s "
		"connects from there to the end were refused",
		first + 1, units_format_rate(rate, record->trials[first].rps),
		units_format_count(count, connects));
	if (first + 1 < record->trial_count)
		buf_text(sentence, ", and later trials say nothing of what it bears");
	return 1;
}
