/* SPDX-License-Identifier: MIT */
/*
 * What a server whose behaviour is known writes down of each request, with the clock that the probe
 * uses (CLOCK_MONOTONIC): when it had the request's last bytes, when it sent, what it spent
 * between. The probe's figures are compared with these.
 *
 * A hook of the kernel's receive lies between the moments taken before and after the call, a hook
 * of its send likewise: so each time has a least and a most that hold whatever the machine does
 * meanwhile. The means of the two bound the mean that a probe may tell. What a server saw is from
 * the middle of the read, or from its end where the read had to wait, to just before the send.
 *
 * Owner: the caller's struct; stamps_open maps its memory, which goes with the process. Threads:
 * any number may add; stamps_summary may be called when nobody does. Errors: a full table counts
 * what it had no room for. Units: nanoseconds.
 */
#ifndef TESTS_SERVERS_SHARED_STAMPS_H
#define TESTS_SERVERS_SHARED_STAMPS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Of the calling thread. */
struct stamps_moment {
	int64_t ns;
	int64_t cpu_ns;  /* CPU time it has had */
	int64_t runq_ns; /* time it has waited for a CPU */
};

struct stamps_request {
	uint16_t client_port;
	bool handoff;          /* read by another thread than sent: CPU times say nothing */
	uint64_t offset_bytes; /* of its first byte in what the client sent */
	uint32_t reads, sends;
	uint32_t kept;       /* set by stamps_add, when the rest is there */
	int64_t received_ns; /* the kernel's own stamp of the last bytes' packet; 0: none */
	int64_t asked_ns;    /* how long the work was to take */
	/* Around the read that brought the last bytes, and around the first send. */
	struct stamps_moment before_read, read, send, sent;
	int64_t last_send_ns, last_sent_ns; /* around the last send */
};

struct stamps {
	struct stamps_request *requests;
	uint64_t count; /* may be above the room there is */
};

/* Exits when there is no memory. */
void stamps_open(struct stamps *stamps);

/* Takes the moment's time last, for one before a call, or first, for one after it. */
void stamps_before(struct stamps_moment *moment);
void stamps_after(struct stamps_moment *moment);

/* CLOCK_REALTIME - CLOCK_MONOTONIC. */
int64_t stamps_realtime_offset(void);

void stamps_add(struct stamps *stamps, const struct stamps_request *request);

/*
 * Writes a JSON object: requests, lost, asked[]{ns, requests}, and the quantities app, cpu, runq,
 * blocked, wait (received to read), residence (received to first send), span (first to last send),
 * each {count, mean_ns, least_ns, most_ns, from_ns, to_ns, p50_ns, p95_ns, p99_ns, max_ns}: mean,
 * percentiles and maximum of what the server saw, the means of the least and the most that the
 * kernel can see, and of what the server saw if its reads took the bytes at their end (from; of
 * `wait` at their beginning) or the other way round (to).
 */
void stamps_summary(const struct stamps *stamps, FILE *to);

/* A JSON object for each request, a line each: client_port, offset_bytes and the same quantities,
 * each {ns, least_ns, most_ns}. */
void stamps_log(const struct stamps *stamps, FILE *to);

#endif
