/* SPDX-License-Identifier: MIT */
#include "tests/unit/doctor_machine.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"

#define CPU "sys/devices/system/cpu/"
#define NIC "sys/class/net/eth0/"

static const struct {
	const char *path, *text;
} files[] = {
	{"proc/sys/kernel/osrelease", "6.12.9-test\n"},
	{"proc/sys/kernel/io_uring_disabled", "0\n"},
	{"proc/sys/kernel/unprivileged_bpf_disabled", "2\n"},
	{"proc/sys/kernel/perf_event_paranoid", "2\n"},
	{"proc/sys/kernel/kptr_restrict", "0\n"},
	{"proc/sys/kernel/numa_balancing", "0\n"},
	{"proc/sys/net/core/bpf_jit_enable", "1\n"},
	{"proc/sys/net/core/somaxconn", "4096\n"},
	{"proc/sys/net/core/netdev_max_backlog", "65536\n"},
	{"proc/sys/net/ipv4/ip_local_port_range", "1024\t65535\n"},
	{"proc/sys/net/ipv4/ip_local_reserved_ports", "\n"},
	{"proc/sys/net/ipv4/tcp_tw_reuse", "1\n"},
	{"proc/sys/net/ipv4/tcp_max_syn_backlog", "4096\n"},
	{"proc/sys/net/ipv4/tcp_syncookies", "1\n"},
	{"proc/sys/net/ipv4/tcp_congestion_control", "cubic\n"},
	{"proc/sys/net/ipv4/tcp_available_congestion_control", "reno bbr cubic\n"},
	{"proc/sys/net/ipv4/tcp_slow_start_after_idle", "0\n"},
	{"proc/net/softnet_stat", "00000010 00000000 00000000\n00000020 00000000 00000000\n"},
	{"proc/kallsyms", "ffffffff81000000 T _stext\nffffffff81000010 T start\n"},
	{"proc/meminfo", "MemTotal:       16000000 kB\nMemAvailable:   12000000 kB\n"},
	{"proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu vme tsc\nbogomips\t: 1\n"},
	{"proc/self/status", "Name:\tringload\nCapEff:\t000001ffffffffff\n"
			     "Cpus_allowed_list:\t0-3\n"},
	{"proc/self/limits",
		"Limit                     Soft Limit           Hard Limit           Units     \n"
		"Max open files            1024                 1048576              files     \n"
		"Max locked memory         8388608              8388608              bytes     \n"},
	{"proc/77/cgroup", "0::/jobs/load\n"},
	{"proc/77/comm", "ringload\n"},
	{"proc/88/comm", "server\n"},
	{"proc/irq/50/effective_affinity_list", "0\n"},
	{"proc/irq/51/effective_affinity_list", "1\n"},
	{"proc/irq/52/effective_affinity_list", "2\n"},
	{"proc/irq/53/smp_affinity_list", "3\n"},
	{"sys/kernel/btf/vmlinux", "\n"},
	{"sys/kernel/security/lockdown", "[none] integrity confidentiality\n"},
	{"sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n"},
	{"sys/fs/cgroup/jobs/load/cpu.max", "max 100000\n"},
	{CPU "online", "0-3\n"},
	{CPU "isolated", "\n"},
	{CPU "nohz_full", "(null)\n"},
	{CPU "cpufreq/boost", "0\n"},
	{CPU "cpuidle/current_driver", "acpi_idle\n"},
	{CPU "vulnerabilities/meltdown", "Not affected\n"},
	{CPU "vulnerabilities/spectre_v2", "Mitigation: Enhanced / Automatic IBRS; IBPB\n"},
	{CPU "cpu0/cpufreq/scaling_governor", "performance\n"},
	{CPU "cpu1/cpufreq/scaling_governor", "performance\n"},
	{CPU "cpu2/cpufreq/scaling_governor", "performance\n"},
	{CPU "cpu3/cpufreq/scaling_governor", "performance\n"},
	{CPU "cpu0/topology/core_cpus_list", "0\n"},
	{CPU "cpu1/topology/core_cpus_list", "1\n"},
	{CPU "cpu2/topology/core_cpus_list", "2\n"},
	{CPU "cpu3/topology/core_cpus_list", "3\n"},
	{CPU "cpu0/cpuidle/state0/name", "POLL\n"},
	{CPU "cpu0/cpuidle/state0/latency", "0\n"},
	{CPU "cpu0/cpuidle/state1/name", "C1 halt\n"},
	{CPU "cpu0/cpuidle/state1/latency", "2\n"},
	{CPU "cpu0/cpuidle/state1/disable", "0\n"},
	{CPU "cpu0/power/pm_qos_resume_latency_us", "0\n"},
	{"sys/devices/system/node/online", "0-1\n"},
	{"sys/devices/system/node/node0/cpulist", "0-1\n"},
	{"sys/devices/system/node/node1/cpulist", "2-3\n"},
	{"sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n"},
	{"sys/devices/system/clocksource/clocksource0/available_clocksource", "tsc hpet\n"},
	{NIC "operstate", "up\n"},
	{NIC "device/numa_node", "0\n"},
	{NIC "device/msi_irqs/50", "msix\n"},
	{NIC "device/msi_irqs/51", "msix\n"},
	{NIC "device/msi_irqs/52", "msix\n"},
	{NIC "device/msi_irqs/53", "msix\n"},
	{NIC "queues/rx-0/rps_cpus", "0\n"},
	{NIC "queues/rx-1/rps_cpus", "0\n"},
	{NIC "queues/rx-2/rps_cpus", "0\n"},
	{NIC "queues/rx-3/rps_cpus", "0\n"},
	{NIC "queues/tx-0/xps_cpus", "1\n"},
	{NIC "queues/tx-1/xps_cpus", "2\n"},
	/* Neither counts: one has no device, the other is down. */
	{"sys/class/net/lo/operstate", "unknown\n"},
	{"sys/class/net/eth1/operstate", "down\n"},
	{"sys/class/net/eth1/device/numa_node", "1\n"},
};

void doctor_machine_write(const struct tree *tree)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		tree_write(tree, files[i].path, files[i].text);
}

void doctor_machine_try(struct live *live)
{
	const struct hooks_stage *stages = hooks_stages(&live->stage_count);

	*live = (struct live){
		.program = "/opt/ringload",
		.features = {.single_issuer = true,
			.defer_taskrun = true,
			.registered_ring = true,
			.send_zero_copy = true,
			.send_reports = true,
			.bounded_task_work = true,
			.incremental_buffers = true},
		.stage_count = live->stage_count,
		.nics = {{.name = "eth0", .most_queues = 4}},
		.nic_count = 1,
		.spin = {.cpu_count = 4,
			.wall_ns = 4 * NS_PER_S,
			.longest_ns = 50 * NS_PER_US,
			.longest_cpu = 2,
			.kept_ns = 10 * NS_PER_MS,
			.has_queued = true,
			.has_steal = true},
		.late = {.count = 200,
			.p50_ns = 3 * NS_PER_US,
			.p99_ns = 9 * NS_PER_US,
			.longest_ns = 20 * NS_PER_US},
	};
	for (size_t i = 0; i < live->stage_count; i++)
		live->stages[i].stage = &stages[i];
}

void doctor_machine_refuse(struct live *live)
{
	struct live_try refused = {.code = -EPERM};

	strcpy(refused.reason.text, "not permitted: it needs the capabilities CAP_BPF and more");
	for (size_t i = 0; i < live->stage_count; i++)
		for (size_t j = 0; j < HOOKS_ALTERNATIVE_LIMIT; j++)
			live->stages[i].tries[j] = refused;
	live->profile = live->null_server = refused;
}
