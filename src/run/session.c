/* SPDX-License-Identifier: MIT */
#include "run/session.h"

#include <errno.h>
#include <linux/capability.h>
#include <math.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/resident.h"
#include "base/units.h"
#include "engine/engine.h"
#include "measure/slowest.h"
#include "net/ring.h"
#include "plan/address.h"
#include "plan/plan.h"
#include "run/attribution.h"
#include "run/collector.h"
#include "run/describe.h"
#include "run/interrupt.h"
#include "run/notes.h"
#include "run/observation.h"
#include "run/preflight.h"
#include "run/progress.h"
#include "run/record.h"
#include "run/sources.h"
#include "run/whereabouts.h"

/* From engine_start until the common start: every worker must have woken up by then. */
#define START_DELAY_NS (20 * NS_PER_MS)
/* Connects are not called late before. */
#define CONNECTS_LATE_S 0.1

struct session {
	const struct run_options *options;
	struct plan plan;
	struct ring_features features;
	struct notes notes;
	size_t preflight_notes; /* the first of them, which belong to every trial */
	struct progress progress;
	struct attribution attribution;
	struct observation observation;
	const struct whereabouts *server; /* that is observed; NULL: nobody looked for it yet */
	struct whereabouts found;         /* what it points to, unless the probe knew it */
	struct engine *engine;
	uint64_t seed; /* of the first trial */
	uint64_t trials;
	uint32_t address_counts[ADDRESS_LIMIT]; /* connections established when the load began */
};

/* --- opening -------------------------------------------------------------------------------- */

static int prepare(struct session *session, const struct scenario *scenario, struct err *err)
{
	struct plan *plan = &session->plan;
	int code = plan_make(plan, scenario, err);

	if (code >= 0)
		code = ring_probe(&session->features, err);
	if (code < 0)
		return code;
	plan_buffers(
		plan, session->features.bounded_task_work, session->features.incremental_buffers);
	if (session->options->attribution.mode != ATTRIBUTION_OFF)
		plan->slowest_rows = SLOWEST_CAPACITY;
	sources_fit(plan, &session->notes);
	code = plan_send(
		plan, session->features.send_zero_copy, session->features.send_reports, err);
	if (code >= 0)
		code = preflight_memory(plan, err);
	if (code >= 0)
		code = preflight_files(plan, err);
	if (code >= 0)
		code = sources_check(plan, err);
	if (code >= 0)
		code = preflight_ports(plan, err);
	if (code >= 0)
		code = preflight_addresses(plan, &session->notes, err);
	if (code >= 0 && session->options->warning)
		notes_warn(&session->notes, session->options->warning);
	session->preflight_notes = session->notes.count;
	session->seed = plan->seed;
	return code;
}

/* Before there are connections, as the probe sees them being made. */
static int open_attribution(struct session *session, struct err *err)
{
	int code = attribution_open_run(
		&session->attribution, &session->options->attribution, &session->plan, err);

	/* Nobody will ask for the slowest requests. */
	if (code >= 0 && !session->attribution.probe) {
		session->plan.slowest_rows = 0;
		engine_memory(&session->plan);
	}
	return code;
}

/* Where the server is. It is looked for anew when it ended, as that walks over /proc. */
static const struct whereabouts *find_server(struct session *session)
{
	const struct run_options *options = session->options;

	if (options->observation.mode == OBSERVATION_OFF || options->observation.pid)
		return NULL;
	if (!session->server || (session->trials && !whereabouts_stands(session->server))) {
		whereabouts_find(&session->found, &session->plan, &options->attribution.probe);
		session->server = &session->found;
	}
	return session->server;
}

/* Whatever it may not see, the load goes on. */
static void open_observation(struct session *session)
{
	const struct run_options *options = session->options;
	const struct whereabouts *server = find_server(session);

	observation_open(&session->observation, &options->observation, &session->plan,
		&options->attribution.probe, server);
}

/* A storm that was asked for and did not come at its rate; what is late by less is the start of the
 * threads. */
static void note_connects(struct session *session, uint64_t took_ns)
{
	const struct plan *plan = &session->plan;
	double rate = (double)plan->connect_rate_mrps / 1e3;
	double planned_s = plan->connections / (rate > 0 ? rate : 1);
	double took_s = (double)took_ns / (double)NS_PER_S;
	char came[UNITS_TEXT_BYTES], asked[UNITS_TEXT_BYTES];

	if (!plan->connect_rate_mrps || plan->no_keepalive ||
		took_s <= planned_s * 1.1 + CONNECTS_LATE_S)
		return;
	notes_add(&session->notes, "connections came at %s/s, --connect-rate asked for %s/s",
		units_format_rate(came, round(plan->connections / took_s)),
		units_format_rate(asked, rate));
}

/* Connections are made for the first trial: before it, the engine cannot know the window. */
static int open_engine(struct session *session, struct err *err)
{
	struct live_view view = {
		.state = LIVE_CONNECTING, .connections = session->plan.connections};
	uint64_t began_ns = clock_now_ns();
	int code;

	progress_show(&session->progress, &view);
	code = engine_open(interrupt_engine(), &session->plan, err);
	progress_clear(&session->progress);
	if (code < 0) {
		*interrupt_engine() = NULL;
		if (interrupt_count())
			err_set(err, ERR_INTERRUPTED, -EINTR, INTERRUPT_BEFORE_LOAD);
		return code;
	}
	session->engine = *interrupt_engine();
	/* It may have come before there was an engine to stop. */
	if (interrupt_count())
		return err_set(err, ERR_INTERRUPTED, -EINTR, INTERRUPT_BEFORE_LOAD);
	note_connects(session, clock_now_ns() - began_ns);
	return 0;
}

int session_open(struct session **out, const struct scenario *scenario,
	const struct run_options *options, struct err *err)
{
	struct session *session = calloc(1, sizeof(*session));
	int code;

	*out = NULL;
	if (!session)
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "no memory for a session");
	session->options = options;
	resident_keep();
	progress_init(&session->progress, options->progress);
	code = prepare(session, scenario, err);
	if (code >= 0)
		code = open_attribution(session, err);
	if (code >= 0) {
		if (options->attribution.mode != ATTRIBUTION_OFF)
			session->server = &session->attribution.server;
		open_observation(session);
		interrupt_begin();
	}
	if (code < 0)
		session_close(session);
	else
		*out = session;
	return code;
}

void session_close(struct session *session)
{
	if (!session)
		return;
	if (session->engine)
		*interrupt_engine() = NULL;
	engine_close(session->engine);
	observation_close(&session->observation);
	attribution_close(&session->attribution);
	notes_release(&session->notes);
	plan_release(&session->plan);
	free(session);
}

/* --- a trial -------------------------------------------------------------------------------- */

static void set_window(struct session *session, const struct session_window *window)
{
	struct plan_window planned = {.rate_mrps = window->rate_mrps,
		.warmup_ns = window->warmup_ns,
		.duration_ns = window->duration_ns,
		.seed = session->seed + session->trials};

	plan_retime(&session->plan, &planned);
}

/* All but the first: of the last one only what is said of all and the connections stay. */
static int begin_again(struct session *session, struct err *err)
{
	int code;

	if (interrupt_count())
		return err_set(err, ERR_INTERRUPTED, -EINTR, INTERRUPT_BEFORE_LOAD);
	notes_again(&session->notes, session->preflight_notes);
	observation_close(&session->observation);
	open_observation(session);
	code = engine_again(session->engine, err);
	if (code < 0 && interrupt_count())
		err_set(err, ERR_INTERRUPTED, -EINTR, INTERRUPT_BEFORE_LOAD);
	return code;
}

static void drive(struct session *session, struct collector *collector,
	struct record_source *source, uint64_t interval_ns)
{
	engine_address_counts(session->engine, session->address_counts);
	collector_make_room(collector);
	/* A signal that came before there was an engine to stop. */
	if (interrupt_count())
		engine_stop(session->engine,
			interrupt_count() == 1 ? ENGINE_STOP_DRAIN : ENGINE_STOP_NOW);
	/* Before the start, as it takes its time. */
	if (!session->plan.warmup_ns)
		attribution_begin(&session->attribution, clock_now_ns());
	source->started_wall_ns = clock_wall_ns() + START_DELAY_NS;
	source->start_ns = clock_now_ns() + START_DELAY_NS;
	engine_start(session->engine, source->start_ns);
	collector_run(collector, session->engine, source->start_ns, interval_ns);
	attribution_note(&session->attribution, &session->notes);
}

static int measure(struct session *session, uint64_t interval_ns, const struct lookout_terms *terms,
	struct result *result, struct err *err)
{
	struct collector collector;
	struct record_source source = {
		.options = session->options,
		.plan = &session->plan,
		.engine = session->engine,
		.collector = &collector,
		.attribution = &session->attribution,
		.observation = &session->observation,
		.notes = &session->notes,
		.address_counts = session->address_counts,
	};
	int code = collector_init(&collector, &session->plan, &session->progress, &session->notes,
		&session->attribution, &session->observation, err);

	if (code < 0)
		return code;
	code = lookout_init(
		&collector.lookout, &session->plan, session->options->thresholds, terms, err);
	if (code >= 0) {
		drive(session, &collector, &source, interval_ns);
		code = record_make(result, &source, err);
	}
	collector_release(&collector);
	return code;
}

int session_trial(struct session *session, const struct session_window *window,
	struct result *result, struct err *err)
{
	struct lookout_terms terms = {.lasting_ns = session->options->abort_ns};
	uint64_t interval_ns = COLLECTOR_INTERVAL_NS;
	bool unprobed = false;
	int code;

	if (window) {
		unprobed = window->unprobed;
		set_window(session, window);
		session->progress.label = window->label;
		if (window->interval_ns)
			interval_ns = window->interval_ns;
		terms = (struct lookout_terms){window->abort_ns, window->abort_lost_only};
	}
	code = session->engine ? begin_again(session, err) : open_engine(session, err);
	if (window && session->options->observation.mode != OBSERVATION_OFF)
		observation_watch_steal(&session->observation, session->server);
	if (code >= 0 && (session->trials || unprobed))
		attribution_again(&session->attribution, !unprobed, clock_now_ns());
	session->trials++;
	if (code >= 0)
		code = measure(session, interval_ns, &terms, result, err);
	session->progress.label = NULL;
	return code;
}

/* --- what would be done --------------------------------------------------------------------- */

int session_describe(const struct scenario *scenario, const struct run_options *options,
	const struct session_window *window, struct buf *out, struct err *err)
{
	const struct attribution_options *attribution = &options->attribution;
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
		if (window)
			plan_retime(&plan, &(struct plan_window){.rate_mrps = window->rate_mrps,
						   .warmup_ns = window->warmup_ns,
						   .duration_ns = window->duration_ns,
						   .seed = plan.seed});
		describe_plan(out, &plan);
		describe_attribution(out, attribution, &plan);
		describe_observation(out, &options->observation, &attribution->probe, &plan);
	}
	plan_release(&plan);
	return code;
}

/* capabilities(7): what tracing programs take (probe.h), as a mask. */
static bool may_trace(void)
{
	const uint64_t needed = UINT64_C(1) << CAP_BPF | UINT64_C(1) << CAP_PERFMON;
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};
	uint64_t effective;

	if (syscall(SYS_capget, &header, data) < 0)
		return false;
	effective = (uint64_t)data[1].effective << 32 | data[0].effective;
	return effective >> CAP_SYS_ADMIN & 1 || (effective & needed) == needed;
}

int session_foresees_probe(const struct scenario *scenario, const struct run_options *options,
	bool *probes, struct err *err)
{
	struct whereabouts server;
	struct buf reason = {0};
	struct plan plan;
	int code;

	*probes = false;
	if (options->attribution.mode == ATTRIBUTION_OFF || !may_trace())
		return 0;
	code = plan_make(&plan, scenario, err);
	if (code < 0)
		return code;
	whereabouts_find(&server, &plan, &options->attribution.probe);
	*probes = !whereabouts_obstacle(&server, &reason);
	buf_release(&reason);
	plan_release(&plan);
	return 0;
}

/* --- what is known of it -------------------------------------------------------------------- */

bool session_interrupted(const struct session *session)
{
	(void)session;
	return interrupt_count() > 0;
}

bool session_steal(const struct session *session, double *share)
{
	return observation_steal(&session->observation, share);
}

bool session_probes(const struct session *session)
{
	return session->attribution.probe != NULL;
}
