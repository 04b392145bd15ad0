/* SPDX-License-Identifier: MIT */
#include "observe/host.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "observe/cgroup.h"

/* /proc/stat of a machine with thousands of CPUs and interrupts. */
#define LIMIT_BYTES (4U << 20)

/* The kernel's names, and those of the record. */
static const struct {
	const char *key, *field;
} counts[HOST_NETSTAT_COUNT] = {
	[HOST_LISTEN_OVERFLOWS] = {"listen_overflows", "ListenOverflows"},
	[HOST_LISTEN_DROPS] = {"listen_drops", "ListenDrops"},
	[HOST_SYN_COOKIES] = {"syn_cookies", "SyncookiesSent"},
	[HOST_REQ_QFULL_DROP] = {"req_qfull_drop", "TCPReqQFullDrop"},
};

const char *host_count_key(enum host_count count)
{
	return counts[count].key;
}

static bool read_text(const char *path, struct buf *text)
{
	return file_read(path, LIMIT_BYTES, text, NULL) >= 0 && !text->failed;
}

/* The words of a line, one after another; the length of the next one, 0 at the line's end. */
static size_t next_word(const char **line)
{
	*line += strspn(*line, " ");
	return strcspn(*line, " \n");
}

/* Two lines of one name: the fields, and their values in the same order. */
static bool find_field(const char *names, const char *values, const char *field, uint64_t *value)
{
	size_t name_bytes, value_bytes;

	while ((name_bytes = next_word(&names)) && (value_bytes = next_word(&values))) {
		if (strlen(field) == name_bytes && !memcmp(names, field, name_bytes)) {
			*value = strtoull(values, NULL, 10);
			return true;
		}
		names += name_bytes;
		values += value_bytes;
	}
	return false;
}

static bool parse_netstat(const char *text, uint64_t *netstat)
{
	static const char title[] = "TcpExt:";
	const char *names = NULL, *values = NULL;

	for (const char *line = text; line && !values; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, title, strlen(title)) != 0)
			continue;
		*(names ? &values : &names) = line + strlen(title);
	}
	for (size_t i = 0; values && i < HOST_NETSTAT_COUNT; i++)
		if (!find_field(names, values, counts[i].field, &netstat[i]))
			return false;
	return values;
}

static void read_netstat(struct host *host, const char *root, uint32_t pid)
{
	struct buf text = {0};
	char path[PATH_MAX];

	if (pid)
		snprintf(path, sizeof(path), "%s/proc/%" PRIu32 "/net/netstat", root, pid);
	else
		snprintf(path, sizeof(path), "%s/proc/net/netstat", root);
	if (!read_text(path, &text))
		host->netstat_reason = "the network counters of the server's process cannot be "
				       "read: it has ended, or is another user's";
	else if (!parse_netstat(buf_string(&text), host->netstat))
		host->netstat_reason = "this kernel does not count lost connections";
	else
		host->has_netstat = true;
	buf_release(&text);
}

/*
 * "cpu  user nice system idle iowait irq softirq steal guest guest_nice", in ticks; guests are in
 * user and nice already.
 */
static void read_softirq(struct host *host, const char *root)
{
	enum { SOFTIRQ = 6, FIGURES = 8 };
	uint64_t figure[FIGURES], ns_per_tick = NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK);
	struct buf text = {0};
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/proc/stat", root);
	host->has_softirq = read_text(path, &text) &&
			    sscanf(buf_string(&text),
				    "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
				    " %" SCNu64 " %" SCNu64 " %" SCNu64,
				    &figure[0], &figure[1], &figure[2], &figure[3], &figure[4],
				    &figure[5], &figure[6], &figure[7]) == FIGURES;
	buf_release(&text);
	if (!host->has_softirq) {
		host->softirq_reason = "/proc/stat does not tell what the CPUs did";
		return;
	}
	host->softirq_ns = figure[SOFTIRQ] * ns_per_tick;
	for (size_t i = 0; i < FIGURES; i++)
		host->total_ns += figure[i] * ns_per_tick;
}

void host_read(struct host *host, const char *root, uint32_t pid)
{
	struct cgroup_throttling throttling;

	*host = (struct host){0};
	read_netstat(host, root, pid);
	read_softirq(host, root);
	if (!pid) {
		host->throttled_reason = "the server's process is not known";
		return;
	}
	host->has_throttled = cgroup_throttling(&throttling, root, pid, &host->throttled_reason);
	host->throttled_ns = throttling.throttled_ns;
	host->throttled_periods = throttling.periods;
}

/* False when it went back: then it is another's counter, or one that began again. */
static bool subtract(uint64_t *later, uint64_t earlier)
{
	bool forward = *later >= earlier;

	*later = forward ? *later - earlier : 0;
	return forward;
}

/* Whether a part is known of both; its reason becomes that of the one that lacks it. */
static bool in_both(bool *has, const char **reason, bool earlier_has, const char *earlier_reason)
{
	if (*has && !earlier_has)
		*reason = earlier_reason;
	*has = *has && earlier_has;
	return *has;
}

void host_subtract(struct host *later, const struct host *earlier)
{
	static const char back[] = "the counters went back in the window";
	bool forward = true;

	if (in_both(&later->has_netstat, &later->netstat_reason, earlier->has_netstat,
		    earlier->netstat_reason)) {
		for (size_t i = 0; i < HOST_NETSTAT_COUNT; i++)
			forward &= subtract(&later->netstat[i], earlier->netstat[i]);
		later->has_netstat = forward;
		later->netstat_reason = forward ? NULL : back;
	}
	if (in_both(&later->has_softirq, &later->softirq_reason, earlier->has_softirq,
		    earlier->softirq_reason)) {
		forward = subtract(&later->softirq_ns, earlier->softirq_ns);
		forward &= subtract(&later->total_ns, earlier->total_ns);
		later->has_softirq = forward;
		later->softirq_reason = forward ? NULL : back;
	}
	if (in_both(&later->has_throttled, &later->throttled_reason, earlier->has_throttled,
		    earlier->throttled_reason)) {
		forward = subtract(&later->throttled_ns, earlier->throttled_ns);
		forward &= subtract(&later->throttled_periods, earlier->throttled_periods);
		later->has_throttled = forward;
		later->throttled_reason = forward ? NULL : back;
	}
}
