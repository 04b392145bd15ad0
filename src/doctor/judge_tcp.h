/* SPDX-License-Identifier: MIT */
/*
 * Judges of the TCP stack's settings, on the side that connects and on the one that listens.
 *
 * Contract: check.h. Sources: Documentation/networking/ip-sysctl.rst, nf_conntrack-sysctl.rst,
 * Documentation/admin-guide/sysctl/net.rst (Linux).
 */
#ifndef RINGLOAD_DOCTOR_JUDGE_TCP_H
#define RINGLOAD_DOCTOR_JUDGE_TCP_H

#include "doctor/check.h"

check_judge judge_tcp_ports, judge_tcp_tw_reuse, judge_tcp_somaxconn, judge_tcp_syn_backlog;
check_judge judge_tcp_congestion, judge_tcp_slow_start, judge_tcp_netdev_backlog;
check_judge judge_tcp_conntrack;

#endif
