/* SPDX-License-Identifier: MIT */
#include "result/read_generator.h"

#include "result/read_block.h"
#include "result/resources_read.h"

static void read_interval(
	struct reader *reader, const json_t *object, struct result_interval *interval)
{
	bool few[RESULT_QUANTILE_COUNT] = {false}, bound[RESULT_QUANTILE_COUNT] = {false};
	uint64_t total;

	interval->t_s = reader_real(reader, object, "t_s");
	interval->seconds = reader_real(reader, object, "seconds");
	interval->phase = reader_choice(reader, object, "phase", result_phase_key);
	interval->scheduled = reader_count(reader, object, "scheduled");
	interval->sent = reader_count(reader, object, "sent");
	interval->completed = reader_count(reader, object, "completed");
	interval->errors = reader_count(reader, object, "errors");
	interval->in_flight = reader_count(reader, object, "in_flight");
	interval->waiting = reader_count(reader, object, "waiting");
	interval->censored = reader_count(reader, object, "censored");
	read_block_histogram(reader, object, &interval->histogram, &total);
	if (!total)
		return;
	read_block_marks(reader, object, "few_samples", few);
	read_block_marks(reader, object, "lower_bound", bound);
	interval->p50.value_ns = reader_count(reader, object, "p50");
	interval->p50.few_samples = few[RESULT_P50];
	interval->p50.lower_bound = bound[RESULT_P50];
	interval->p99.value_ns = reader_count(reader, object, "p99");
	interval->p99.few_samples = few[RESULT_P99];
	interval->p99.lower_bound = bound[RESULT_P99];
	interval->max_ns = reader_count(reader, object, "max");
}

void read_generator_timeline(struct reader *reader, const json_t *root, struct result *result)
{
	json_t *array;

	result->timeline = reader_elements(reader, root, "timeline", sizeof(*result->timeline),
		&array, &result->interval_count);
	for (size_t i = 0; i < result->interval_count; i++) {
		size_t back = reader_enter_element(reader, "timeline", i);
		json_t *object = reader_object(reader, json_array_get(array, i), NULL);

		read_interval(reader, object, &result->timeline[i]);
		resources_read_interval(reader, object, &result->timeline[i].resources);
		reader_leave(reader, back);
	}
}

static void read_busy(struct reader *reader, const json_t *object, struct result_worker *worker)
{
	json_t *array;

	worker->busy = reader_real(reader, object, "busy");
	worker->spin = reader_real(reader, object, "spin");
	worker->wait = reader_real(reader, object, "wait");
	worker->busy_by_interval = reader_elements(reader, object, "busy_by_interval",
		sizeof(*worker->busy_by_interval), &array, &worker->busy_count);
	for (size_t i = 0; i < worker->busy_count; i++) {
		size_t back = reader_enter_element(reader, "busy_by_interval", i);

		worker->busy_by_interval[i] = reader_real(reader, json_array_get(array, i), NULL);
		reader_leave(reader, back);
	}
}

static void read_loop(struct reader *reader, const json_t *parent, struct result_loop *loop)
{
	json_t *object = reader_object(reader, parent, "loop_ns");
	size_t back = reader_enter(reader, "loop_ns");

	loop->p50_ns = reader_count(reader, object, "p50");
	loop->p99_ns = reader_count(reader, object, "p99");
	loop->max_ns = reader_count(reader, object, "max");
	reader_leave(reader, back);
}

static void read_worker(struct reader *reader, const json_t *object, struct result_worker *worker)
{
	uint64_t cpu = reader_count(reader, object, "cpu"), node = 0;

	if (cpu > INT32_MAX)
		reader_refuse(reader, "cpu", "expected the number of a CPU");
	worker->cpu = (unsigned int)cpu;
	worker->numa_node = -1;
	if (!reader_null(reader, object, "numa_node")) {
		node = reader_count(reader, object, "numa_node");
		if (node > INT32_MAX)
			reader_refuse(reader, "numa_node", "expected the number of a node");
		worker->numa_node = (int)node;
	}
	worker->shared_cpu = reader_bool(reader, object, "shared_cpu");
	worker->connections = reader_count(reader, object, "connections");
	read_busy(reader, object, worker);
	read_loop(reader, object, &worker->loop);
	worker->send_lag_p99_ns = reader_count(reader, object, "send_lag_p99_ns");
	worker->wall_ns = reader_count(reader, object, "wall_ns");
	worker->cpu_ns = reader_count(reader, object, "cpu_ns");
	worker->run_delay_ns = reader_count(reader, object, "run_delay_ns");
	worker->has_steal = !reader_null(reader, object, "steal");
	if (worker->has_steal)
		worker->steal = reader_real(reader, object, "steal");
	worker->has_throttled = !reader_null(reader, object, "throttled_ns");
	if (worker->has_throttled)
		worker->throttled_ns = reader_count(reader, object, "throttled_ns");
	worker->voluntary = reader_count(reader, object, "voluntary_switches");
	worker->involuntary = reader_count(reader, object, "involuntary_switches");
	worker->enobufs = reader_count(reader, object, "enobufs");
	worker->rearmed = reader_count(reader, object, "rearmed");
	worker->stale = reader_count(reader, object, "stale");
	worker->cq_overflow = reader_count(reader, object, "cq_overflow");
}

static void read_sends(struct reader *reader, const json_t *parent, struct result_sends *sends)
{
	json_t *object = reader_object(reader, parent, "sends");
	size_t back = reader_enter(reader, "sends");

	sends->plain = reader_count(reader, object, "plain");
	sends->zero_copy = reader_count(reader, object, "zero_copy");
	sends->copied = reader_count(reader, object, "copied");
	sends->unreported = reader_count(reader, object, "unreported");
	if (sends->copied > sends->zero_copy ||
		sends->unreported > sends->zero_copy - sends->copied)
		reader_refuse(reader, "zero_copy", "is less than its parts");
	reader_leave(reader, back);
}

void read_generator(struct reader *reader, const json_t *root, struct result *result)
{
	json_t *object = reader_object(reader, root, "generator"), *array;
	size_t back = reader_enter(reader, "generator");

	result->generator.cpu_ns_per_request = reader_real_or_null(
		reader, object, "cpu_ns_per_request");
	result->generator.spin_share = reader_real(reader, object, "spin_share");
	result->generator.max_send_lag_ns = reader_real_or_null(reader, object, "max_send_lag_ns");
	read_sends(reader, object, &result->generator.sends);
	result->generator.fault = reader_text_or_null(reader, object, "fault");
	result->generator.workers = reader_elements(reader, object, "workers",
		sizeof(*result->generator.workers), &array, &result->generator.worker_count);
	for (size_t i = 0; i < result->generator.worker_count; i++) {
		size_t inner = reader_enter_element(reader, "workers", i);
		struct result_worker *worker = &result->generator.workers[i];
		json_t *element = reader_object(reader, json_array_get(array, i), NULL);

		read_worker(reader, element, worker);
		if (worker->busy_count != result->interval_count)
			reader_refuse(reader, "busy_by_interval",
				"does not have as many elements as \"timeline\"");
		reader_leave(reader, inner);
	}
	result->generator.absent = reader_absences(reader, object, &result->generator.absent_count);
	reader_leave(reader, back);
}
