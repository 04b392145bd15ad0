/* SPDX-License-Identifier: MIT */
/*
 * The kernel's view of a server on this machine: where each request's time went, from BPF programs
 * on the server's sockets and threads; on wish also sampled stacks of the server's threads.
 *
 * It finds the server by its port (and network namespace, control group or process), its threads by
 * what they read. It does not know about load: the same probe serves a run and `ringload probe`.
 * Nothing is pinned: all of it goes with the process, also after a kill -9.
 *
 * Use: probe_open attaches; probe_tick at least as often as it asks; probe_begin where the window
 * to be measured begins, probe_end where it ends, then the readings; probe_close. Readings are of
 * the window.
 *
 * Owner: probe_open makes it, probe_close frees it and all that was got from it. Threads: one, and
 * not one of the server's. Errors: ERR_ENVIRONMENT with the sentence that tells which stage is
 * missing and why, and which right or setting would bring it. Absence of anything but a core stage
 * (birth, arrival, read, send, schedule) is data.
 * Needs: kernel ≥ 6.1 with BTF, CAP_BPF and CAP_PERFMON, CAP_NET_ADMIN on some kernels.
 */
#ifndef RINGLOAD_PROBE_PROBE_H
#define RINGLOAD_PROBE_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "measure/stages.h"

#define PROBE_DEFAULT_SAMPLE         8
#define PROBE_DEFAULT_BUDGET_PERCENT 3

struct probe_options {
	uint16_t ports[PROBE_ABI_PORT_LIMIT];
	size_t port_count; /* at least 1 */
	uint32_t sample;   /* 1 in this many; 0: PROBE_DEFAULT_SAMPLE */
	/* Share of the server's CPU time to keep within, by not looking all the time; 0: with a
	 * sample of 0 PROBE_DEFAULT_BUDGET_PERCENT, else none; negative: none. */
	double budget;
	const char *netns; /* a path ("/proc/123/ns/net", "/run/netns/blue"); NULL: any */
	/* Without netns: namespaces that have connections already, which are looked for there and
	 * in the caller's own. */
	const char *const *look_netns;
	size_t look_count;
	const char *cgroup;  /* a path below /sys/fs/cgroup, or absolute; NULL: any */
	uint32_t pid;        /* 0: any */
	bool profile;        /* sample the stacks of the server's processes */
	uint32_t profile_hz; /* 0: 199 a CPU */
};

struct probe;

int probe_open(struct probe **probe, const struct probe_options *options, struct err *err);

/* Moves the sampling on and looks for new processes; returns when it wants to be called next
 * (clock.h). Cheap when called early. */
uint64_t probe_tick(struct probe *probe, uint64_t now_ns);

void probe_begin(struct probe *probe, uint64_t now_ns);
void probe_end(struct probe *probe, uint64_t now_ns);

/*
 * After the end, by who knows that nothing else was asked since: takes in what has been answered
 * meanwhile. Without it the slow requests are missing that were open when the window ended, and
 * slow ones more often than fast ones. Until then probe_tick moves the sampling on. Threads, cost
 * and profile stay those of the window.
 */
void probe_settle(struct probe *probe);

/*
 * After the end: another window will follow, with the same connections or new ones. Until it begins
 * all is as after probe_open.
 */
void probe_again(struct probe *probe, uint64_t now_ns);

/*
 * Nothing is to be measured until probe_again: takes off the programs that requests enter, and
 * stays with connections and threads. Waits up to 100 ms for requests it follows.
 */
void probe_rest(struct probe *probe, uint64_t now_ns);
void probe_close(struct probe *probe);

/*
 * Takes the programs off and puts them on again, in milliseconds, so that what they cost can be
 * measured on a server that goes on. Connections made meanwhile are not followed, and requests
 * that were open across a pause come out wrong: what is measured across one is not for a report.
 */
void probe_pause(struct probe *probe);
int probe_resume(struct probe *probe, struct err *err);

/* What serves a stage of the probe, and what does not. */
struct probe_hook {
	const char *stage;   /* "birth", "arrival", "read", "send", "schedule", "tx", ... */
	bool core;           /* without it nothing is measured */
	const char *hook;    /* "tp_btf/tcp_probe"; NULL: none does */
	const char *missing; /* why not, or why not a better one; NULL */
};
size_t probe_hooks(const struct probe *probe, const struct probe_hook **hooks);

const struct stages *probe_stages(const struct probe *probe);
uint32_t probe_sample(const struct probe *probe);
/* Whether some requests are not followed by intent. */
bool probe_takes_turns(const struct probe *probe);

/* Share of the window that was looked at, and the relative standard error of the mean residence
 * that comes from the rest: negative, if it is not known. */
double probe_looked_share(const struct probe *probe);
double probe_looks_error(const struct probe *probe);

/* Whether the sampling stood still for long in the window, as probe_tick was not called: then what
 * was followed meanwhile weighs more than the rest. */
bool probe_stood_still(const struct probe *probe, uint64_t *longest_ns);

/* Requests admitted and answered since probe_open: cheap and at any time, for a live line. */
uint64_t probe_requests(const struct probe *probe);

/* Threads with requests in the window, most requests first. */
size_t probe_threads(const struct probe *probe, const struct stages_thread **threads);

/* The slowest admitted requests of the window, slowest first; up to PROBE_ABI_SLOWEST. */
size_t probe_slowest(const struct probe *probe, const struct probe_abi_slow **rows);

/* Requests admitted and not answered when the window ended. */
struct probe_open_requests {
	uint64_t waiting, reading; /* not yet read; read and not answered */
	uint64_t oldest_ns;        /* age of the oldest */
};
void probe_open_requests(const struct probe *probe, struct probe_open_requests *open);

/* Time the programs took themselves for each request of the server, from the kernel's statistics of
 * BPF programs, which are on for a tenth of the time or less. False with a reason: not measured. */
bool probe_overhead_ns(const struct probe *probe, double *per_request_ns, const char **reason);

/* Runs of the programs that the kernel left out in the window, as another one was in their place:
 * what they would have seen is missing. */
uint64_t probe_missed(const struct probe *probe);

/* A process of the server, as soon as one of its threads has read; 0: none yet. */
uint32_t probe_pid(const struct probe *probe);

/* One distinct stack of the profile: frames joined by ';', outermost first, kernel frames with
 * "_[k]" behind their name, as flame graph tools read it. */
struct probe_stack {
	const char *frames;
	uint64_t samples;
};
/* The reason why there is no profile where options->profile was not set. */
#define PROBE_NOT_ASKED "it was not asked for"

struct probe_profile {
	const struct probe_stack *stacks; /* most samples first */
	size_t stack_count;
	uint64_t samples, lost;
	uint64_t truncated; /* samples whose user stack ended after at most two frames */
	uint32_t hz;
	const char *reason; /* why there is no profile; NULL when there is */
};
void probe_profile(const struct probe *probe, struct probe_profile *profile);

#endif
