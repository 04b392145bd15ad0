/* SPDX-License-Identifier: MIT */
/*
 * The keys of a route that say how much it bears and what happens beyond: capacity and its queue,
 * refusal, overload, lock, leaks, and the answer to "Expect: 100-continue". Parsers for the table
 * of route_key.c, as struct route_key wants them, and what must hold between those keys.
 *
 * Threads: one at a time. Errors: ERR_USAGE sentences without position.
 */
#ifndef RINGLOAD_TARGET_ROUTE_LOAD_H
#define RINGLOAD_TARGET_ROUTE_LOAD_H

#include "base/err.h"
#include "target/route.h"

int route_load_capacity(
	struct route_set *set, struct route *route, const char *text, struct err *err);
int route_load_servers(
	struct route_set *set, struct route *route, const char *text, struct err *err);
int route_load_refuse_above(
	struct route_set *set, struct route *route, const char *text, struct err *err);
int route_load_refuse(
	struct route_set *set, struct route *route, const char *text, struct err *err);
int route_load_overload_above(
	struct route_set *set, struct route *route, const char *text, struct err *err);
int route_load_degraded(
	struct route_set *set, struct route *route, const char *text, struct err *err);
int route_load_recovery(
	struct route_set *set, struct route *route, const char *text, struct err *err);
int route_load_sustained(
	struct route_set *set, struct route *route, const char *text, struct err *err);
int route_load_endurance(
	struct route_set *set, struct route *route, const char *text, struct err *err);
int route_load_lock(struct route_set *set, struct route *route, const char *text, struct err *err);
int route_load_lock_name(
	struct route_set *set, struct route *route, const char *text, struct err *err);
int route_load_leak(struct route_set *set, struct route *route, const char *text, struct err *err);
int route_load_leak_per_request(
	struct route_set *set, struct route *route, const char *text, struct err *err);
int route_load_leak_limit(
	struct route_set *set, struct route *route, const char *text, struct err *err);
int route_load_continue(
	struct route_set *set, struct route *route, const char *text, struct err *err);

/* What a route has when its keys say nothing of it. */
void route_load_init(struct route *route);

int route_load_check(const struct route *route, struct err *err);

#endif
