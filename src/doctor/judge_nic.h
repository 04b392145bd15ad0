/* SPDX-License-Identifier: MIT */
/*
 * Judges of the network cards that are up, physical and virtio ones: bridges, tunnels and the like
 * have no device below them and are left out. What several cards show is one finding.
 *
 * Contract: check.h. Sources: Documentation/networking/scaling.rst (RSS, RPS, XPS),
 * Documentation/ABI/testing/sysfs-class-net, sysfs-class-net-queues,
 * Documentation/core-api/irq/irq-affinity.rst.
 */
#ifndef RINGLOAD_DOCTOR_JUDGE_NIC_H
#define RINGLOAD_DOCTOR_JUDGE_NIC_H

#include "doctor/check.h"

check_judge judge_nic_node, judge_nic_queues, judge_nic_irqs, judge_nic_xps, judge_nic_irqbalance;

#endif
