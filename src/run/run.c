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
	struct run_options options = {.attribution = *attribution, .observation = *observation};

	return session_describe(scenario, &options, NULL, out, err);
}

void run_end_signals(void)
{
	interrupt_end();
}
