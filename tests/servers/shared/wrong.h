/* SPDX-License-Identifier: MIT */
/*
 * Responses that are nearly right: each has one thing in it that HTTP/1.1 (RFC 9112) does not
 * allow, or that could be read in two ways. The byte that shows it is in the text, so that no
 * client needs to wait for more.
 *
 * Owner: constant. Threads: any. Each list ends with NULL.
 */
#ifndef TESTS_SERVERS_SHARED_WRONG_H
#define TESTS_SERVERS_SHARED_WRONG_H

extern const char *const wrong_status_lines[];
extern const char *const wrong_heads[];
extern const char *const wrong_chunks[];

#endif
