/* SPDX-License-Identifier: MIT */
#include "net/ring.h"

#include <errno.h>
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "net/ring_compat.h"

/* One group of provided buffers a ring. */
#define BUFFER_GROUP 0
/* Of control data: the three stamps of SO_TIMESTAMPING, of which the first is the software's. */
#define STAMP_CONTROL_BYTES CMSG_SPACE(3 * sizeof(struct timespec))

_Static_assert(sizeof(struct io_uring_recvmsg_out) + STAMP_CONTROL_BYTES == RING_STAMPED_BYTES,
	"a stamped receive takes as much room as ring.h says");

struct ring {
	struct io_uring uring;
	struct io_uring_buf_ring *buffer_ring;
	size_t buffer_ring_bytes;
	char *buffers;
	uint32_t buffer_count, buffer_bytes, buffer_stride_bytes;
	uint32_t *done_bytes; /* of each buffer: what was done with since it was given back */
	uint32_t returned;    /* buffers given back, not yet shown to the kernel */
	uint16_t send_flags;  /* of zero-copy sends */
	uint64_t overflows;
	bool initialised;
	struct msghdr stamped; /* of every stamped receive: room for a stamp, none for an address */
};

/*
 * DEFER_TASKRUN: completions are produced only inside our own enter, never by interrupting the loop
 * (kernel commit c0e0d6ba25f1, 6.1). It requires SINGLE_ISSUER. TASKRUN_FLAG: the kernel sets a bit
 * we can read while spinning when such work waits. CQSIZE: a burst of completions must not
 * overflow. CLAMP: a size above the kernel's limit becomes the limit.
 */
static const unsigned int ring_flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
				       IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_CQSIZE |
				       IORING_SETUP_CLAMP;

static int setup_error(int code, struct err *err)
{
	FILE *file;
	int disabled = 0;

	switch (code) {
	case -EPERM:
		file = fopen("/proc/sys/kernel/io_uring_disabled", "re");
		if (file) {
			if (fscanf(file, "%d", &disabled) != 1)
				disabled = 0;
			fclose(file);
		}
		if (disabled)
			return err_set(err, ERR_ENVIRONMENT, code,
				"io_uring is switched off: kernel.io_uring_disabled is %d, needed "
				"is 0: "
				"sysctl kernel.io_uring_disabled=0",
				disabled);
		return err_set(err, ERR_ENVIRONMENT, code,
			"io_uring is refused by a security policy (seccomp or LSM): in a "
			"container, "
			"allow io_uring_setup, io_uring_enter and io_uring_register");
	case -ENOSYS:
		return err_set(err, ERR_ENVIRONMENT, code,
			"io_uring is not there: the kernel was built without it, or a seccomp "
			"filter "
			"hides it; needed is kernel 6.1 with CONFIG_IO_URING");
	case -EINVAL:
		return err_set(err, ERR_ENVIRONMENT, code,
			"io_uring of this kernel is too old: it lacks IORING_SETUP_DEFER_TASKRUN; "
			"needed is kernel 6.1 or newer");
	case -ENOMEM:
		return err_set_errno(err, ERR_ENVIRONMENT, code,
			"io_uring got no memory: raise the limit of locked memory (ulimit -l) or "
			"of "
			"the cgroup");
	default:
		return err_set_errno(err, ERR_ENVIRONMENT, code, "io_uring could not be set up");
	}
}

static int buffer_ring_register(
	struct io_uring *uring, void *memory, uint32_t entries, bool incremental)
{
	/* By position: what newer headers call "flags" is "pad" in those of liburing 2.3. */
	struct io_uring_buf_reg registration = {(uintptr_t)memory, entries, BUFFER_GROUP,
		incremental ? RING_COMPAT_BUFFERS_INCREMENTAL : 0, {0}};

	return io_uring_register_buf_ring(uring, &registration, 0);
}

static int buffers_register(struct ring *ring, const struct ring_options *options)
{
	size_t bytes = options->buffer_count * sizeof(struct io_uring_buf);
	int code;

	ring->buffer_ring = mmap(
		NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (ring->buffer_ring == MAP_FAILED) {
		ring->buffer_ring = NULL;
		return -ENOMEM;
	}
	ring->buffer_ring_bytes = bytes;
	code = buffer_ring_register(
		&ring->uring, ring->buffer_ring, options->buffer_count, options->incremental);
	if (code)
		return code;
	io_uring_buf_ring_init(ring->buffer_ring);
	for (uint32_t i = 0; i < options->buffer_count; i++)
		ring_buffer_return(ring, (uint16_t)i);
	return 0;
}

int ring_new(struct ring **out, const struct ring_options *options, struct err *err)
{
	struct io_uring_params params = {
		.flags = ring_flags, .cq_entries = options->completion_entries};
	struct ring *ring = calloc(1, sizeof(*ring));
	int code;

	*out = NULL;
	if (!ring)
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "no memory for a ring");
	ring->buffers = options->buffers;
	ring->buffer_count = options->buffer_count;
	ring->buffer_bytes = options->buffer_bytes;
	ring->buffer_stride_bytes = options->buffer_stride_bytes;
	ring->send_flags = IORING_RECVSEND_FIXED_BUF |
			   (options->reports ? RING_COMPAT_SEND_REPORT_USAGE : 0);
	ring->done_bytes = calloc(options->buffer_count, sizeof(*ring->done_bytes));
	if (!ring->done_bytes) {
		free(ring);
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "no memory for a ring");
	}
	ring->stamped.msg_controllen = STAMP_CONTROL_BYTES;

	code = io_uring_queue_init_params(options->submission_entries, &ring->uring, &params);
	if (code) {
		ring_free(ring);
		return setup_error(code, err);
	}
	ring->initialised = true;
	/* Saves the descriptor lookup of each enter; merely slower when the kernel says no. */
	io_uring_register_ring_fd(&ring->uring);
	code = io_uring_register_files_sparse(&ring->uring, options->slots);
	if (code) {
		err_set_errno(err, ERR_ENVIRONMENT, code,
			"io_uring refused a table of %u sockets (the limit of open files bounds "
			"it: "
			"ulimit -n)",
			options->slots);
		goto out;
	}
	code = buffers_register(ring, options);
	if (code) {
		err_set_errno(err, ERR_ENVIRONMENT, code, "io_uring refused %u provided buffers",
			options->buffer_count);
		goto out;
	}
	*out = ring;
	return 0;
out:
	ring_free(ring);
	return code;
}

void ring_free(struct ring *ring)
{
	if (!ring)
		return;
	if (ring->initialised)
		io_uring_queue_exit(&ring->uring);
	if (ring->buffer_ring)
		munmap(ring->buffer_ring, ring->buffer_ring_bytes);
	free(ring->done_bytes);
	free(ring);
}

/* Whether a buffer ring may be incremental: an older kernel finds the flag invalid. */
static bool buffers_incremental(struct io_uring *uring)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *memory = aligned_alloc(page, page);
	bool known;

	if (!memory)
		return false;
	memset(memory, 0, page);
	known = buffer_ring_register(uring, memory, 8, true) == 0;
	if (known)
		io_uring_unregister_buf_ring(uring, BUFFER_GROUP);
	free(memory);
	return known;
}

/* Whether a zero-copy send takes the flag that asks for a report: sent into no descriptor, it fails
 * for that reason, or, before, for the flag. */
static bool send_reports(struct io_uring *uring)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(uring);
	struct io_uring_cqe *cqe;
	int result;

	io_uring_prep_send_zc(sqe, -1, "", 1, MSG_NOSIGNAL, RING_COMPAT_SEND_REPORT_USAGE);
	if (io_uring_submit_and_wait(uring, 1) < 0 || io_uring_peek_cqe(uring, &cqe))
		return false;
	result = cqe->res;
	io_uring_cqe_seen(uring, cqe);
	return result == -EBADF;
}

static int probe_ring(struct ring_features *features, bool by_using, struct err *err)
{
	struct io_uring_params params = {.flags = ring_flags, .cq_entries = 16};
	struct io_uring_probe *probe;
	struct io_uring uring;
	int code;

	memset(features, 0, sizeof(*features));
	code = io_uring_queue_init_params(8, &uring, &params);
	if (code)
		return setup_error(code, err);
	features->single_issuer = true;
	features->defer_taskrun = true;
	features->kernel_features = params.features;
	features->bounded_task_work = ring_compat_bounds_task_work(uring.ring_fd);
	features->registered_ring = io_uring_register_ring_fd(&uring) == 1;
	probe = io_uring_get_probe_ring(&uring);
	if (probe) {
		features->send_zero_copy = io_uring_opcode_supported(probe, IORING_OP_SEND_ZC);
		io_uring_free_probe(probe);
	}
	if (by_using) {
		features->send_reports = features->send_zero_copy && send_reports(&uring);
		features->incremental_buffers = buffers_incremental(&uring);
	}
	io_uring_queue_exit(&uring);
	return 0;
}

int ring_probe(struct ring_features *features, struct err *err)
{
	return probe_ring(features, true, err);
}

int ring_probe_known(struct ring_features *features, struct err *err)
{
	return probe_ring(features, false, err);
}

int ring_share(struct ring *ring, uint32_t slot, int fd)
{
	int code = io_uring_register_files_update(&ring->uring, slot, &fd, 1);

	return code < 0 ? code : 0;
}

int ring_install(struct ring *ring, uint32_t slot, int fd)
{
	int code = ring_share(ring, slot, fd);

	close(fd);
	return code;
}

/*
 * The queue is sized so that it never fills between two enters; should it, what is queued goes to
 * the kernel now rather than being lost.
 */
static struct io_uring_sqe *next_sqe(struct ring *ring)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring->uring);

	while (__builtin_expect(!sqe, 0)) {
		io_uring_submit(&ring->uring);
		sqe = io_uring_get_sqe(&ring->uring);
	}
	return sqe;
}

void ring_connect(struct ring *ring, uint32_t slot, const struct sockaddr *address,
	socklen_t address_bytes, uint64_t tag)
{
	struct io_uring_sqe *sqe = next_sqe(ring);

	io_uring_prep_connect(sqe, (int)slot, address, address_bytes);
	sqe->flags |= IOSQE_FIXED_FILE;
	sqe->user_data = tag;
}

void ring_receive(struct ring *ring, uint32_t slot, uint64_t tag)
{
	struct io_uring_sqe *sqe = next_sqe(ring);

	io_uring_prep_recv_multishot(sqe, (int)slot, NULL, 0, 0);
	/* Nothing has been asked yet when it is armed: waiting first saves a futile read. */
	sqe->ioprio |= IORING_RECVSEND_POLL_FIRST;
	sqe->flags |= IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT;
	sqe->buf_group = BUFFER_GROUP;
	sqe->user_data = tag;
}

void ring_receive_stamped(struct ring *ring, uint32_t slot, uint64_t tag)
{
	struct io_uring_sqe *sqe = next_sqe(ring);

	io_uring_prep_recvmsg_multishot(sqe, (int)slot, &ring->stamped, 0);
	sqe->ioprio |= IORING_RECVSEND_POLL_FIRST;
	sqe->flags |= IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT;
	sqe->buf_group = BUFFER_GROUP;
	sqe->user_data = tag;
}

void ring_send(
	struct ring *ring, uint32_t slot, const void *data, size_t bytes, bool quiet, uint64_t tag)
{
	struct io_uring_sqe *sqe = next_sqe(ring);

	/* WAITALL: the kernel goes on after a short send, so a stream is never left half written.
	 */
	io_uring_prep_send(sqe, (int)slot, data, bytes,
		MSG_NOSIGNAL | MSG_WAITALL | (quiet ? MSG_DONTWAIT : 0));
	sqe->flags |= quiet ? IOSQE_FIXED_FILE | IOSQE_CQE_SKIP_SUCCESS : IOSQE_FIXED_FILE;
	sqe->user_data = tag;
}

int ring_register_memory(struct ring *ring, const void *data, size_t bytes)
{
	struct iovec memory = {.iov_base = (void *)data, .iov_len = bytes};

	return io_uring_register_buffers(&ring->uring, &memory, 1);
}

void ring_send_zero_copy(
	struct ring *ring, uint32_t slot, const void *data, size_t bytes, uint64_t tag)
{
	struct io_uring_sqe *sqe = next_sqe(ring);

	io_uring_prep_send_zc_fixed(
		sqe, (int)slot, data, bytes, MSG_NOSIGNAL | MSG_WAITALL, ring->send_flags, 0);
	sqe->flags |= IOSQE_FIXED_FILE;
	sqe->user_data = tag;
}

void ring_cancel(struct ring *ring, uint32_t slot, uint64_t tag)
{
	struct io_uring_sqe *sqe = next_sqe(ring);

	io_uring_prep_cancel_fd(
		sqe, (int)slot, IORING_ASYNC_CANCEL_FD_FIXED | IORING_ASYNC_CANCEL_ALL);
	sqe->user_data = tag;
}

void ring_close(struct ring *ring, uint32_t slot, uint64_t tag)
{
	struct io_uring_sqe *sqe = next_sqe(ring);

	io_uring_prep_close_direct(sqe, slot);
	sqe->user_data = tag;
}

void ring_accept(struct ring *ring, int listener, uint64_t tag)
{
	struct io_uring_sqe *sqe = next_sqe(ring);

	io_uring_prep_multishot_accept_direct(sqe, listener, NULL, NULL, 0);
	sqe->user_data = tag;
}

uint32_t ring_submission_space(const struct ring *ring)
{
	return io_uring_sq_space_left(&ring->uring);
}

static void buffers_publish(struct ring *ring)
{
	if (ring->returned) {
		io_uring_buf_ring_advance(ring->buffer_ring, (int)ring->returned);
		ring->returned = 0;
	}
}

int ring_enter(struct ring *ring, uint64_t wait_ns)
{
	struct __kernel_timespec timeout = {.tv_sec = (long long)(wait_ns / 1000000000),
		.tv_nsec = (long long)(wait_ns % 1000000000)};
	struct io_uring_cqe *first;
	int code;

	buffers_publish(ring);
	if (wait_ns)
		code = io_uring_submit_and_wait_timeout(&ring->uring, &first, 1, &timeout, NULL);
	else
		code = io_uring_submit_and_get_events(&ring->uring);
	/* EBUSY, EAGAIN: the kernel wants its completions reaped first; the caller does that next.
	 */
	if (code >= 0 || code == -ETIME || code == -EINTR || code == -EBUSY || code == -EAGAIN)
		return 0;
	return code;
}

bool ring_pending(const struct ring *ring)
{
	unsigned int flags = IO_URING_READ_ONCE(*ring->uring.sq.kflags);

	return flags & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW) ||
	       io_uring_cq_ready(&ring->uring);
}

#define KERNEL_FLAGS (RING_BUFFER | RING_MORE | RING_NOTICE | RING_BUFFER_MORE)

_Static_assert(RING_BUFFER == IORING_CQE_F_BUFFER && RING_MORE == IORING_CQE_F_MORE &&
		       RING_NOTICE == IORING_CQE_F_NOTIF &&
		       RING_BUFFER_MORE == RING_COMPAT_CQE_BUFFER_MORE,
	"completion flags are the kernel's");
_Static_assert((uint32_t)RING_COPIED == RING_COMPAT_USAGE_COPIED, "and so is a notice's result");

uint32_t ring_reap(struct ring *ring, struct ring_completion *completions, uint32_t limit)
{
	struct io_uring_cqe *cqe;
	unsigned int head;
	uint32_t count = 0;

	if (__builtin_expect(io_uring_cq_has_overflow(&ring->uring), 0))
		ring->overflows++;
	io_uring_for_each_cqe(&ring->uring, head, cqe)
	{
		struct ring_completion *out = &completions[count];

		if (count == limit)
			break;
		out->tag = cqe->user_data;
		out->result = cqe->res;
		/* The numbers are equal on purpose: a buffer's is above all flags. */
		out->flags = (uint16_t)cqe->flags & KERNEL_FLAGS;
		out->buffer = (uint16_t)(cqe->flags >> IORING_CQE_BUFFER_SHIFT);
		count++;
	}
	io_uring_cq_advance(&ring->uring, count);
	return count;
}

const void *ring_buffer_data(const struct ring *ring, uint16_t buffer)
{
	return ring->buffers + (size_t)buffer * ring->buffer_stride_bytes +
	       ring->done_bytes[buffer];
}

/* The software's stamp among control data; 0 seconds: there is none. */
static struct timespec find_stamp(struct io_uring_recvmsg_out *out, struct msghdr *header)
{
	struct timespec stamp = {0};

	for (struct cmsghdr *control = io_uring_recvmsg_cmsg_firsthdr(out, header); control;
		control = io_uring_recvmsg_cmsg_nexthdr(out, header, control))
		if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_TIMESTAMPING)
			memcpy(&stamp, CMSG_DATA(control), sizeof(stamp));
	return stamp;
}

bool ring_open_stamped(
	const struct ring *ring, struct ring_completion *completion, uint64_t *wall_ns)
{
	struct msghdr header = ring->stamped;
	struct timespec stamp;

	*wall_ns = 0;
	if (!(completion->flags & RING_BUFFER))
		return false;
	completion->result -= RING_STAMPED_BYTES;
	stamp = find_stamp(
		(struct io_uring_recvmsg_out *)ring_buffer_data(ring, completion->buffer), &header);
	*wall_ns = (uint64_t)stamp.tv_sec * 1000000000 + (uint64_t)stamp.tv_nsec;
	return stamp.tv_sec;
}

void ring_buffer_return(struct ring *ring, uint16_t buffer)
{
	io_uring_buf_ring_add(ring->buffer_ring,
		ring->buffers + (size_t)buffer * ring->buffer_stride_bytes, ring->buffer_bytes,
		buffer, (int)ring->buffer_count - 1, (int)ring->returned);
	ring->returned++;
}

void ring_buffer_done(struct ring *ring, const struct ring_completion *completion)
{
	if (completion->flags & RING_BUFFER_MORE) {
		if (completion->result > 0)
			ring->done_bytes[completion->buffer] += (uint32_t)completion->result;
		return;
	}
	ring->done_bytes[completion->buffer] = 0;
	ring_buffer_return(ring, completion->buffer);
}

uint64_t ring_overflows(const struct ring *ring)
{
	return ring->overflows;
}
