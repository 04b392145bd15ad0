/* SPDX-License-Identifier: MIT */
/*
 * The budget of local ports: how many connections this machine can have open to the target at once,
 * and how many of their ports wait in TIME_WAIT when each request has a connection of its own.
 *
 * A port that nobody bound is used up per pair of addresses: the kernel gives it to several
 * connections as long as one of the four parts differs. So there are ports × source addresses for
 * each address of the target. What other programs have open is not known.
 *
 * TIME_WAIT lasts 60 s (TCP_TIMEWAIT_LEN, include/net/tcp.h) and is had by the side that closes
 * first. The server mostly does, as it is told "Connection: close"; else it is ours, for which the
 * kernel uses a port again after one second where net.ipv4.tcp_tw_reuse lets it (1: always, 2, its
 * default: on loopback).
 *
 * Owner: the caller's structs. Threads: any. Errors: none: what cannot be read has the kernel's
 * defaults. Source: Documentation/networking/ip-sysctl.rst.
 */
#ifndef RINGLOAD_PLAN_PORTS_H
#define RINGLOAD_PLAN_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "plan/plan.h"

#define PORTS_TIME_WAIT_S 60

struct ports {
	uint32_t lowest, highest; /* net.ipv4.ip_local_port_range */
	uint32_t reserved;        /* of them, net.ipv4.ip_local_reserved_ports */
	unsigned int tw_reuse;    /* net.ipv4.tcp_tw_reuse */
};

/* This machine's, as files below root tell. */
void ports_read(struct ports *ports, const char *root);

/* Of one address of the target. */
struct ports_budget {
	uint64_t sources;   /* addresses to connect from; 1 when the kernel chooses */
	uint64_t available; /* ports × sources */
	uint64_t open;      /* connections at once, its share of them */
	/* Ports in TIME_WAIT after a minute when this side closes first: so many seconds each. */
	unsigned int linger_s; /* 0: none, connections are kept or end with a reset */
	bool has_lingering;    /* the rate is known */
	uint64_t lingering;
};

/* False: the address has no ports (a unix socket). */
bool ports_budget(const struct ports *ports, const struct plan *plan, size_t address,
	struct ports_budget *budget);

/* Refuses a plan whose connections cannot be open at once, with how to get more (ERR_ENVIRONMENT).
 */
int ports_check(const struct ports *ports, const struct plan *plan, struct err *err);

#endif
