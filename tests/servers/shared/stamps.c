/* SPDX-License-Identifier: MIT */
#include "tests/servers/shared/stamps.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "tests/servers/shared/work.h"

/* Pages are only taken when they are written. */
#define ROOM (1U << 20)

static int64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* The second number of schedstat: Linux Documentation/scheduler/sched-stats.rst. */
static int64_t thread_runq_ns(void)
{
	static __thread int file = -1;
	char text[96];
	char *second;
	ssize_t bytes;

	if (file < 0)
		file = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
	bytes = pread(file, text, sizeof(text) - 1, 0);
	if (bytes <= 0)
		return 0;
	text[bytes] = '\0';
	second = strchr(text, ' ');
	return second ? strtoll(second, NULL, 10) : 0;
}

void stamps_open(struct stamps *stamps)
{
	void *memory = mmap(NULL, ROOM * sizeof(*stamps->requests), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED) {
		perror("no memory for stamps");
		exit(1);
	}
	stamps->requests = memory;
	stamps->count = 0;
}

void stamps_before(struct stamps_moment *moment)
{
	moment->runq_ns = thread_runq_ns();
	moment->cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	moment->ns = clock_ns(CLOCK_MONOTONIC);
}

void stamps_after(struct stamps_moment *moment)
{
	moment->ns = clock_ns(CLOCK_MONOTONIC);
	moment->cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	moment->runq_ns = thread_runq_ns();
}

int64_t stamps_realtime_offset(void)
{
	int64_t before, real, after;
	int turns = 5;

	/* Once more when the thread was kept from running between the clocks. */
	do {
		before = clock_ns(CLOCK_MONOTONIC);
		real = clock_ns(CLOCK_REALTIME);
		after = clock_ns(CLOCK_MONOTONIC);
	} while (after - before > 1000 && turns--);
	return real - before - (after - before) / 2;
}

void stamps_add(struct stamps *stamps, const struct stamps_request *request)
{
	uint64_t index = __atomic_fetch_add(&stamps->count, 1, __ATOMIC_ACQ_REL);

	if (index >= ROOM)
		return;
	stamps->requests[index] = *request;
	__atomic_store_n(&stamps->requests[index].kept, 1, __ATOMIC_RELEASE);
}

/* One time of a request: what the server saw, and the least and the most that the kernel can see.
 */
struct bounds {
	int64_t seen, least, most;
	int64_t from, to; /* between which the server cannot tell */
};

static int64_t at_least_zero(int64_t value)
{
	return value > 0 ? value : 0;
}

/* The read cannot have happened before the bytes were there. */
static int64_t earliest_read(const struct stamps_request *request)
{
	return request->before_read.ns > request->received_ns ? request->before_read.ns
							      : request->received_ns;
}

/* The bytes were there when the read began: it took them at some moment of it, and else at its end.
 */
static bool read_at_once(const struct stamps_request *request)
{
	return request->received_ns && request->before_read.ns > request->received_ns;
}

/* The server knows a time but for the read, which took so long. */
static void known_but_for(struct bounds *bounds, int64_t from, int64_t read)
{
	bounds->from = from;
	bounds->to = from + read;
	bounds->seen = from + read / 2;
}

static bool app(const struct stamps_request *request, struct bounds *bounds)
{
	bounds->least = request->send.ns - request->read.ns;
	bounds->most = request->sent.ns - earliest_read(request);
	known_but_for(bounds, bounds->least,
		read_at_once(request) ? request->read.ns - request->before_read.ns : 0);
	return true;
}

static bool cpu(const struct stamps_request *request, struct bounds *bounds)
{
	bounds->least = request->send.cpu_ns - request->read.cpu_ns;
	bounds->most = request->sent.cpu_ns - request->before_read.cpu_ns;
	known_but_for(bounds, bounds->least,
		read_at_once(request) ? request->read.cpu_ns - request->before_read.cpu_ns : 0);
	return !request->handoff;
}

static bool runq(const struct stamps_request *request, struct bounds *bounds)
{
	bounds->least = request->send.runq_ns - request->read.runq_ns;
	bounds->most = request->sent.runq_ns - request->before_read.runq_ns;
	known_but_for(bounds, bounds->least, 0);
	return !request->handoff;
}

static bool blocked(const struct stamps_request *request, struct bounds *bounds)
{
	struct bounds all, on_cpu, waiting;

	app(request, &all);
	cpu(request, &on_cpu);
	runq(request, &waiting);
	bounds->least = at_least_zero(all.least - on_cpu.most - waiting.most);
	bounds->most = at_least_zero(all.most - on_cpu.least - waiting.least);
	known_but_for(bounds, at_least_zero(all.from - on_cpu.from - waiting.from), 0);
	return !request->handoff;
}

static bool wait_for_read(const struct stamps_request *request, struct bounds *bounds)
{
	bounds->most = request->read.ns - request->received_ns;
	bounds->least = earliest_read(request) - request->received_ns;
	if (read_at_once(request))
		known_but_for(bounds, bounds->least, bounds->most - bounds->least);
	else
		known_but_for(bounds, bounds->most, 0);
	return request->received_ns;
}

static bool residence(const struct stamps_request *request, struct bounds *bounds)
{
	bounds->least = request->send.ns - request->received_ns;
	bounds->most = request->sent.ns - request->received_ns;
	known_but_for(bounds, bounds->least, 0);
	return request->received_ns;
}

static bool span(const struct stamps_request *request, struct bounds *bounds)
{
	bounds->least = bounds->most = 0;
	if (request->sends > 1) {
		bounds->least = request->last_send_ns - request->sent.ns;
		bounds->most = request->last_sent_ns - request->send.ns;
	}
	known_but_for(bounds, request->sends > 1 ? request->last_send_ns - request->send.ns : 0, 0);
	return true;
}

static const struct quantity {
	const char *name;
	bool (*of)(const struct stamps_request *request, struct bounds *bounds);
} quantities[] = {
	{"app", app},
	{"cpu", cpu},
	{"runq", runq},
	{"blocked", blocked},
	{"wait", wait_for_read},
	{"residence", residence},
	{"span", span},
};

static int ascending(const void *left, const void *right)
{
	int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

	return (a > b) - (a < b);
}

/* The value of that rank. */
static int64_t ranked(const int64_t *ordered, uint64_t count, unsigned int percent)
{
	uint64_t rank = (count * percent + 99) / 100;

	return count ? ordered[rank ? rank - 1 : 0] : 0;
}

static void summarize(
	const struct stamps *stamps, uint64_t kept, const struct quantity *quantity, FILE *file)
{
	int64_t *seen = calloc(kept + 1, sizeof(*seen));
	double sum = 0, least = 0, most = 0, from = 0, to = 0;
	struct bounds bounds;
	uint64_t count = 0;

	if (!seen)
		abort();
	for (uint64_t i = 0; i < kept; i++) {
		if (!quantity->of(&stamps->requests[i], &bounds))
			continue;
		seen[count++] = bounds.seen;
		sum += (double)bounds.seen;
		least += (double)bounds.least;
		most += (double)bounds.most;
		from += (double)bounds.from;
		to += (double)bounds.to;
	}
	qsort(seen, count, sizeof(*seen), ascending);
	fprintf(file, ",\n \"%s\": {\"count\": %" PRIu64, quantity->name, count);
	fprintf(file, ", \"mean_ns\": %.1f, \"least_ns\": %.1f, \"most_ns\": %.1f",
		count ? sum / (double)count : 0, count ? least / (double)count : 0,
		count ? most / (double)count : 0);
	fprintf(file, ", \"from_ns\": %.1f, \"to_ns\": %.1f", count ? from / (double)count : 0,
		count ? to / (double)count : 0);
	fprintf(file, ", \"p50_ns\": %" PRId64 ", \"p95_ns\": %" PRId64, ranked(seen, count, 50),
		ranked(seen, count, 95));
	fprintf(file, ", \"p99_ns\": %" PRId64 ", \"max_ns\": %" PRId64 "}",
		ranked(seen, count, 99), ranked(seen, count, 100));
	free(seen);
}

static uint64_t kept_of(const struct stamps *stamps)
{
	uint64_t count = __atomic_load_n(&stamps->count, __ATOMIC_ACQUIRE);

	count = count < ROOM ? count : ROOM;
	for (uint64_t i = 0; i < count; i++)
		while (!__atomic_load_n(&stamps->requests[i].kept, __ATOMIC_ACQUIRE))
			work_sleep(1000000);
	return count;
}

/* How often each length of work was asked for. */
static void summarize_asked(const struct stamps *stamps, uint64_t kept, FILE *to)
{
	int64_t *asked = calloc(kept + 1, sizeof(*asked));
	uint64_t first = 0;

	if (!asked)
		abort();
	for (uint64_t i = 0; i < kept; i++)
		asked[i] = stamps->requests[i].asked_ns;
	qsort(asked, kept, sizeof(*asked), ascending);
	fprintf(to, ",\n \"asked\": [");
	for (uint64_t i = 1; i <= kept; i++) {
		if (i < kept && asked[i] == asked[first])
			continue;
		fprintf(to, "%s{\"ns\": %" PRId64 ", \"requests\": %" PRIu64 "}", first ? ", " : "",
			asked[first], i - first);
		first = i;
	}
	fprintf(to, "]");
	free(asked);
}

void stamps_summary(const struct stamps *stamps, FILE *to)
{
	uint64_t kept = kept_of(stamps);

	fprintf(to, "{\"requests\": %" PRIu64 ", \"lost\": %" PRIu64, stamps->count,
		stamps->count - kept);
	summarize_asked(stamps, kept, to);
	for (size_t i = 0; i < sizeof(quantities) / sizeof(*quantities); i++)
		summarize(stamps, kept, &quantities[i], to);
	fprintf(to, "}\n");
}

void stamps_log(const struct stamps *stamps, FILE *to)
{
	uint64_t kept = kept_of(stamps);
	struct bounds bounds;

	for (uint64_t i = 0; i < kept; i++) {
		const struct stamps_request *request = &stamps->requests[i];

		fprintf(to, "{\"client_port\": %u, \"offset_bytes\": %" PRIu64,
			request->client_port, request->offset_bytes);
		fprintf(to, ", \"reads\": %u, \"sends\": %u", request->reads, request->sends);
		fprintf(to, ", \"received_ns\": %" PRId64 ", \"asked_ns\": %" PRId64,
			request->received_ns, request->asked_ns);
		for (size_t j = 0; j < sizeof(quantities) / sizeof(*quantities); j++)
			if (quantities[j].of(request, &bounds))
				fprintf(to,
					", \"%s\": {\"ns\": %" PRId64 ", \"least_ns\": %" PRId64
					", \"most_ns\": %" PRId64 "}",
					quantities[j].name, bounds.seen, bounds.least, bounds.most);
		fprintf(to, "}\n");
	}
}
