/* SPDX-License-Identifier: MIT */
#include "doctor/judge_bpf.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>

/* All that a file can be given and an ordinary user gains by: setcap replaces what was there. */
#define RIGHTS "cap_bpf,cap_perfmon,cap_sys_ptrace,cap_syslog,cap_ipc_lock+ep"

static void mend_rights(struct finding *finding, const struct sight *sight)
{
	finding_mend(finding, "sudo setcap " RIGHTS " '%s'", sight->live->program);
}

/* What root may be able to do; nobody knows yet. */
static void say_unseen(struct finding *finding, const struct sight *sight)
{
	finding_say(finding, FINDING_UNKNOWN, "may not be tried by this user");
	finding->needs_rights = true;
	finding_mend(finding, "sudo '%s' doctor", sight->live->program);
}

static bool is_refusal(int code)
{
	return code == -EPERM || code == -EACCES;
}

/* --- settings ------------------------------------------------------------------------------- */

static bool any_serves(const struct live *live)
{
	for (size_t i = 0; i < live->stage_count; i++)
		for (size_t j = 0; j < HOOKS_ALTERNATIVE_LIMIT; j++)
			if (live->stages[i].stage->alternatives[j].program &&
				!live->stages[i].tries[j].code)
				return true;
	return false;
}

void judge_bpf_btf(const struct check *check, struct sight *sight, struct finding *finding)
{
	(void)check;
	if (sight_exists(sight, "/sys/kernel/btf/vmlinux"))
		finding_say(finding, FINDING_OK, "this kernel describes its types");
	else if (any_serves(sight->live))
		finding_say(finding, FINDING_OK, "its types were found beside the kernel's image");
	else
		finding_say(finding, FINDING_MISSING,
			"this kernel was built without CONFIG_DEBUG_INFO_BTF");
}

void judge_bpf_jit(const struct check *check, struct sight *sight, struct finding *finding)
{
	uint64_t enabled;

	(void)check;
	if (!sight_number(sight, &enabled, "/proc/sys/net/core/bpf_jit_enable"))
		finding_say(finding, FINDING_UNKNOWN, "net.core.bpf_jit_enable cannot be read");
	else if (enabled)
		finding_say(finding, FINDING_OK, "programs are compiled");
	else
		finding_say(finding, FINDING_LIMITED, "programs are interpreted");
}

void judge_bpf_lockdown(const struct check *check, struct sight *sight, struct finding *finding)
{
	const char *mode = sight_choice(sight, "/sys/kernel/security/lockdown");

	(void)check;
	if (!mode)
		finding_say(finding, FINDING_OK, "this kernel is not locked down");
	else if (!strcmp(mode, "confidentiality"))
		finding_say(finding, FINDING_MISSING,
			"confidentiality: BPF may not read kernel memory");
	else
		finding_say(finding, FINDING_OK, "%s", mode);
}

void judge_bpf_unprivileged(const struct check *check, struct sight *sight, struct finding *finding)
{
	uint64_t disabled;

	(void)check;
	/* Programs that trace never were for everybody, so no value is in the way. */
	if (sight_number(sight, &disabled, "/proc/sys/kernel/unprivileged_bpf_disabled"))
		finding_say(finding, FINDING_OK, "%" PRIu64 ": %s", disabled,
			disabled ? "BPF is for CAP_BPF alone"
				 : "everybody may use BPF, but tracing needs CAP_BPF all the same");
	else
		finding_say(finding, FINDING_UNKNOWN,
			"kernel.unprivileged_bpf_disabled cannot be read");
}

void judge_bpf_paranoid(const struct check *check, struct sight *sight, struct finding *finding)
{
	const char *word = sight_word(sight, "/proc/sys/kernel/perf_event_paranoid");
	int level = word ? atoi(word) : 0;

	(void)check;
	if (!word) {
		finding_say(finding, FINDING_UNKNOWN, "kernel.perf_event_paranoid cannot be read");
	} else if (sight_can(sight, CAP_PERFMON) || sight_can(sight, CAP_SYS_ADMIN)) {
		finding_say(finding, FINDING_OK, "%d, which CAP_PERFMON lifts", level);
	} else if (level <= 0) {
		finding_say(finding, FINDING_OK, "%d: everybody may sample whole CPUs", level);
	} else {
		finding_say(finding, FINDING_LIMITED,
			"%d: whole CPUs may be sampled with CAP_PERFMON alone", level);
		mend_rights(finding, sight);
	}
}

/* Whether a symbol has an address that is not hidden: zeros stand in its place. */
static bool shows_addresses(const char *text)
{
	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strspn(line, "0") < strspn(line, "0123456789abcdef"))
			return true;
	}
	return false;
}

void judge_bpf_symbols(const struct check *check, struct sight *sight, struct finding *finding)
{
	const char *text = sight_text(sight, "/proc/kallsyms");
	bool shown = shows_addresses(text), empty = !text || !*text;
	uint64_t restricted = 0;

	(void)check;
	sight_number(sight, &restricted, "/proc/sys/kernel/kptr_restrict");
	if (empty) {
		finding_say(finding, FINDING_UNKNOWN, "/proc/kallsyms cannot be read");
	} else if (shown) {
		finding_say(finding, FINDING_OK, "%" PRIu64 ": this user sees the kernel's symbols",
			restricted);
	} else if (restricted > 1) {
		finding_say(
			finding, FINDING_LIMITED, "%" PRIu64 ": hidden even from root", restricted);
		finding_mend(finding, "sudo sysctl -w kernel.kptr_restrict=1");
	} else {
		finding_say(
			finding, FINDING_LIMITED, "%" PRIu64 ": hidden from this user", restricted);
		mend_rights(finding, sight);
	}
}

/* --- rights --------------------------------------------------------------------------------- */

void judge_bpf_capability(const struct check *check, struct sight *sight, struct finding *finding)
{
	bool included = check->number == CAP_BPF || check->number == CAP_PERFMON ||
			check->number == CAP_SYSLOG;

	if (!sight->has_capabilities) {
		finding_say(finding, FINDING_UNKNOWN, "/proc/self/status does not tell");
	} else if (sight_can(sight, check->number)) {
		finding_say(finding, FINDING_OK, "held");
	} else if (included && sight_can(sight, CAP_SYS_ADMIN)) {
		finding_say(finding, FINDING_OK, "held with CAP_SYS_ADMIN");
	} else {
		finding_say(finding, FINDING_MISSING, "%s is not held", check->about);
		if (!check->mend || strstr(check->mend, "setcap"))
			mend_rights(finding, sight);
	}
}

/* --- what was tried ------------------------------------------------------------------------- */

void judge_bpf_profile(const struct check *check, struct sight *sight, struct finding *finding)
{
	const struct live_try *profile = &sight->live->profile;

	(void)check;
	if (profile->code == 0)
		finding_say(finding, FINDING_OK, "stacks can be sampled on every CPU");
	else if (is_refusal(profile->code) && !sight_can_trace(sight))
		say_unseen(finding, sight);
	else
		finding_say(finding, FINDING_MISSING, "%s", profile->reason.text);
}

void judge_bpf_null_server(const struct check *check, struct sight *sight, struct finding *finding)
{
	const struct live_try *server = &sight->live->null_server;

	(void)check;
	if (server->code == 0)
		finding_say(finding, FINDING_OK, "it answers in a network namespace of its own");
	else if (is_refusal(server->code) && !sight_can(sight, CAP_SYS_ADMIN))
		say_unseen(finding, sight);
	else
		finding_say(finding, FINDING_MISSING, "%s", server->reason.text);
}

void judge_bpf_stamps(const struct check *check, struct sight *sight, struct finding *finding)
{
	(void)check;
	if (sight->live->stamps.code == 0)
		finding_say(finding, FINDING_OK, "SO_TIMESTAMPING");
	else
		finding_say(finding, FINDING_MISSING, "%s", sight->live->stamps.reason.text);
}

/* The first alternative that could be had, or NULL. */
static const struct hooks_alternative *serving(const struct live_stage *stage)
{
	for (size_t i = 0; i < HOOKS_ALTERNATIVE_LIMIT; i++)
		if (stage->stage->alternatives[i].program && !stage->tries[i].code)
			return &stage->stage->alternatives[i];
	return NULL;
}

/* Whether the program that would blind this stage is the one that serves its own. */
static bool is_blinded(const struct live *live, const struct hooks_stage *stage)
{
	for (size_t i = 0; stage->blinded_by && i < live->stage_count; i++) {
		const struct hooks_alternative *its = serving(&live->stages[i]);

		if (its && !strcmp(its->program, stage->blinded_by))
			return true;
	}
	return false;
}

/* Every alternative beside the one that serves: whether it would, or why not. */
static void tell_others(struct finding *finding, const struct live_stage *stage,
	const struct hooks_alternative *serves)
{
	for (size_t i = 0; i < HOOKS_ALTERNATIVE_LIMIT; i++) {
		const struct hooks_alternative *its = &stage->stage->alternatives[i];
		const struct live_try *tried = &stage->tries[i];

		if (!its->program || its == serves)
			continue;
		if (tried->code)
			finding_add(
				finding, finding->state, "%s: %s", its->hook, tried->reason.text);
		else
			finding_add(finding, finding->state, "%s would serve too", its->hook);
	}
}

/* Whether all that is in the way is that this user may not try. */
static bool is_unseen(const struct live_stage *stage)
{
	for (size_t i = 0; i < HOOKS_ALTERNATIVE_LIMIT; i++)
		if (stage->stage->alternatives[i].program && is_refusal(stage->tries[i].code) &&
			strstr(stage->tries[i].reason.text, "capabilities"))
			return true;
	return false;
}

static void judge_stage(
	const struct live_stage *stage, struct sight *sight, struct finding *finding)
{
	const struct hooks_alternative *serves = serving(stage);

	if (is_blinded(sight->live, stage->stage)) {
		finding_say(finding, FINDING_MISSING, "sends are seen when they are over");
	} else if (serves) {
		finding_say(finding, serves->note ? FINDING_LIMITED : FINDING_OK, "%s serves%s%s",
			serves->hook, serves->note ? ": " : "", serves->note ? serves->note : "");
		tell_others(finding, stage, serves);
	} else if (!sight_can_trace(sight) && is_unseen(stage)) {
		say_unseen(finding, sight);
	} else {
		finding->state = FINDING_MISSING;
		tell_others(finding, stage, NULL);
	}
}

void judge_bpf_stage(const struct check *check, struct sight *sight, struct finding *finding)
{
	const struct live *live = sight->live;

	for (size_t i = 0; i < live->stage_count; i++)
		if (!strcmp(live->stages[i].stage->stage, check->about)) {
			judge_stage(&live->stages[i], sight, finding);
			return;
		}
	finding_say(finding, FINDING_UNKNOWN, "it was not tried");
}
