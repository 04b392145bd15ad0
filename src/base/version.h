/* SPDX-License-Identifier: MIT */
/*
 * The version of the whole tool, in one place: it goes into results, the User-Agent of requests and
 * --version. Semantic versioning (semver.org, 2.0.0).
 */
#ifndef RINGLOAD_BASE_VERSION_H
#define RINGLOAD_BASE_VERSION_H

#define RINGLOAD_VERSION "0.1.0"

#endif
