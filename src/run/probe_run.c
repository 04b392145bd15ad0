/* SPDX-License-Identifier: MIT */
#include "run/probe_run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/units.h"
#include "base/version.h"
#include "observe/listener.h"
#include "result/kernel_build.h"
#include "result/resources_build.h"
#include "run/attribution.h"
#include "run/interrupt.h"
#include "run/machine.h"
#include "run/notes.h"
#include "run/observation.h"
#include "run/progress.h"

struct probe_run {
	const struct probe_run_options *options;
	struct attribution attribution;
	struct observation observation;
	struct progress progress;
	struct notes notes;
	uint64_t start_ns, end_ns; /* end: UINT64_MAX without a duration */
	uint64_t started_wall_ns;
	uint64_t shown_ns, shown_requests; /* as of the last live line */
};

/* A server may well come later, so it is only said. */
static void warn_of_silence(struct probe_run *run)
{
	const struct probe_options *probe = &run->options->probe;
	size_t i;

	for (i = 0; i < probe->port_count; i++)
		if (!listener_find(NULL, 0, "/", probe->ports[i]))
			notes_add(&run->notes,
				"no process of this machine listens on port %u when the window "
				"begins",
				probe->ports[i]);
}

static void show(struct probe_run *run, uint64_t now_ns)
{
	uint64_t requests = probe_requests(run->attribution.probe);
	double elapsed_s = (double)(now_ns - run->shown_ns) / NS_PER_S;
	char time[UNITS_TEXT_BYTES], rate[UNITS_TEXT_BYTES];
	struct buf line = {0};
	double rps = (double)(requests - run->shown_requests) *
		     probe_sample(run->attribution.probe) / elapsed_s;

	/* Whole seconds, whole requests. */
	buf_printf(&line, "%s  %s requests/s",
		units_format_duration_exact(
			time, (now_ns - run->start_ns + NS_PER_S / 2) / NS_PER_S * NS_PER_S),
		units_format_rate(rate, (double)(uint64_t)(rps + 0.5)));
	if (run->end_ns != UINT64_MAX)
		buf_printf(&line, ", %s left",
			units_format_duration_exact(
				time, (run->end_ns - now_ns + NS_PER_S / 2) / NS_PER_S * NS_PER_S));
	else
		buf_text(&line, ", Ctrl-C ends it");
	progress_text(&run->progress, buf_string(&line));
	buf_release(&line);
	run->shown_ns = now_ns;
	run->shown_requests = requests;
}

static void watch(struct probe_run *run)
{
	uint64_t now = clock_now_ns(), second, tick;

	run->started_wall_ns = clock_wall_ns();
	run->start_ns = run->shown_ns = now;
	run->end_ns = run->options->has_duration ? now + run->options->duration_ns : UINT64_MAX;
	attribution_schedule(&run->attribution, now, run->end_ns);
	tick = attribution_tick(&run->attribution, now);
	run->shown_requests = probe_requests(run->attribution.probe);
	observation_sample(&run->observation, 0, &run->notes);
	while (now < run->end_ns && !interrupt_count()) {
		second = run->shown_ns + NS_PER_S;
		clock_sleep_until(tick < second ? tick : second);
		now = clock_now_ns();
		tick = attribution_tick(&run->attribution, now);
		if (now < second || now >= run->end_ns)
			continue;
		show(run, now);
		observation_sample(&run->observation, now - run->start_ns, &run->notes);
	}
	attribution_end(&run->attribution, now);
	observation_sample(&run->observation, now - run->start_ns, &run->notes);
	observation_finish(&run->observation, &run->notes);
	progress_clear(&run->progress);
	attribution_note(&run->attribution, &run->notes);
}

/* Copies of lines; all or, without memory, none. */
static char **copy_lines(const char *const *lines, size_t count)
{
	char **copies = calloc(count + 1, sizeof(*copies));
	size_t i;

	for (i = 0; copies && i < count; i++) {
		copies[i] = strdup(lines[i]);
		if (copies[i])
			continue;
		while (i-- > 0)
			free(copies[i]);
		free(copies);
		return NULL;
	}
	return copies;
}

static int fill_head(const struct probe_run *run, struct probe_record *record)
{
	const struct probe_run_options *options = run->options;
	const struct attribution *attribution = &run->attribution;
	time_t started = (time_t)(run->started_wall_ns / NS_PER_S);
	struct machine machine;
	char text[32];
	struct tm utc;

	machine_read(&machine, "/");
	gmtime_r(&started, &utc);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
	record->tool_version = strdup(RINGLOAD_VERSION);
	record->started_at = strdup(text);
	record->command = copy_lines(options->command, options->command_count);
	record->command_count = record->command ? options->command_count : 0;
	record->kernel_release = strdup(machine.kernel);
	record->cpus = machine.cpus;
	record->notes = copy_lines((const char *const *)run->notes.lines, run->notes.count);
	record->note_count = record->notes ? run->notes.count : 0;
	record->duration_s = (double)(attribution->ended_ns - attribution->began_ns) / NS_PER_S;
	record->planned_s = options->has_duration ? (double)options->duration_ns / NS_PER_S
						  : record->duration_s;
	record->interrupted = options->has_duration && attribution->ended_ns < run->end_ns;
	return record->tool_version && record->started_at && record->command &&
			       record->kernel_release && record->notes
		       ? 0
		       : -ENOMEM;
}

static int fill_resources(struct probe_run *run, struct probe_record *record, struct err *err)
{
	struct builder builder = {0};
	struct resources_input input;

	observation_describe(&run->observation, &input);
	resources_build(
		&builder, &record->resources, &input, 0, run->attribution.ended_ns - run->start_ns);
	return builder.failed ? err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM,
					"no memory for the server's resources")
			      : 0;
}

static int fill(struct probe_run *run, struct probe_record *record, struct err *err)
{
	const struct attribution *attribution = &run->attribution;
	struct kernel_input input = {
		.probe = attribution->probe,
		.asked = &attribution->server.probe,
		.start_ns = attribution->began_ns,
		.host = &attribution->host,
	};
	int code;

	*record = (struct probe_record){0};
	if (fill_head(run, record) < 0)
		code = err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "no memory for the record");
	else
		code = kernel_build(&record->kernel, &input, err);
	if (code >= 0)
		code = fill_resources(run, record, err);
	if (code < 0)
		probe_record_release(record);
	else
		record->complete = true;
	return code;
}

int probe_run_execute(
	const struct probe_run_options *options, struct probe_record *record, struct err *err)
{
	struct probe_run run = {.options = options};
	int code = attribution_open(&run.attribution, &options->probe, err);

	if (code < 0)
		return code;
	progress_init(&run.progress, options->progress);
	observation_open(&run.observation, &options->observation, NULL, &options->probe,
		&run.attribution.server);
	warn_of_silence(&run);
	interrupt_begin();
	watch(&run);
	code = fill(&run, record, err);
	observation_close(&run.observation);
	attribution_close(&run.attribution);
	notes_release(&run.notes);
	return code;
}
