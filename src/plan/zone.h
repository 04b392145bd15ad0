/* SPDX-License-Identifier: MIT */
/*
 * Zones of IPv6 literals: a link-local address (fe80::/10) is one only together with the interface
 * it is on, "fe80::1%eth0". A resolver says no more of a zone that is not there than of a name that
 * is not known, so that literals are looked at before.
 *
 * Threads: any. Errors: ERR_ENVIRONMENT for an interface this network namespace does not have,
 * ERR_USAGE for a zone too many or too few. Source: RFC 4007 11 (text), RFC 6874 and 9844 (URLs).
 */
#ifndef RINGLOAD_PLAN_ZONE_H
#define RINGLOAD_PLAN_ZONE_H

#include "base/err.h"

/* host: a literal without brackets and with its zone behind "%"; a name, or another literal, is
 * always well. */
int zone_check(const char *host, struct err *err);

#endif
