/* SPDX-License-Identifier: MIT */
/*
 * The request as bytes, rendered once: start line, header fields, body. From there it is sent as it
 * lies, by every connection.
 *
 * Fields in this order: Host, User-Agent, Accept, then the user's own as given, then
 * Content-Length. A field of the user's takes the place of a default of the same name; "Accept:" or
 * "User-Agent:" without a value leaves that default out. Nothing that the user gives can end a line
 * or the head: bytes that would are refused.
 *
 * Owner: what is rendered belongs to the plan_request until template_release; nothing is borrowed.
 * Threads: any. Errors: ERR_USAGE sentences that name the option.
 * Limits: TEMPLATE_HEAD_BYTES of start line and fields.
 * Source: RFC 9110 5.6.2 (token), 5.5 (field values), 8.6 (Content-Length), RFC 9112 3 and 5.
 */
#ifndef RINGLOAD_PLAN_TEMPLATE_H
#define RINGLOAD_PLAN_TEMPLATE_H

#include "base/err.h"
#include "plan/plan.h"
#include "scenario/scenario.h"

/* As much as net/http1.h takes of a head. */
#define TEMPLATE_HEAD_BYTES 65536U

/* host: for the Host field; target: path and query. scenario_check was called. */
int template_render(struct plan_request *request, const struct scenario *scenario, const char *host,
	const char *target, struct err *err);
void template_release(struct plan_request *request);

#endif
