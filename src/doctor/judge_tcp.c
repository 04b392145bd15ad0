/* SPDX-License-Identifier: MIT */
#include "doctor/judge_tcp.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"

#define IPV4  "/proc/sys/net/ipv4/"
#define CORE  "/proc/sys/net/core/"
#define TRACK "/proc/sys/net/netfilter/nf_conntrack_"

#define PORTS_ENOUGH   60000
#define BACKLOG_ENOUGH 4096
/* The kernel's default is 1,000: one burst of as many answers on loopback fills it. */
#define NETDEV_ENOUGH 10000
#define TRACK_ENOUGH  (UINT64_C(1) << 20)

static void say_unread(struct finding *finding, const char *name)
{
	finding_say(finding, FINDING_UNKNOWN, "%s cannot be read", name);
}

void judge_tcp_ports(const struct check *check, struct sight *sight, struct finding *finding)
{
	const struct ports *ports = &sight->ports;
	uint32_t count = ports->highest - ports->lowest + 1 - ports->reserved;
	char text[UNITS_TEXT_BYTES];

	(void)check;
	/* Without the file ports_read takes the kernel's default for it. */
	if (!sight_exists(sight, IPV4 "ip_local_port_range"))
		return say_unread(finding, "net.ipv4.ip_local_port_range");
	finding_say(finding, count < PORTS_ENOUGH ? FINDING_LIMITED : FINDING_OK,
		"%s (%" PRIu32 " to %" PRIu32 ")", units_format_count(text, count), ports->lowest,
		ports->highest);
	if (ports->reserved)
		finding_add(finding, finding->state, "%s more are reserved",
			units_format_count(text, ports->reserved));
}

void judge_tcp_tw_reuse(const struct check *check, struct sight *sight, struct finding *finding)
{
	unsigned int reuse = sight->ports.tw_reuse;

	(void)check;
	if (!sight_exists(sight, IPV4 "tcp_tw_reuse"))
		return say_unread(finding, "net.ipv4.tcp_tw_reuse");
	if (reuse == 1)
		return finding_say(finding, FINDING_OK, "1: after a second");
	finding_say(finding, FINDING_LIMITED, "%u: %s", reuse,
		reuse == 2 ? "after a second on loopback alone, elsewhere after 60"
			   : "after 60 seconds");
}

/* A figure that should be at least so high. */
static void judge_least(struct sight *sight, struct finding *finding, const char *path,
	const char *name, uint64_t least)
{
	char text[UNITS_TEXT_BYTES];
	uint64_t number;

	if (!sight_number(sight, &number, "%s", path))
		return say_unread(finding, name);
	finding_say(finding, number < least ? FINDING_LIMITED : FINDING_OK, "%s",
		units_format_count(text, number));
}

void judge_tcp_somaxconn(const struct check *check, struct sight *sight, struct finding *finding)
{
	(void)check;
	judge_least(sight, finding, CORE "somaxconn", "net.core.somaxconn", BACKLOG_ENOUGH);
}

/* With SYN cookies a full queue costs connections their options only, without it costs them all. */
void judge_tcp_syn_backlog(const struct check *check, struct sight *sight, struct finding *finding)
{
	char text[UNITS_TEXT_BYTES];
	uint64_t backlog, cookies;

	(void)check;
	if (!sight_number(sight, &backlog, IPV4 "tcp_max_syn_backlog"))
		return say_unread(finding, "net.ipv4.tcp_max_syn_backlog");
	units_format_count(text, backlog);
	if (!sight_number(sight, &cookies, IPV4 "tcp_syncookies"))
		cookies = 0;
	if (cookies == 1)
		finding_say(finding, FINDING_OK, "%s, and SYN cookies beyond", text);
	else if (cookies)
		finding_say(finding, FINDING_LIMITED, "%s, but every SYN gets a cookie", text);
	else
		finding_say(finding, backlog < BACKLOG_ENOUGH ? FINDING_LIMITED : FINDING_OK,
			"%s, and no SYN cookies", text);
	if (finding->state == FINDING_OK)
		return;
	if (backlog < BACKLOG_ENOUGH)
		finding_mend(finding, "sudo sysctl -w net.ipv4.tcp_max_syn_backlog=16384");
	if (cookies > 1)
		finding_mend(finding, "sudo sysctl -w net.ipv4.tcp_syncookies=1");
}

static bool names(const char *list, const char *word)
{
	size_t bytes = strlen(word);

	for (const char *at = strstr(list, word); at; at = strstr(at + 1, word))
		if ((at == list || at[-1] == ' ') && (!at[bytes] || strchr(" \n", at[bytes])))
			return true;
	return false;
}

/*
 * Whether cubic can be had: in the machine's own network namespace root may choose any, elsewhere
 * only what is allowed to all (net/ipv4/tcp_cong.c). Only the former has netdev_max_backlog.
 */
static bool may_be_cubic(struct sight *sight)
{
	bool own = sight_exists(sight, CORE "netdev_max_backlog");
	const char *list = sight_text(
		sight, IPV4 "tcp_%s_congestion_control", own ? "available" : "allowed");

	return list && names(list, "cubic");
}

void judge_tcp_congestion(const struct check *check, struct sight *sight, struct finding *finding)
{
	const char *word = sight_word(sight, IPV4 "tcp_congestion_control"), *list;
	char used[32];

	(void)check;
	if (!word)
		return say_unread(finding, "net.ipv4.tcp_congestion_control");
	snprintf(used, sizeof(used), "%s", word);
	list = sight_text(sight, IPV4 "tcp_available_congestion_control");
	finding_say(finding, strcmp(used, "bbr") ? FINDING_OK : FINDING_LIMITED, "%s, of %.*s",
		used, (int)strcspn(list ? list : "", "\n"), list ? list : "");
	if (!list)
		finding_say(finding, finding->state, "%s", used);
	if (finding->state != FINDING_OK)
		finding_mend(finding, "sudo sysctl -w net.ipv4.tcp_congestion_control=%s",
			may_be_cubic(sight) ? "cubic" : "reno");
}

void judge_tcp_slow_start(const struct check *check, struct sight *sight, struct finding *finding)
{
	uint64_t after_idle;

	(void)check;
	if (!sight_number(sight, &after_idle, IPV4 "tcp_slow_start_after_idle"))
		return say_unread(finding, "net.ipv4.tcp_slow_start_after_idle");
	finding_say(finding, after_idle ? FINDING_LIMITED : FINDING_OK, "%s",
		after_idle ? "1: an idle connection begins slowly again" : "0: not again");
}

/* The second column of softnet_stat: what found the queue of a CPU full, since boot. */
static uint64_t dropped(struct sight *sight)
{
	const char *line = sight_text(sight, "/proc/net/softnet_stat");
	uint64_t sum = 0, count;

	for (; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (sscanf(line, "%*x %" SCNx64, &count) == 1)
			sum += count;
	}
	return sum;
}

void judge_tcp_netdev_backlog(
	const struct check *check, struct sight *sight, struct finding *finding)
{
	char text[UNITS_TEXT_BYTES];
	uint64_t lost;

	(void)check;
	judge_least(sight, finding, CORE "netdev_max_backlog", "net.core.netdev_max_backlog",
		NETDEV_ENOUGH);
	lost = dropped(sight);
	if (lost && finding->state != FINDING_UNKNOWN)
		finding_add(finding, finding->state, "%s packets found it full since boot",
			units_format_count(text, lost));
}

void judge_tcp_conntrack(const struct check *check, struct sight *sight, struct finding *finding)
{
	char most_text[UNITS_TEXT_BYTES], count_text[UNITS_TEXT_BYTES];
	uint64_t most, count;

	(void)check;
	if (!sight_exists(sight, "/proc/sys/net"))
		finding_say(finding, FINDING_UNKNOWN, "the network's settings cannot be read");
	else if (!sight_number(sight, &count, TRACK "count") ||
		 !sight_number(sight, &most, TRACK "max") || !count)
		finding_say(finding, FINDING_OK, "no connection is tracked here");
	else
		finding_say(finding, most < TRACK_ENOUGH ? FINDING_LIMITED : FINDING_OK,
			"%s connections are tracked, of at most %s",
			units_format_count(count_text, count), units_format_count(most_text, most));
}
