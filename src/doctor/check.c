/* SPDX-License-Identifier: MIT */
#include "doctor/check.h"

#include <linux/capability.h>

#include "doctor/judge_bpf.h"
#include "doctor/judge_cpu.h"
#include "doctor/judge_limits.h"
#include "doctor/judge_machine.h"
#include "doctor/judge_nic.h"
#include "doctor/judge_tcp.h"
#include "doctor/judge_time.h"
#include "doctor/judge_uring.h"

#define SETCAP        "sudo setcap cap_bpf,cap_perfmon,cap_sys_ptrace,cap_syslog,cap_ipc_lock+ep PROGRAM"
#define AS_ROOT       "sudo ringload COMMAND"
#define FEATURE(name) offsetof(struct ring_features, name)

#define KERNEL_SIDE "no request can be followed through a server's kernel: no stages in the report"

/* clang-format off: a table */
static const struct check checks[] = {
	/* --- io_uring --- */
	{"io_uring", "kernel.release", "/proc/sys/kernel/osrelease", judge_machine_kernel, NULL, 0,
		CHECK_NONE, "the report cannot name the kernel", NULL},
	{"io_uring", "uring.allowed", "kernel.io_uring_disabled", judge_uring_allowed, NULL, 0,
		CHECK_LOAD, "no load can be driven", "sudo sysctl -w kernel.io_uring_disabled=0"},
	{"io_uring", "uring.ring", "a ring is made", judge_uring_ring, NULL, 0, CHECK_LOAD,
		"no load can be driven", NULL},
	{"io_uring", "uring.single_issuer", "the ring's flags (kernel 6.0)", judge_uring_feature,
		NULL, FEATURE(single_issuer), CHECK_NONE,
		"a ring that several threads could use takes locks for each request", NULL},
	{"io_uring", "uring.defer_taskrun", "the ring's flags (kernel 6.1)", judge_uring_feature,
		NULL, FEATURE(defer_taskrun), CHECK_NONE,
		"completions interrupt a worker between the clock's reading and the send", NULL},
	{"io_uring", "uring.registered_ring", "the ring is registered with its thread",
		judge_uring_feature, NULL, FEATURE(registered_ring), CHECK_NONE,
		"each system call of a worker looks its ring up", NULL},
	{"io_uring", "uring.send_zero_copy", "the ring's operations (kernel 6.0)",
		judge_uring_feature, NULL, FEATURE(send_zero_copy), CHECK_NONE,
		"large requests are copied by the kernel, which costs CPU time", NULL},
	{"io_uring", "uring.send_reports", "a send that asks for a report (kernel 6.2)",
		judge_uring_feature, NULL, FEATURE(send_reports), CHECK_NONE,
		"whether the kernel copied what was sent is not known, so --send auto copies",
		NULL},
	{"io_uring", "uring.incremental_buffers", "a ring of such buffers (kernel 6.12)",
		judge_uring_feature, NULL, FEATURE(incremental_buffers), CHECK_NONE,
		"large responses come in pieces of 16 KiB instead of 64: more CPU time for each",
		NULL},
	{"io_uring", "uring.bounded_task_work", "resizable rings, which came with it (kernel 6.13)",
		judge_uring_feature, NULL, FEATURE(bounded_task_work), CHECK_NONE,
		"with thousands of connections one system call may take long, and sends leave late",
		NULL},

	/* --- what the kernel's side takes --- */
	{"kernel attribution", "bpf.btf", "/sys/kernel/btf/vmlinux", judge_bpf_btf, NULL, 0,
		CHECK_KERNEL, KERNEL_SIDE, NULL},
	{"kernel attribution", "bpf.jit", "net.core.bpf_jit_enable", judge_bpf_jit, NULL, 0,
		CHECK_NONE, "the probe costs the server several times as much",
		"sudo sysctl -w net.core.bpf_jit_enable=1"},
	{"kernel attribution", "bpf.lockdown", "/sys/kernel/security/lockdown", judge_bpf_lockdown,
		NULL, 0, CHECK_KERNEL, KERNEL_SIDE, NULL},
	{"kernel attribution", "bpf.unprivileged", "kernel.unprivileged_bpf_disabled",
		judge_bpf_unprivileged, NULL, 0, CHECK_NONE,
		"nothing: tracing needs CAP_BPF in any case", NULL},
	{"kernel attribution", "cap.bpf", "CapEff of /proc/self/status", judge_bpf_capability,
		"CAP_BPF", CAP_BPF, CHECK_KERNEL, KERNEL_SIDE, SETCAP},
	{"kernel attribution", "cap.perfmon", "CapEff of /proc/self/status", judge_bpf_capability,
		"CAP_PERFMON", CAP_PERFMON, CHECK_KERNEL, KERNEL_SIDE, SETCAP},
	{"kernel attribution", "cap.sys_ptrace", "CapEff of /proc/self/status",
		judge_bpf_capability, "CAP_SYS_PTRACE", CAP_SYS_PTRACE, CHECK_OTHERS,
		"another user's server shows neither its open files nor its disk use, and its "
		"stacks no names",
		SETCAP},
	{"kernel attribution", "cap.syslog", "CapEff of /proc/self/status", judge_bpf_capability,
		"CAP_SYSLOG", CAP_SYSLOG, CHECK_NONE,
		"functions of the kernel have no names in a profile", SETCAP},
	{"kernel attribution", "cap.ipc_lock", "CapEff of /proc/self/status", judge_bpf_capability,
		"CAP_IPC_LOCK", CAP_IPC_LOCK, CHECK_NONE,
		"memory to send from without a copy counts against the limit of locked memory",
		SETCAP},
	{"kernel attribution", "cap.net_admin", "CapEff of /proc/self/status", judge_bpf_capability,
		"CAP_NET_ADMIN", CAP_NET_ADMIN, CHECK_NONE,
		"the in-kernel null server cannot be attached, and some kernels refuse the probe",
		AS_ROOT},
	{"kernel attribution", "cap.sys_admin", "CapEff of /proc/self/status", judge_bpf_capability,
		"CAP_SYS_ADMIN", CAP_SYS_ADMIN, CHECK_NONE,
		"no private network for lab and calibrate, and what the probe itself costs is not "
		"measured",
		AS_ROOT},
	{"kernel attribution", "perf.paranoid", "kernel.perf_event_paranoid", judge_bpf_paranoid,
		NULL, 0, CHECK_NONE, "--profile cannot sample the server's stacks", SETCAP},
	{"kernel attribution", "kernel.symbols", "/proc/kallsyms, kernel.kptr_restrict",
		judge_bpf_symbols, NULL, 0, CHECK_NONE,
		"functions of the kernel have no names in a profile",
		"sudo sysctl -w kernel.kptr_restrict=1"},
	{"kernel attribution", "profile", "the sampling of --profile is started", judge_bpf_profile,
		NULL, 0, CHECK_PROFILE, "no profile of the server, no flame graph", NULL},
	{"kernel attribution", "null_server", "the in-kernel null server is started",
		judge_bpf_null_server, NULL, 0, CHECK_NULL_SERVER,
		"no lab; calibrate has to use the embedded target", NULL},

	/* --- each stage of the probe: its programs are loaded and attached, each alone --- */
	{"hooks", "hook.birth", "its programs are tried one by one", judge_bpf_stage, "birth", 0,
		CHECK_KERNEL, KERNEL_SIDE, NULL},
	{"hooks", "hook.arrival", "its programs are tried one by one", judge_bpf_stage, "arrival",
		0, CHECK_KERNEL, KERNEL_SIDE, NULL},
	{"hooks", "hook.read", "its programs are tried one by one", judge_bpf_stage, "read", 0,
		CHECK_KERNEL, "the end of the queue stages is seen late, or nothing at all", NULL},
	{"hooks", "hook.send", "its programs are tried one by one", judge_bpf_stage, "send", 0,
		CHECK_KERNEL, "the end of the app stages is seen late, or nothing at all", NULL},
	{"hooks", "hook.schedule", "its programs are tried one by one", judge_bpf_stage, "schedule",
		0, CHECK_KERNEL, KERNEL_SIDE, NULL},
	{"hooks", "hook.thread_exit", "its programs are tried one by one", judge_bpf_stage,
		"thread_exit", 0, CHECK_NONE,
		"a server that makes a thread for each request fills the table of threads", NULL},
	{"hooks", "hook.end", "its programs are tried one by one", judge_bpf_stage, "end", 0,
		CHECK_NONE, "connections that end are not counted", NULL},
	{"hooks", "hook.tx", "its programs are tried one by one", judge_bpf_stage, "tx", 0,
		CHECK_NONE,
		"the stage tx, from the send to the device, is not measured or without queueing",
		NULL},
	{"hooks", "hook.retransmit", "its programs are tried one by one", judge_bpf_stage,
		"retransmit", 0, CHECK_NONE, "the server's retransmissions are not counted", NULL},
	{"hooks", "hook.reset_sent", "its programs are tried one by one", judge_bpf_stage,
		"reset_sent", 0, CHECK_NONE, "resets that the server sends are not counted", NULL},
	{"hooks", "hook.reset_received", "its programs are tried one by one", judge_bpf_stage,
		"reset_received", 0, CHECK_NONE, "resets that the server gets are not counted",
		NULL},
	{"hooks", "hook.walk", "its programs are tried one by one", judge_bpf_stage, "walk", 0,
		CHECK_NONE,
		"connections from before the probe's start are not followed, nor open requests "
		"counted",
		NULL},
	{"hooks", "hook.rx_path", "a socket asks for receive stamps", judge_bpf_stamps, NULL, 0,
		CHECK_NONE, "the stage rx_path is not measured, and there is no --rx-timestamps",
		NULL},

	/* --- what this process may use --- */
	{"limits", "limits.files", "Max open files of /proc/self/limits, the hard one",
		judge_limits_files, NULL, 0, CHECK_LOAD,
		"no worker can have more connections than this",
		"sudo prlimit --pid $$ --nofile=1048576:1048576"},
	{"limits", "limits.locked_memory", "Max locked memory of /proc/self/limits",
		judge_limits_locked, NULL, 0, CHECK_NONE,
		"requests that do not fit into it are copied when they are sent",
		"sudo prlimit --pid $$ --memlock=unlimited:unlimited"},
	{"limits", "limits.cpu_quota",
		"cpu.max (cpu.cfs_quota_us) of this control group and those above",
		judge_limits_quota, NULL, 0, CHECK_NONE,
		"a worker that used up the quota stands still for the rest of the period, and "
		"sends late",
		"echo max | sudo tee GROUP/cpu.max"},
	{"limits", "limits.cpus",
		"Cpus_allowed_list of /proc/self/status, CPUs online and isolated",
		judge_limits_cpus, NULL, 0, CHECK_NONE,
		"fewer workers than this machine could run, or workers that share a CPU with the "
		"collector",
		"taskset -c CPUS ringload COMMAND"},
	{"limits", "limits.memory", "MemAvailable of /proc/meminfo, the control group's limit",
		judge_limits_memory, NULL, 0, CHECK_LOAD,
		"many connections, or many workers with their statistics, may not fit", NULL},

	/* --- TCP --- */
	{"tcp", "tcp.ports", "net.ipv4.ip_local_port_range, ip_local_reserved_ports",
		judge_tcp_ports, NULL, 0, CHECK_NONE,
		"no more connections at once to one address and port, unless with --source",
		"sudo sysctl -w net.ipv4.ip_local_port_range='1024 65535'"},
	{"tcp", "tcp.tw_reuse", "net.ipv4.tcp_tw_reuse", judge_tcp_tw_reuse, NULL, 0, CHECK_NONE,
		"with --no-keepalive ports run out where the server does not close first",
		"sudo sysctl -w net.ipv4.tcp_tw_reuse=1"},
	{"tcp", "tcp.somaxconn", "net.core.somaxconn", judge_tcp_somaxconn, NULL, 0, CHECK_NONE,
		"a server on this machine has a short accept queue, and connects in a burst wait a "
		"second",
		"sudo sysctl -w net.core.somaxconn=65535"},
	{"tcp", "tcp.syn_backlog", "net.ipv4.tcp_max_syn_backlog, tcp_syncookies",
		judge_tcp_syn_backlog, NULL, 0, CHECK_NONE,
		"a burst of connects to a server on this machine loses SYNs, or TCP options",
		"sudo sysctl -w net.ipv4.tcp_max_syn_backlog=16384"},
	{"tcp", "tcp.congestion",
		"net.ipv4.tcp_congestion_control, tcp_available_congestion_control",
		judge_tcp_congestion, NULL, 0, CHECK_NONE,
		"large requests, and responses of a server here, leave at a pace and not as fast "
		"as they can",
		"sudo sysctl -w net.ipv4.tcp_congestion_control=cubic"},
	{"tcp", "tcp.slow_start", "net.ipv4.tcp_slow_start_after_idle", judge_tcp_slow_start, NULL,
		0, CHECK_NONE,
		"what is larger than ten segments takes more round trips on a connection that was "
		"idle",
		"sudo sysctl -w net.ipv4.tcp_slow_start_after_idle=0"},
	{"tcp", "tcp.netdev_backlog", "net.core.netdev_max_backlog, /proc/net/softnet_stat",
		judge_tcp_netdev_backlog, NULL, 0, CHECK_NONE,
		"a larger burst on loopback, or over RPS, loses packets, which come 200 ms later",
		"sudo sysctl -w net.core.netdev_max_backlog=65536"},
	{"tcp", "tcp.conntrack", "net.netfilter.nf_conntrack_count, nf_conntrack_max",
		judge_tcp_conntrack, NULL, 0, CHECK_NONE,
		"connects are dropped when the table is full, which closed connections stay in for "
		"minutes",
		"sudo sysctl -w net.netfilter.nf_conntrack_max=2097152"},

	/* --- CPUs --- */
	{"cpu", "cpu.governor", "scaling_governor of each CPU", judge_cpu_governor, NULL, 0,
		CHECK_NONE, "latencies at low load contain the time in which a CPU speeds up",
		"sudo cpupower frequency-set -g performance"},
	{"cpu", "cpu.boost", "cpufreq/boost, intel_pstate/no_turbo", judge_cpu_boost, NULL, 0,
		CHECK_NONE,
		"the clock depends on heat and on how many CPUs are busy: figures of two runs "
		"differ",
		"echo 0 | sudo tee /sys/devices/system/cpu/cpufreq/boost"},
	{"cpu", "cpu.idle_states",
		"cpuidle/state*/{name,latency,disable}, pm_qos_resume_latency_us", judge_cpu_idle,
		NULL, 0, CHECK_NONE, "at low load latencies contain the time in which CPUs wake up",
		"sudo cpupower idle-set -D 20"},
	{"cpu", "cpu.smt", "topology/core_cpus_list of each CPU", judge_cpu_smt, NULL, 0,
		CHECK_NONE,
		"two busy threads of a core slow each other down; workers beyond the cores share "
		"theirs",
		"ringload run --cpus CPUS"},
	{"cpu", "cpu.isolated", "/sys/devices/system/cpu/isolated (isolcpus=)", judge_cpu_isolated,
		NULL, 0, CHECK_NONE, "the quietest CPUs are left unused",
		"taskset -c CPUS ringload COMMAND"},
	{"cpu", "cpu.nohz_full", "/sys/devices/system/cpu/nohz_full", judge_cpu_nohz, NULL, 0,
		CHECK_NONE, "whether ticks interrupt workers is not known", NULL},
	{"cpu", "cpu.mitigations", "/sys/devices/system/cpu/vulnerabilities", judge_cpu_mitigations,
		NULL, 0, CHECK_NONE,
		"every system call and interrupt costs more, of generator and server; switching it "
		"off is for "
		"machines that run nothing untrusted",
		"echo 'GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX mitigations=off\"' | sudo tee "
		"/etc/default/grub.d/mitigations.cfg && sudo update-grub && sudo reboot"},

	/* --- the machine --- */
	{"machine", "machine.clock", "current_clocksource, available_clocksource",
		judge_machine_clock, NULL, 0, CHECK_NONE,
		"reading the clock, twice a request and more, costs as much as a system call",
		"echo tsc | sudo tee "
		"/sys/devices/system/clocksource/clocksource0/current_clocksource"},
	{"machine", "machine.virtual", "flags of /proc/cpuinfo, /sys/hypervisor, /sys/class/dmi/id",
		judge_machine_virtual, NULL, 0, CHECK_NONE,
		"the hypervisor's scheduling is part of every figure: look at steal and pauses",
		NULL},
	{"machine", "machine.numa", "online nodes, kernel.numa_balancing", judge_machine_numa, NULL,
		0, CHECK_NONE, "pages that move stop their thread for a moment",
		"sudo sysctl -w kernel.numa_balancing=0"},
	{"machine", "machine.huge_pages", "/sys/kernel/mm/transparent_hugepage/enabled",
		judge_machine_huge_pages, NULL, 0, CHECK_NONE,
		"a server's memory grows in steps of 2 MiB, and making such a page may stop a "
		"thread",
		"echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled"},

	/* --- network cards --- */
	{"network cards", "nic.node", "device/numa_node of each card that is up", judge_nic_node,
		NULL, 0, CHECK_NONE, "each packet crosses to another NUMA node",
		"taskset -c CPUS ringload COMMAND"},
	{"network cards", "nic.queues", "queues/rx-*, rps_cpus, what the driver can have",
		judge_nic_queues, NULL, 0, CHECK_NONE,
		"few CPUs receive for all, and are the first to be full",
		"sudo ethtool -L NIC combined N"},
	{"network cards", "nic.irqs", "msi_irqs and where they go (/proc/irq)", judge_nic_irqs,
		NULL, 0, CHECK_NONE, "one CPU receives for all queues, and is the first to be full",
		"echo CPU | sudo tee /proc/irq/N/smp_affinity_list"},
	{"network cards", "nic.xps", "queues/tx-*/xps_cpus", judge_nic_xps, NULL, 0, CHECK_NONE,
		"workers wait for each other's queues to send",
		"echo MASK | sudo tee /sys/class/net/NIC/queues/tx-N/xps_cpus"},
	{"network cards", "nic.irqbalance", "names of all processes", judge_nic_irqbalance, NULL, 0,
		CHECK_NONE, "interrupts move from CPU to CPU while a run is measured",
		"sudo systemctl stop irqbalance"},

	/* --- measured here and now --- */
	{"measured", "time.steal", "a thread on each CPU spins for a second; steal of /proc/stat",
		judge_time_steal, NULL, 0, CHECK_NONE,
		"the hypervisor takes CPUs away, and above 5 % runs are not valid", NULL},
	{"measured", "time.pauses", "the same: how long the clock stood still for a thread",
		judge_time_pauses, NULL, 0, CHECK_NONE,
		"requests that are due in a pause are sent after it, which is send lag and longer "
		"tails",
		NULL},
	{"measured", "time.timers", "200 sleeps of a millisecond", judge_time_timers, NULL, 0,
		CHECK_NONE, "workers that sleep between requests send them late",
		"ringload run --pacing spin"},
};
/* clang-format on */

const struct check *check_all(size_t *count)
{
	*count = sizeof(checks) / sizeof(*checks);
	return checks;
}

static const struct {
	const char *key, *words;
} abilities[CHECK_ABILITY_COUNT] = {
	[CHECK_LOAD] = {"load", "drive a load"},
	[CHECK_KERNEL] = {"kernel", "follow requests through a server's kernel"},
	[CHECK_PROFILE] = {"profile", "sample a server's stacks"},
	[CHECK_OTHERS] = {"others", "read all resources of other users' servers"},
	[CHECK_NULL_SERVER] = {"null_server", "measure itself against the in-kernel null server"},
};

const char *check_ability_key(enum check_ability ability)
{
	return abilities[ability].key;
}

const char *check_ability_words(enum check_ability ability)
{
	return abilities[ability].words;
}
