/* SPDX-License-Identifier: MIT */
#include "analysis/cause.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/cause_course.h"
#include "analysis/cause_door.h"
#include "analysis/cause_evidence.h"
#include "analysis/cause_lock.h"
#include "analysis/cause_machine.h"
#include "analysis/cause_signs.h"
#include "analysis/cause_waits.h"

/* Of the table in the help: where the text begins, and how wide it may be. */
#define HELP_COLUMN  21
#define HELP_COLUMNS 80

/* What a rule cannot do without. */
enum source { NOTHING, RESOURCES, KERNEL, SOURCE_COUNT };

/*
 * The rules. Strength in the record is weight times what the rule found: weights say how surely
 * such evidence is the cause where several rules fire, as what is behind one often shows in others
 * (a throttled server is at the end of its CPU and slow). Rows with the same key are ways to see
 * the same cause: the strongest is told.
 */
static const struct rule {
	const char *key;
	double weight;
	enum source needs;
	double (*judge)(const struct cause_evidence *evidence, struct buf *sentence);
	const char *when;   /* it fires */
	const char *advice; /* NULL: of a sign */
} rules[] = {
	{"restarted", 1.00, RESOURCES, cause_machine_restarted,
		"a process of the server ended under the load",
		"look at the server's log and at its memory limit: it did not survive this load"},
	{"gone", 1.00, NOTHING, cause_door_gone,
		"from some trial on to the end all connects were refused",
		"find out why it ended or closed its port (its log, dmesg), start it, and search "
		"again: loads above the last that passed were not tried on a server that is well"},
	{"client_ports", 1.00, NOTHING, cause_door_ports,
		"connects of the generator failed for want of a local port",
		"give the generator more ports: --source with more addresses, --reset-on-close, "
		"or kept connections"},
	{"throttled", 0.97, RESOURCES, cause_machine_throttled,
		"a CPU quota held the server back for 5 % of the time",
		"raise the CPU quota of its control group, or set none: the server could use more "
		"than it may"},
	{"leaking", 0.96, RESOURCES, cause_course_leaking,
		"memory grew for each request, alike where it passed and where it broke; near its "
		"limit it is the cause, else a finding",
		"find what is kept of each request (a heap profile before and after 10,000 of "
		"them); until then restart it before memory ends"},
	{"accept_overflow", 0.95, NOTHING, cause_door_accept,
		"the kernel dropped connections as the listen queue was full, or connects took a "
		"second",
		"accept faster (more accepting threads, SO_REUSEPORT), raise the listen backlog "
		"and net.core.somaxconn, and keep connections open"},
	{"out_of_files", 0.95, RESOURCES, cause_machine_files,
		"a process of the server had 95 % of its open files",
		"raise the limit of open files (LimitNOFILE=, ulimit -n), and look for files that "
		"are not closed"},
	{"slow_recovery", 0.93, NOTHING, cause_course_slow_recovery,
		"a load that had passed failed after an overload, and passed again later",
		"shed load early, so that an overload leaves no debt (bounded queues, deadlines, "
		"no retries without pause); plan for the load that passes after an overload"},
	{"slow_break", 0.92, NOTHING, cause_course_slow_break,
		"in a trial that failed the server kept up for 2 s at least, and then no more",
		"look for what is used up meanwhile (burst credits, caches, buffers, connections, "
		"garbage), and confirm with trials longer than that"},
	{"memory_limit", 0.91, RESOURCES, cause_machine_memory,
		"the control group's memory was at its limit, or processes were killed for it",
		"raise the memory limit, or let the server use less (fewer workers, smaller "
		"caches and queues)"},
	{"refusing", 0.90, NOTHING, cause_door_refusing,
		"0.5 % of the requests got 429 or 503, a reset or an end without an answer, or so "
		"many connects were refused",
		"the server protects itself: its own limit (queue, workers, connections, rate) is "
		"what to raise, if the rest has room"},
	{"lock_bound", 0.88, KERNEL, cause_lock_shared,
		"threads block inside requests for what the others work, or for one that keeps the "
		"lock, more with the load, and together get hardly more than a CPU",
		"hold the lock for less, divide it, or do without: more threads or CPUs will not "
		"help (the stacks of the waiting threads show which)"},
	{"cpu_bound", 0.85, KERNEL, cause_machine_thread,
		"a thread that serves requests runs or wants to for 90 % of the time",
		"spread the requests over more threads or processes, or make them cheaper "
		"(--profile shows where the time goes)"},
	{"cpu_bound", 0.84, RESOURCES, cause_machine_cpus,
		"the server kept 90 % of the CPUs busy that it may use, or as many as one thread "
		"can",
		"make requests cheaper (--profile shows where the time goes), or give it more CPUs "
		"or machines"},
	{"lock_bound", 0.80, KERNEL, cause_lock_held,
		"threads sleep longer in requests than at base, and pass one at a time",
		"do not sleep with the lock held: take the query, the write or the pause out of "
		"it, or divide it; one connection to another server for all threads, or one that "
		"takes one request at a time, looks the same: give it more"},
	{"blocked", 0.75, RESOURCES, cause_waits_blocked,
		"for 40 % of residence a thread slept inside a request, and CPU was left",
		"find what it waits for (a database, another server, disk, a timer); more threads "
		"or connections to it help until that is at its end"},
	{"network", 0.70, KERNEL, cause_waits_network,
		"time outside the server grew, not the time in it, or segments were sent again",
		"look at what lies between: bandwidth, loss, queues of the interface, a proxy"},
	{"cpu_bound", 0.70, RESOURCES, cause_machine_others,
		"for 30 % of residence requests waited for a CPU that others had",
		"take other work off these CPUs (the generator too, see --cpus), or give the "
		"server its own"},
	{"errors", 0.60, NOTHING, cause_door_errors,
		"0.5 % of the requests got another error status",
		"look at the server's log: these are answers of its own"},
	{"collapse", 0.45, NOTHING, cause_course_collapse,
		"above its best load the server answered less than 80 % of what it did there",
		"keep the load at the door: a bound on the requests in work, and a refusal beyond "
		"it, hold the server at its best; then look for what each request costs more of "
		"when many are there (locks, threads, retries, garbage collection, swap)"},
	{"queueing", 0.40, KERNEL, cause_waits_queueing,
		"for half of residence requests lay unread in the socket",
		"let the server read sooner: more threads, or less work between two reads"},
	{"latency", 1.00, NOTHING, cause_signs_latency, "p99 is 5 times the base's", NULL},
	{"error_rate", 1.00, NOTHING, cause_signs_errors, "1 % of the requests failed", NULL},
	{"timeouts", 1.00, NOTHING, cause_signs_timeouts, "0.1 % of the requests timed out", NULL},
	{"behind", 0.95, NOTHING, cause_signs_behind, "what is unanswered grew by 1 % of the rate",
		NULL},
	{"refused", 0.95, NOTHING, cause_signs_refused,
		"0.1 % of the connects were refused or not answered", NULL},
	{"resets", 0.95, NOTHING, cause_signs_resets, "0.1 % of the requests lost their connection",
		NULL},
	{"stage", 0.90, KERNEL, cause_signs_stage,
		"residence grew by half: the stage that grew most", NULL},
};
#define RULE_COUNT (sizeof(rules) / sizeof(*rules))

/* The strongest so far of each key. */
struct finding {
	const struct rule *rule;
	double strength;
	struct buf sentence;
};

/* Causes before signs, strong ones first; of equals the one that stands first in the table. */
static int compare(const void *left, const void *right)
{
	const struct finding *a = left, *b = right;

	if (!a->rule->advice != !b->rule->advice)
		return a->rule->advice ? -1 : 1;
	if (a->strength != b->strength)
		return a->strength > b->strength ? -1 : 1;
	return (a->rule > b->rule) - (a->rule < b->rule);
}

static int judge(const struct rule *rule, const struct cause_evidence *evidence,
	struct finding *findings, size_t *count)
{
	struct finding found = {.rule = rule};
	struct finding *same = NULL;

	found.strength = rule->weight * rule->judge(evidence, &found.sentence);
	if (found.sentence.failed) {
		buf_release(&found.sentence);
		return -ENOMEM;
	}
	for (size_t i = 0; i < *count; i++)
		if (!strcmp(findings[i].rule->key, rule->key))
			same = &findings[i];
	if (!(found.strength > 0) || (same && same->strength >= found.strength)) {
		buf_release(&found.sentence);
		return 0;
	}
	if (same)
		buf_release(&same->sentence);
	else
		same = &findings[(*count)++];
	*same = found;
	return 0;
}

static int explain(const struct cause_evidence *evidence, struct search_record *record)
{
	struct finding findings[RULE_COUNT];
	size_t count = 0;
	int code = 0;

	for (size_t i = 0; !code && i < RULE_COUNT; i++)
		code = judge(&rules[i], evidence, findings, &count);
	qsort(findings, count, sizeof(*findings), compare);
	for (size_t i = 0; i < count; i++) {
		const struct finding *found = &findings[i];
		struct search_cause cause = {.key = (char *)found->rule->key,
			.sign = !found->rule->advice,
			.strength = found->strength,
			.sentence = (char *)buf_string(&found->sentence),
			.advice = (char *)found->rule->advice};

		if (!code)
			code = search_record_add_cause(record, &cause);
		buf_release(&findings[i].sentence);
	}
	return code;
}

/* The causes whose rules need the source, each once: "cpu_bound, lock_bound and blocked". */
static void list_causes(enum source needs, struct buf *out)
{
	size_t keys[RULE_COUNT], count = 0;

	for (size_t i = 0; i < RULE_COUNT; i++) {
		bool told = !rules[i].advice || rules[i].needs != needs;

		for (size_t j = 0; j < count; j++)
			told |= !strcmp(rules[keys[j]].key, rules[i].key);
		if (!told)
			keys[count++] = i;
	}
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%s%s",
			!i              ? ""
			: i + 1 < count ? ", "
					: " and ",
			rules[keys[i]].key);
}

static const char *or_unknown(const char *reason)
{
	return reason && *reason ? reason : "the reason is not known";
}

static void tell_kernel(const struct cause_view *broken, struct buf *out)
{
	const struct result_kernel *kernel = &broken->result->kernel;

	if (broken->has_parts)
		return;
	if (!kernel->measured)
		buf_printf(out, "the server's kernel was not looked at: %s",
			or_unknown(kernel->reason));
	else if (!broken->has_kernel)
		buf_text(out, "too few requests were followed in the server's kernel");
	else
		buf_text(out,
			"of too few requests it is known what their thread did, as others answered "
			"them than read them");
	buf_text(out, "; nothing is said of ");
	list_causes(KERNEL, out);
	buf_text(out, " by it");
}

static void tell_resources(const struct cause_view *broken, struct buf *out)
{
	if (broken->has_resources)
		return;
	buf_printf(out, "the server's resources were not looked at: %s; nothing is said of ",
		or_unknown(broken->result->resources.reason));
	list_causes(RESOURCES, out);
	buf_text(out, " by them");
}

static void tell_counter(bool known, const char *what, const char *reason, struct buf *out)
{
	if (!known)
		buf_printf(out, "%s: %s", what, or_unknown(reason));
}

static void tell_throttled(const struct cause_view *broken, struct buf *out)
{
	if (broken->has_resources)
		tell_counter(broken->has_throttled, "whether a CPU quota held it back is not known",
			broken->result->resources.counters[RESOURCES_THROTTLED_NS].reason, out);
}

static void tell_listen(const struct cause_view *broken, struct buf *out)
{
	const struct result_kernel *kernel = &broken->result->kernel;

	if (kernel->measured)
		tell_counter(broken->has_listen, "whether its accept queue overflowed is not known",
			kernel->counters[RESULT_KERNEL_LISTEN_OVERFLOWS].reason, out);
}

static void tell_base(const struct cause_evidence *evidence, struct buf *out)
{
	if (!evidence->base.trial)
		buf_text(out, "no load passed, so there is nothing to compare the break with");
}

static int add_unknown(struct search_record *record, struct buf *sentence)
{
	int code = sentence->failed ? -ENOMEM : 0;

	if (!code && sentence->length_bytes)
		code = search_record_add_unknown(record, buf_string(sentence));
	buf_release(sentence);
	return code;
}

/* What is not known of the trial that broke. */
static int tell_unknown(const struct cause_evidence *evidence, struct search_record *record)
{
	static void (*const tell[])(const struct cause_view *broken, struct buf *out) = {
		tell_kernel, tell_resources, tell_throttled, tell_listen};
	struct buf sentence = {0};
	int code;

	if (!evidence->broken.trial)
		return 0;
	tell_base(evidence, &sentence);
	code = add_unknown(record, &sentence);
	for (size_t i = 0; !code && i < sizeof(tell) / sizeof(*tell); i++) {
		struct buf one = {0};

		tell[i](&evidence->broken, &one);
		code = add_unknown(record, &one);
	}
	return code;
}

int cause_explain(struct search_record *record, struct err *err)
{
	struct cause_evidence evidence;
	int code;

	cause_evidence_take(record, &evidence);
	code = explain(&evidence, record);
	if (!code)
		code = tell_unknown(&evidence, record);
	if (code)
		return err_set(err, ERR_ENVIRONMENT, code, "no memory for the causes");
	return 0;
}

/* A row of the table, its text broken at spaces. */
static void help_row(const char *key, const char *when, struct buf *out)
{
	size_t column = HELP_COLUMN, word;

	buf_printf(out, "    %-*s", HELP_COLUMN - 5, key);
	for (; *when; when += word + (when[word] == ' ')) {
		word = strcspn(when, " ");
		if (column + 1 + word > HELP_COLUMNS) {
			buf_text(out, "\n");
			buf_fill(out, ' ', HELP_COLUMN - 1);
			column = HELP_COLUMN;
		}
		buf_text(out, " ");
		buf_append(out, when, word);
		column += 1 + word;
	}
	buf_text(out, "\n");
}

static void help_rows(bool signs, struct buf *out)
{
	for (size_t i = 0; i < RULE_COUNT; i++)
		if (!rules[i].advice == signs)
			help_row(rules[i].key, rules[i].when, out);
}

void cause_help(struct buf *out)
{
	buf_text(out, "  what gave way:\n");
	help_rows(false, out);
	buf_text(out, "\n  how it showed:\n");
	help_rows(true, out);
}
