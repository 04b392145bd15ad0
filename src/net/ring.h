/* SPDX-License-Identifier: MIT */
/*
 * One io_uring, as this project uses it: sockets in a fixed table, multishot receive into provided
 * buffers, completions with a tag that names operation, slot and generation.
 *
 * It has two implementations: ring.c over liburing, and a seeded fake kernel for the simulator. It
 * does not know HTTP, connections or time; it does not decide anything.
 *
 * The life of a slot: ring_install puts a connected or connectable socket into it; ring_connect,
 * ring_receive, ring_send use it; ring_cancel asks its armed operations to end; ring_close takes
 * the socket out. An armed multishot receive keeps a socket open even after its slot was closed, so
 * a slot is free for another socket only after the cancel's completion, the receive's last
 * completion (no RING_MORE) and the close's completion. Completions of the old user may still be in
 * the queue when a slot is reused: the generation in the tag tells them apart.
 *
 * Owner: ring_new takes everything, ring_free returns it; buffer memory is the caller's (arena).
 * Threads: made and used by one thread (IORING_SETUP_SINGLE_ISSUER, kernel commit 97bbdc06a444).
 * Errors: ring_new returns a sentence; operations cannot fail when called: they fail in their
 * completion, as -errno in result.
 * Requires: kernel 6.1, liburing 2.3.
 */
#ifndef RINGLOAD_NET_RING_H
#define RINGLOAD_NET_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"

struct ring;

struct ring_options {
	uint32_t submission_entries; /* most operations queued between two enters */
	uint32_t completion_entries;
	uint32_t slots;               /* size of the fixed table */
	uint32_t buffer_count;        /* provided buffers, a power of two up to 32768 */
	uint32_t buffer_bytes;        /* what one holds */
	uint32_t buffer_stride_bytes; /* from one buffer's start to the next; at least buffer_bytes
				       */
	void *buffers;                /* buffer_count × buffer_stride_bytes, the caller's */
	bool incremental; /* a buffer takes several receives, one behind the other, until it is
			     full; only where ring_probe found that */
	bool reports;     /* zero-copy sends tell whether the kernel copied; the same */
};

enum ring_operation {
	RING_RECEIVE,
	RING_SEND,
	RING_CONNECT,
	RING_CANCEL,
	RING_CLOSE,
	RING_ACCEPT,
	RING_SEND_ZERO_COPY,
	RING_RECEIVE_STAMPED,
	RING_OPERATION_COUNT
};

/* Bits 0-7 operation, 8-31 slot, 32-63 generation of the slot's user. */
#define RING_TAG(operation, slot, generation) \
	((uint64_t)(operation) | (uint64_t)(slot) << 8 | (uint64_t)(generation) << 32)
#define RING_TAG_OPERATION(tag)  ((enum ring_operation)((tag)&0xff))
#define RING_TAG_SLOT(tag)       ((uint32_t)((tag) >> 8 & 0xffffff))
#define RING_TAG_GENERATION(tag) ((uint32_t)((tag) >> 32))
#define RING_MAX_SLOTS           (1U << 24)

/* Flags of a completion. */
#define RING_BUFFER      1U  /* `buffer` names a provided buffer that holds `result` bytes */
#define RING_MORE        2U  /* the operation will complete again */
#define RING_NOTICE      8U  /* of a zero-copy send: its memory is not used any more */
#define RING_BUFFER_MORE 16U /* the rest of the buffer is the kernel's still (incremental) */

/* The result of a notice when the kernel copied all the same; 0 when not, or when it does not tell.
 */
#define RING_COPIED INT32_MIN

/* What a stamped receive puts before the data in a buffer; buffers need that much more room. */
#define RING_STAMPED_BYTES 80

struct ring_completion {
	uint64_t tag;
	int32_t result; /* bytes, accepted slot, 0, or -errno */
	uint16_t flags;
	uint16_t buffer;
};

/* What the kernel at hand offers; found by asking it, never by its version. */
struct ring_features {
	bool single_issuer;
	bool defer_taskrun;
	bool registered_ring;
	bool send_zero_copy;
	bool send_reports;        /* which tells whether it copied (6.2, and 6.1 as it is kept) */
	bool bounded_task_work;   /* an enter runs a bounded number of task work items (6.13) */
	bool incremental_buffers; /* receives share a provided buffer (6.12) */
	uint32_t kernel_features; /* IORING_FEAT_ bits, for the record */
};

int ring_new(struct ring **ring, const struct ring_options *options, struct err *err);
void ring_free(struct ring *ring);

/* Whether this machine can run a ring at all; ERR_ENVIRONMENT names what is in the way. */
int ring_probe(struct ring_features *features, struct err *err);

/* The same without what only a try can tell (send_reports and incremental_buffers stay false). */
int ring_probe_known(struct ring_features *features, struct err *err);

/* Puts a socket into a free slot and closes fd: the table holds it alone. 0 or -errno. */
int ring_install(struct ring *ring, uint32_t slot, int fd);

/* As ring_install, but fd stays open and the caller's: the socket lives until both are closed. */
int ring_share(struct ring *ring, uint32_t slot, int fd);

/* address must stay until the next ring_enter. Completes with 0 or -errno. */
void ring_connect(struct ring *ring, uint32_t slot, const struct sockaddr *address,
	socklen_t address_bytes, uint64_t tag);

/* Multishot: completes for each piece of data, with 0 at the peer's end, -ENOBUFS when no buffer is
 * free; ends whenever a completion lacks RING_MORE. */
void ring_receive(struct ring *ring, uint32_t slot, uint64_t tag);

/*
 * As ring_receive, for a socket that stamps what arrives (sock_stamp), with the kernel's stamp
 * beside the data. A completion must go through ring_open_stamped: before, its result counts more
 * than the data, and the peer's end comes with a buffer too. Only with buffers that one receive
 * has to itself: where there is no room for a stamp the kernel answers -EFAULT.
 */
void ring_receive_stamped(struct ring *ring, uint32_t slot, uint64_t tag);

/*
 * Makes a stamped receive's completion that of a plain one, with data that begins
 * RING_STAMPED_BYTES into the buffer. *wall_ns: when (CLOCK_REALTIME) the last segment came in of
 * which some bytes are in it; false and 0 when the kernel gave no stamp.
 */
bool ring_open_stamped(
	const struct ring *ring, struct ring_completion *completion, uint64_t *wall_ns);

/*
 * Sends all bytes (MSG_WAITALL), or fails, or completes with as many as it had sent before it
 * failed: another send of the rest tells why. data must not change and must stay until the send is
 * known to be over. quiet: success posts no completion, only failure does; and what the socket does
 * not take at once is not waited for: it completes with fewer bytes, or with -EAGAIN.
 */
void ring_send(
	struct ring *ring, uint32_t slot, const void *data, size_t bytes, bool quiet, uint64_t tag);

/*
 * Memory to send from without a copy: writable, as the kernel pins it so, for as long as the ring
 * lives, and counted against RLIMIT_MEMLOCK of a user without CAP_IPC_LOCK. Once a ring, before its
 * first send. 0 or -errno: -ENOMEM when the limit does not allow it, -EFAULT above 1 GiB.
 */
int ring_register_memory(struct ring *ring, const void *data, size_t bytes);

/*
 * As a loud ring_send, from registered memory, without a copy where the way out allows that.
 * Completes with the bytes; when that has RING_MORE, a second one with RING_NOTICE says that the
 * kernel has done with the memory, and, where the ring reports, whether it copied. It may come
 * before the first, long after it, and after the slot has had another socket: what lies in the
 * socket's queue keeps the memory.
 */
void ring_send_zero_copy(
	struct ring *ring, uint32_t slot, const void *data, size_t bytes, uint64_t tag);

/* Ends every operation armed on the slot; each completes with -ECANCELED or what it had. The cancel
 * itself completes with the number it found; nothing is 0 or -ENOENT. */
void ring_cancel(struct ring *ring, uint32_t slot, uint64_t tag);

/* Takes the socket out of its slot and closes it. */
void ring_close(struct ring *ring, uint32_t slot, uint64_t tag);

/* Multishot: completes with the slot of each accepted socket, chosen by the kernel among free ones.
 * listener is an ordinary descriptor. */
void ring_accept(struct ring *ring, int listener, uint64_t tag);

/* Bound on operations that may be queued before ring_enter must be called. */
uint32_t ring_submission_space(const struct ring *ring);

/*
 * Submits what is queued, runs the kernel's pending work, and waits at most wait_ns for a first
 * completion (0: does not wait). Returns 0, also when the time ran out or a signal came, or -errno.
 */
int ring_enter(struct ring *ring, uint64_t wait_ns);

/* Without a system call: whether completions are there or ring_enter(ring, 0) would produce some.
 */
bool ring_pending(const struct ring *ring);

/* Takes up to limit completions off the queue. Their buffers stay valid until returned. */
uint32_t ring_reap(struct ring *ring, struct ring_completion *completions, uint32_t limit);

/* Where the bytes of the first completion of this buffer that is not done with begin. */
const void *ring_buffer_data(const struct ring *ring, uint16_t buffer);

/* Gives a buffer back; the kernel sees it at the next ring_enter. */
void ring_buffer_return(struct ring *ring, uint16_t buffer);

/* Has done with what a completion with RING_BUFFER brought, in the order they were reaped in, and
 * gives the buffer back with its last one. */
void ring_buffer_done(struct ring *ring, const struct ring_completion *completion);

/* How often the completion queue overflowed so far (nothing is lost, but it is a sign of overload).
 */
uint64_t ring_overflows(const struct ring *ring);

#endif
