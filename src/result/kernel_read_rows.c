/* SPDX-License-Identifier: MIT */
#include "result/kernel_read_rows.h"

void kernel_read_rows_hooks(
	struct reader *reader, const json_t *object, struct result_kernel *kernel)
{
	json_t *array;

	kernel->hooks = reader_elements(
		reader, object, "hooks", sizeof(*kernel->hooks), &array, &kernel->hook_count);
	for (size_t i = 0; i < kernel->hook_count; i++) {
		struct result_kernel_hook *hook = &kernel->hooks[i];
		size_t back = reader_enter_element(reader, "hooks", i);
		json_t *element = reader_object(reader, json_array_get(array, i), NULL);

		hook->stage = reader_text(reader, element, "stage");
		hook->core = reader_bool(reader, element, "core");
		hook->hook = reader_text_or_null(reader, element, "hook");
		hook->missing = reader_text_or_null(reader, element, "missing");
		reader_leave(reader, back);
	}
}

/* The parts of a whole of residence_ns. */
static void read_parts(
	struct reader *reader, const json_t *parent, uint64_t *part_ns, uint64_t residence_ns)
{
	json_t *object = reader_object(reader, parent, "parts_ns");
	size_t back = reader_enter(reader, "parts_ns");
	uint64_t left_ns = residence_ns;

	for (unsigned int part = 0; part < PROBE_ABI_PARTS; part++) {
		part_ns[part] = reader_count(reader, object, stages_key(part));
		if (part_ns[part] > left_ns)
			reader_refuse(reader, NULL, "parts are more than \"residence_ns\"");
		left_ns -= part_ns[part];
	}
	reader_leave(reader, back);
}

static void read_mix_row(struct reader *reader, const json_t *object, struct result_kernel_mix *row)
{
	unsigned int index;

	row->from_ns = reader_count(reader, object, "from_ns");
	row->requests = reader_count(reader, object, "requests");
	row->attributed = reader_count(reader, object, "attributed");
	row->residence_ns = reader_count(reader, object, "residence_ns");
	read_parts(reader, object, row->part_ns, row->residence_ns);
	index = hist_layout_index(PROBE_ABI_MIX_BITS, row->from_ns);
	if (index >= PROBE_ABI_MIX_ROWS ||
		hist_layout_lowest(PROBE_ABI_MIX_BITS, index) != row->from_ns)
		reader_refuse(reader, "from_ns", "is not where a row begins");
	if (row->attributed > row->requests)
		reader_refuse(reader, "attributed", "is more than \"requests\"");
}

void kernel_read_rows_mix(struct reader *reader, const json_t *object, struct result_kernel *kernel)
{
	uint64_t attributed = 0;
	json_t *array;

	kernel->mix = reader_elements(
		reader, object, "mix", sizeof(*kernel->mix), &array, &kernel->mix_count);
	for (size_t i = 0; i < kernel->mix_count; i++) {
		struct result_kernel_mix *row = &kernel->mix[i];
		size_t back = reader_enter_element(reader, "mix", i);

		read_mix_row(reader, reader_object(reader, json_array_get(array, i), NULL), row);
		if (i && row->from_ns <= kernel->mix[i - 1].from_ns)
			reader_refuse(reader, "from_ns", "is not in ascending order");
		attributed += row->attributed;
		reader_leave(reader, back);
	}
	if (attributed != kernel->attributed)
		reader_refuse(reader, "mix", "does not add up to \"attributed\"");
}

static void read_worker(
	struct reader *reader, const json_t *object, struct result_kernel_worker *worker)
{
	worker->tid = reader_count32(reader, object, "tid");
	worker->pid = reader_count32(reader, object, "pid");
	worker->name = reader_text(reader, object, "name");
	worker->exited = reader_bool(reader, object, "exited");
	worker->offloaded = reader_bool(reader, object, "offloaded");
	worker->requests = reader_count(reader, object, "requests");
	worker->wall_s = reader_real(reader, object, "wall_s");
	worker->cpu = reader_share(reader, object, "cpu");
	worker->runq = reader_share(reader, object, "runq");
	worker->sleep = reader_share(reader, object, "sleep");
	worker->disk = reader_share(reader, object, "disk");
	worker->stopped = reader_share(reader, object, "stopped");
	worker->in_request = reader_share(reader, object, "in_request");
	worker->switches = reader_count(reader, object, "switches");
	worker->preempted = reader_count(reader, object, "preempted");
}

void kernel_read_rows_workers(
	struct reader *reader, const json_t *object, struct result_kernel *kernel)
{
	json_t *array;

	kernel->workers = reader_elements(
		reader, object, "workers", sizeof(*kernel->workers), &array, &kernel->worker_count);
	for (size_t i = 0; i < kernel->worker_count; i++) {
		size_t back = reader_enter_element(reader, "workers", i);

		read_worker(reader, reader_object(reader, json_array_get(array, i), NULL),
			&kernel->workers[i]);
		reader_leave(reader, back);
	}
	kernel->imbalance = reader_real(reader, object, "imbalance");
}

static void read_at_client(
	struct reader *reader, const json_t *parent, struct result_kernel_slow *slow)
{
	json_t *object;
	size_t back;

	slow->has_client = !reader_null(reader, parent, "at_client");
	if (!slow->has_client)
		return;
	object = reader_object(reader, parent, "at_client");
	back = reader_enter(reader, "at_client");
	slow->total_ns = reader_count(reader, object, "total_ns");
	slow->service_ns = reader_count(reader, object, "service_ns");
	slow->send_lag_ns = reader_count(reader, object, "send_lag_ns");
	slow->to_server_ns = reader_count(reader, object, "to_server_ns");
	slow->from_server_ns = reader_count(reader, object, "from_server_ns");
	if (slow->service_ns > slow->total_ns)
		reader_refuse(reader, "service_ns", "is more than \"total_ns\"");
	reader_leave(reader, back);
}

static void read_slow(struct reader *reader, const json_t *object, struct result_kernel_slow *slow)
{
	uint64_t port;

	slow->client = reader_text(reader, object, "client");
	port = reader_count(reader, object, "server_port");
	if (port > UINT16_MAX)
		reader_refuse(reader, "server_port", "expected a port");
	slow->server_port = (uint16_t)port;
	slow->offset_bytes = reader_count(reader, object, "offset_bytes");
	slow->tid = reader_count32(reader, object, "tid");
	slow->pid = reader_count32(reader, object, "pid");
	slow->at_s = reader_real(reader, object, "at_s");
	slow->residence_ns = reader_count(reader, object, "residence_ns");
	if (!reader_null(reader, object, "rx_path_ns"))
		slow->rx_path_ns = reader_count(reader, object, "rx_path_ns");
	slow->attributed = reader_bool(reader, object, "attributed");
	read_parts(reader, object, slow->part_ns, slow->attributed ? slow->residence_ns : 0);
	read_at_client(reader, object, slow);
}

void kernel_read_rows_slowest(
	struct reader *reader, const json_t *object, struct result_kernel *kernel)
{
	json_t *array;

	kernel->slowest = reader_elements(reader, object, "slowest", sizeof(*kernel->slowest),
		&array, &kernel->slowest_count);
	for (size_t i = 0; i < kernel->slowest_count; i++) {
		struct result_kernel_slow *slow = &kernel->slowest[i];
		size_t back = reader_enter_element(reader, "slowest", i);

		read_slow(reader, reader_object(reader, json_array_get(array, i), NULL), slow);
		if (i && slow->residence_ns > slow[-1].residence_ns)
			reader_refuse(reader, "residence_ns", "is not in descending order");
		reader_leave(reader, back);
	}
}

static void read_stacks(
	struct reader *reader, const json_t *object, struct result_kernel_profile *profile)
{
	uint64_t left = profile->samples;
	json_t *array;

	profile->stacks = reader_elements(
		reader, object, "stacks", sizeof(*profile->stacks), &array, &profile->stack_count);
	for (size_t i = 0; i < profile->stack_count; i++) {
		size_t back = reader_enter_element(reader, "stacks", i);
		json_t *element = reader_object(reader, json_array_get(array, i), NULL);

		profile->stacks[i].frames = reader_text(reader, element, "frames");
		profile->stacks[i].samples = reader_count(reader, element, "samples");
		if (profile->stacks[i].samples > left)
			reader_refuse(reader, "samples", "are more than those of the profile");
		left -= profile->stacks[i].samples;
		reader_leave(reader, back);
	}
}

void kernel_read_rows_profile(
	struct reader *reader, const json_t *object, struct result_kernel *kernel)
{
	struct result_kernel_profile *profile = &kernel->profile;
	json_t *member = reader_object(reader, object, "profile");
	size_t back = reader_enter(reader, "profile");

	profile->measured = reader_status(reader, member, &profile->reason);
	if (profile->measured) {
		profile->hz = reader_count32(reader, member, "hz");
		profile->samples = reader_count(reader, member, "samples");
		profile->lost = reader_count(reader, member, "lost");
		profile->truncated = reader_count(reader, member, "truncated");
		read_stacks(reader, member, profile);
	}
	reader_leave(reader, back);
}
