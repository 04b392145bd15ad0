/* SPDX-License-Identifier: MIT */
#include "run/run.h"

#include "engine/engine.h"
#include "net/ring.h"
#include "plan/plan.h"
#include "run/describe.h"
#include "run/interrupt.h"
#include "run/session.h"
#include "run/sources.h"

int run_execute(const struct scenario *scenario, const struct run_options *options,
	struct result *result, struct err *err)
{
	struct session *session;
	int code = session_open(&session, scenario, options, err);

	if (code < 0)
		return code;
	code = session_trial(session, NULL, result, err);
	session_close(session);
	return code;
}

int run_describe(const struct scenario *scenario, const struct attribution_options *attribution,
	const struct observation_options *observation, struct buf *out, struct err *err)
{
	struct ring_features features;
	struct plan plan;
	int code = plan_make(&plan, scenario, err);

	if (code < 0)
		return code;
	/* A machine without io_uring can still say what it would do on another one. */
	sources_fit(&plan, NULL);
	if (ring_probe(&features, NULL) < 0)
		features = (struct ring_features){.bounded_task_work = true,
			.incremental_buffers = true,
			.send_zero_copy = true,
			.send_reports = true};
	plan_buffers(&plan, features.bounded_task_work, features.incremental_buffers);
	code = plan_send(&plan, features.send_zero_copy, features.send_reports, err);
	if (code >= 0) {
		engine_memory(&plan);
		describe_plan(out, &plan);
		describe_attribution(out, attribution, &plan);
		describe_observation(out, observation, &attribution->probe, &plan);
	}
	plan_release(&plan);
	return code;
}

void run_end_signals(void)
{
	interrupt_end();
}
