/* SPDX-License-Identifier: MIT */
#include "probe/hooks.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

/*
 * Tracepoints come before functions, as they survive inlining and need no trampoline. Kernel
 * versions, for orientation only: tcp_sendmsg_locked 6.16, sock_send_length and sock_recv_length
 * 6.3, the others before 6.1.
 */
static const struct hooks_stage stages[] = {
	{"birth", true, HOOKS_ALWAYS, NULL,
		{{"birth_state", "tp_btf/inet_sock_set_state", NULL},
			{"birth_function", "fentry/tcp_set_state", NULL}}},
	{"arrival", true, HOOKS_LOOKING, NULL,
		{{"arrival_probe", "tp_btf/tcp_probe", NULL},
			{"arrival_function", "fentry/tcp_rcv_established", NULL}}},
	{"read", true, HOOKS_LOOKING, NULL,
		{{"read_adjust", "tp_btf/tcp_rcv_space_adjust", NULL},
			{"read_function", "fentry/tcp_rcv_space_adjust", NULL},
			{"read_length", "tp_btf/sock_recv_length",
				"seen at the end of the receiving call, so that the call's own "
				"time counts as queue"}}},
	{"send", true, HOOKS_LOOKING, NULL,
		{{"send_locked", "tp_btf/tcp_sendmsg_locked", NULL},
			{"send_function", "fentry/tcp_sendmsg_locked", NULL},
			{"send_length", "tp_btf/sock_send_length",
				"seen at the end of the sending call, so that the call's own time "
				"counts as app_cpu; tx is not measured"}}},
	{"schedule", true, HOOKS_ALWAYS, NULL, {{"schedule_switch", "tp_btf/sched_switch", NULL}}},
	{"thread_exit", false, HOOKS_ALWAYS, NULL,
		{{"exit_process", "tp_btf/sched_process_exit", NULL}}},
	{"end", false, HOOKS_ALWAYS, NULL,
		{{"end_destroy", "tp_btf/tcp_destroy_sock", NULL},
			{"end_function", "fentry/inet_csk_destroy_sock", NULL}}},
	{"tx", false, HOOKS_LEAVING, "send_length",
		{{"tx_start", "tp_btf/net_dev_start_xmit", NULL},
			{"tx_queue", "tp_btf/net_dev_queue",
				"seen before the queueing discipline, so that waiting there does "
				"not count"}}},
	{"retransmit", false, HOOKS_ALWAYS, NULL,
		{{"retransmit_segment", "tp_btf/tcp_retransmit_skb", NULL}}},
	{"reset_sent", false, HOOKS_ALWAYS, NULL,
		{{"reset_sent_tcp", "tp_btf/tcp_send_reset", NULL}}},
	{"reset_received", false, HOOKS_ALWAYS, NULL,
		{{"reset_received_tcp", "tp_btf/tcp_receive_reset", NULL}}},
	{"walk", false, HOOKS_ALWAYS, NULL, {{"walk_tcp", "iter/tcp", NULL}}},
};

#define STAGE_COUNT (sizeof(stages) / sizeof(stages[0]))

const struct hooks_stage *hooks_stages(size_t *count)
{
	*count = STAGE_COUNT;
	return stages;
}

static int hooks_no_memory(struct err *err)
{
	return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "cannot open the kernel probe");
}

static struct probe_hook *hooks_row(struct hooks *hooks, const char *stage, bool core)
{
	struct probe_hook *row = &hooks->rows[hooks->row_count++];

	assert(hooks->row_count <= HOOKS_LIMIT);
	*row = (struct probe_hook){.stage = stage, .core = core};
	return row;
}

/* "hook: reason", or the hook alone with those that were refused for the same reason. */
static void hooks_tell(
	struct buf *told, char last[ERR_TEXT_BYTES], const char *hook, const struct err *reason)
{
	size_t same = strlen(last);

	if (same && !strcmp(last, reason->text)) {
		/* "a: reason" becomes "a, b: reason". */
		told->length_bytes -= same + strlen(": ");
		buf_printf(told, ", %s: %s", hook, reason->text);
		return;
	}
	buf_printf(told, "%s%s: %s", same ? "; " : "", hook, reason->text);
	memcpy(last, reason->text, strlen(reason->text) + 1);
}

/* Tries one after the other; the one that serves, or NULL. What was refused is told. */
static const struct hooks_alternative *hooks_pick(
	const struct hooks_stage *stage, hooks_try *try_program, void *context, struct buf *told)
{
	char last[ERR_TEXT_BYTES] = "";

	for (size_t i = 0; i < HOOKS_ALTERNATIVE_LIMIT; i++) {
		const struct hooks_alternative *alternative = &stage->alternatives[i];
		struct err reason = {0};

		if (!alternative->program)
			break;
		if (try_program(context, alternative->program, &reason) == 0) {
			if (alternative->note)
				buf_printf(told, "%s%s", last[0] ? "; " : "", alternative->note);
			return alternative;
		}
		hooks_tell(told, last, alternative->hook, &reason);
	}
	return NULL;
}

static int hooks_choose_stage(struct hooks *hooks, const struct hooks_stage *stage,
	hooks_try *try_program, void *context, struct err *err)
{
	struct probe_hook *row = hooks_row(hooks, stage->stage, stage->core);
	const struct hooks_alternative *serves = NULL;
	struct buf told = {0};

	if (stage->blinded_by && hooks_serves(hooks, stage->blinded_by))
		buf_text(&told, "sends are seen when they are over");
	else
		serves = hooks_pick(stage, try_program, context, &told);
	if (told.failed) {
		buf_release(&told);
		return hooks_no_memory(err);
	}
	row->missing = told.data;
	if (!serves && stage->core)
		return err_set(err, ERR_ENVIRONMENT, -ENOTSUP,
			"no kernel attribution without the stage \"%s\": %s", stage->stage,
			row->missing);
	if (serves) {
		row->hook = serves->hook;
		hooks->programs[hooks->program_count] = serves->program;
		hooks->duties[hooks->program_count++] = stage->duty;
	}
	return 0;
}

int hooks_choose(struct hooks *hooks, hooks_try *try_program, void *context, struct err *err)
{
	int code = 0;

	memset(hooks, 0, sizeof(*hooks));
	for (size_t i = 0; i < STAGE_COUNT && code == 0; i++)
		code = hooks_choose_stage(hooks, &stages[i], try_program, context, err);
	return code;
}

int hooks_add(struct hooks *hooks, const char *stage, const char *hook, const char *missing)
{
	struct probe_hook *row = hooks_row(hooks, stage, false);

	row->hook = hook;
	if (!missing)
		return 0;
	row->missing = strdup(missing);
	return row->missing ? 0 : -ENOMEM;
}

int hooks_remark(struct hooks *hooks, const char *stage, const char *remark)
{
	for (size_t i = 0; i < hooks->row_count; i++) {
		struct probe_hook *row = &hooks->rows[i];
		struct buf both = {0};

		if (strcmp(row->stage, stage) != 0)
			continue;
		if (row->missing && strstr(row->missing, remark))
			return 0;
		if (row->missing)
			buf_printf(&both, "%s; ", row->missing);
		buf_text(&both, remark);
		if (both.failed) {
			buf_release(&both);
			return -ENOMEM;
		}
		free((char *)row->missing);
		row->missing = both.data;
	}
	return 0;
}

bool hooks_serves(const struct hooks *hooks, const char *program)
{
	for (size_t i = 0; i < hooks->program_count; i++)
		if (!strcmp(hooks->programs[i], program))
			return true;
	return false;
}

void hooks_release(struct hooks *hooks)
{
	for (size_t i = 0; i < hooks->row_count; i++)
		free((char *)hooks->rows[i].missing);
	memset(hooks, 0, sizeof(*hooks));
}
