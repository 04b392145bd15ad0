/* SPDX-License-Identifier: MIT */
/* Every check of the doctor in every state it can have, on machines made of files. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "doctor/doctor.h"
#include "doctor/doctor_json.h"
#include "doctor/doctor_text.h"
#include "tests/unit/doctor_machine.h"
#include "tests/unit/golden.h"
#include "tests/unit/machine_tree.h"

#define CPU  "sys/devices/system/cpu/"
#define NIC  "sys/class/net/eth0/"
#define IPV4 "proc/sys/net/ipv4/"
#define CORE "proc/sys/net/core/"

#define STATUS(rights, cpus) "Name:\tx\nCapEff:\t" rights "\nCpus_allowed_list:\t" cpus "\n"
#define NO_RIGHTS            STATUS("0000000000000000", "0-3")
#define ALL_RIGHTS           "000001ffffffffff"
#define LIMITS(files, locked)                                            \
	"Max open files            " files "               files     \n" \
	"Max locked memory         " locked "              bytes     \n"

/* A file that is other than on the good machine; text NULL: it is not there. */
struct change {
	const char *path, *text;
};

/* What is wrong, and what is to be said of it; NULL: not looked at. */
struct trouble {
	const char *key;
	enum finding_state state;
	const char *finding, *mend;
	struct change changes[5];
	void (*spoil)(struct live *live);
};

/* --- what trying shows on other machines ---------------------------------------------------- */

static void no_ring(struct live *live)
{
	memset(&live->features, 0, sizeof(live->features));
	live->ring.code = -EPERM;
	strcpy(live->ring.reason.text, "io_uring is switched off");
}

static void old_ring(struct live *live)
{
	memset(&live->features, 0, sizeof(live->features));
}

static void refuse(struct live *live, const char *stage, size_t first, size_t count)
{
	for (size_t i = 0; i < live->stage_count; i++)
		for (size_t j = first; j < first + count; j++) {
			struct live_try *its = &live->stages[i].tries[j];

			if (stage && strcmp(live->stages[i].stage->stage, stage) != 0)
				continue;
			its->code = -EINVAL;
			strcpy(its->reason.text, "this kernel has no such thing");
		}
}

static void no_hooks(struct live *live)
{
	refuse(live, NULL, 0, HOOKS_ALTERNATIVE_LIMIT);
}

static void second_send(struct live *live)
{
	refuse(live, "send", 0, 1);
}

static void last_send(struct live *live)
{
	refuse(live, "send", 0, 2);
}

static void last_read(struct live *live)
{
	refuse(live, "read", 0, 2);
}

static void second_tx(struct live *live)
{
	refuse(live, "tx", 0, 1);
}

static void no_stages(struct live *live)
{
	live->stage_count = 0;
}

static void no_stamps(struct live *live)
{
	live->stamps.code = -EPERM;
	strcpy(live->stamps.reason.text, "receive stamps are refused");
}

static void no_profile(struct live *live)
{
	live->profile.code = -EINVAL;
	strcpy(live->profile.reason.text, "kernel.perf_event_max_stack is 64");
}

static void no_null_server(struct live *live)
{
	live->null_server.code = -EPERM;
	strcpy(live->null_server.reason.text, "seccomp");
}

static void quick(struct live *live)
{
	live->quick = true;
}

static void unmeasured(struct live *live)
{
	live->spin = (struct spin){.reason = "no thread could be put on a CPU"};
	live->late.count = 0;
}

static void steal(struct live *live)
{
	live->spin.steal_ns = 100 * NS_PER_MS;
}

static void no_steal(struct live *live)
{
	live->spin.has_steal = false;
}

static void long_pause(struct live *live)
{
	live->spin.longest_ns = 4 * NS_PER_MS;
	live->spin.queued_ns = 400 * NS_PER_MS;
}

static void many_pauses(struct live *live)
{
	live->spin.kept_ns = 200 * NS_PER_MS;
	live->spin.has_queued = false;
}

static void late_timers(struct live *live)
{
	live->late.p99_ns = NS_PER_MS;
}

static void more_queues(struct live *live)
{
	live->nics[0].most_queues = 2;
}

/* --- the troubles ---------------------------------------------------------------------------- */

#define RIGHT(its, without)                                                  \
	{                                                                    \
		its, FINDING_MISSING, "is not held", NULL,                   \
			{{"proc/self/status", STATUS(without, "0-3")}}, NULL \
	}
#define FEATURE(its)                                                                  \
	{its, FINDING_LIMITED, "does not have it", NULL, {{NULL, NULL}}, old_ring},   \
	{                                                                             \
		its, FINDING_UNKNOWN, "without a ring", NULL, {{NULL, NULL}}, no_ring \
	}
#define HOOK(its)                                                                                  \
	{its, FINDING_MISSING, ": this kernel has no such thing", NULL, {{NULL, NULL}}, no_hooks}, \
	{                                                                                          \
		its, FINDING_UNKNOWN, "may not be tried", "sudo '/opt/ringload' doctor",           \
			{{"proc/self/status", NO_RIGHTS}}, doctor_machine_refuse                   \
	}

/* clang-format off: a table */
static const struct trouble troubles[] = {
	{"kernel.release", FINDING_OK, "6.12.9-test", NULL, {{NULL, NULL}}, NULL},
	{"kernel.release", FINDING_UNKNOWN, NULL, NULL, {{"proc/sys/kernel/osrelease", NULL}},
		NULL},
	{"uring.allowed", FINDING_MISSING, "2: nobody", "sudo sysctl -w kernel.io_uring_disabled=0",
		{{"proc/sys/kernel/io_uring_disabled", "2\n"}}, no_ring},
	{"uring.allowed", FINDING_MISSING, "1: only", "sudo sysctl -w kernel.io_uring_disabled=0",
		{{"proc/sys/kernel/io_uring_disabled", "1\n"}}, no_ring},
	{"uring.allowed", FINDING_OK, "this user may", NULL,
		{{"proc/sys/kernel/io_uring_disabled", "1\n"}}, NULL},
	{"uring.allowed", FINDING_OK, "no switch", NULL,
		{{"proc/sys/kernel/io_uring_disabled", NULL}}, NULL},
	{"uring.allowed", FINDING_UNKNOWN, NULL, NULL, {{"proc/sys/kernel", NULL}}, NULL},
	{"uring.ring", FINDING_MISSING, "io_uring is switched off", NULL, {{NULL, NULL}}, no_ring},
	FEATURE("uring.single_issuer"),
	FEATURE("uring.defer_taskrun"),
	FEATURE("uring.registered_ring"),
	FEATURE("uring.send_zero_copy"),
	FEATURE("uring.send_reports"),
	FEATURE("uring.incremental_buffers"),
	FEATURE("uring.bounded_task_work"),

	{"bpf.btf", FINDING_MISSING, "CONFIG_DEBUG_INFO_BTF", NULL,
		{{"sys/kernel/btf/vmlinux", NULL}}, no_hooks},
	{"bpf.btf", FINDING_OK, "beside the kernel's image", NULL,
		{{"sys/kernel/btf/vmlinux", NULL}}, NULL},
	{"bpf.jit", FINDING_LIMITED, "interpreted", "sudo sysctl -w net.core.bpf_jit_enable=1",
		{{CORE "bpf_jit_enable", "0\n"}}, NULL},
	{"bpf.jit", FINDING_UNKNOWN, NULL, NULL, {{CORE "bpf_jit_enable", NULL}}, NULL},
	{"bpf.lockdown", FINDING_MISSING, "confidentiality", NULL,
		{{"sys/kernel/security/lockdown", "none integrity [confidentiality]\n"}}, NULL},
	{"bpf.lockdown", FINDING_OK, "integrity", NULL,
		{{"sys/kernel/security/lockdown", "none [integrity] confidentiality\n"}}, NULL},
	{"bpf.lockdown", FINDING_OK, "not locked down", NULL,
		{{"sys/kernel/security/lockdown", NULL}}, NULL},
	{"bpf.unprivileged", FINDING_OK, "2: BPF is for CAP_BPF alone", NULL, {{NULL, NULL}}, NULL},
	{"bpf.unprivileged", FINDING_OK, "0: everybody", NULL,
		{{"proc/sys/kernel/unprivileged_bpf_disabled", "0\n"}}, NULL},
	{"bpf.unprivileged", FINDING_UNKNOWN, NULL, NULL,
		{{"proc/sys/kernel/unprivileged_bpf_disabled", NULL}}, NULL},
	/* Bits of linux/capability.h: SYS_ADMIN 21 includes BPF 39, PERFMON 38 and SYSLOG 34. */
	RIGHT("cap.bpf", "0000017fffdfffff"),
	RIGHT("cap.perfmon", "000001bfffdfffff"),
	RIGHT("cap.syslog", "000001fbffdfffff"),
	RIGHT("cap.sys_ptrace", "000001fffff7ffff"),
	RIGHT("cap.ipc_lock", "000001ffffffbfff"),
	RIGHT("cap.net_admin", "000001ffffffefff"),
	RIGHT("cap.sys_admin", "000001ffffdfffff"),
	{"cap.bpf", FINDING_MISSING, "CAP_BPF is not held",
		"sudo setcap cap_bpf,cap_perfmon,cap_sys_ptrace,cap_syslog,cap_ipc_lock+ep "
		"'/opt/ringload'",
		{{"proc/self/status", NO_RIGHTS}}, NULL},
	{"cap.sys_admin", FINDING_MISSING, NULL, "sudo ringload COMMAND",
		{{"proc/self/status", NO_RIGHTS}}, NULL},
	{"cap.bpf", FINDING_OK, "held with CAP_SYS_ADMIN", NULL,
		{{"proc/self/status", STATUS("0000000000200000", "0-3")}}, NULL},
	{"cap.bpf", FINDING_UNKNOWN, NULL, NULL,
		{{"proc/self/status", "Cpus_allowed_list:\t0-3\n"}}, NULL},
	{"perf.paranoid", FINDING_LIMITED, "3: ", "sudo setcap ",
		{{"proc/self/status", NO_RIGHTS}, {"proc/sys/kernel/perf_event_paranoid", "3\n"}},
		NULL},
	{"perf.paranoid", FINDING_OK, "-1: everybody", NULL,
		{{"proc/self/status", NO_RIGHTS}, {"proc/sys/kernel/perf_event_paranoid", "-1\n"}},
		NULL},
	{"perf.paranoid", FINDING_UNKNOWN, NULL, NULL,
		{{"proc/sys/kernel/perf_event_paranoid", NULL}}, NULL},
	{"kernel.symbols", FINDING_LIMITED, "hidden from this user", "sudo setcap ",
		{{"proc/kallsyms", "0000000000000000 T a\n0000000000000000 T b\n"}}, NULL},
	{"kernel.symbols", FINDING_LIMITED, "even from root",
		"sudo sysctl -w kernel.kptr_restrict=1",
		{{"proc/kallsyms", "0000000000000000 T a\n"},
			{"proc/sys/kernel/kptr_restrict", "2\n"}},
		NULL},
	{"kernel.symbols", FINDING_OK, "sees", NULL,
		{{"proc/kallsyms", "0000000000000000 A cpu_first\nffffffff81000000 T b\n"}}, NULL},
	{"kernel.symbols", FINDING_UNKNOWN, NULL, NULL, {{"proc/kallsyms", NULL}}, NULL},
	{"profile", FINDING_MISSING, "perf_event_max_stack is 64", NULL, {{NULL, NULL}},
		no_profile},
	{"profile", FINDING_UNKNOWN, "may not be tried", "sudo '/opt/ringload' doctor",
		{{"proc/self/status", NO_RIGHTS}}, doctor_machine_refuse},
	{"null_server", FINDING_MISSING, "seccomp", NULL, {{NULL, NULL}}, no_null_server},
	{"null_server", FINDING_UNKNOWN, "may not be tried", "sudo '/opt/ringload' doctor",
		{{"proc/self/status", NO_RIGHTS}}, doctor_machine_refuse},

	HOOK("hook.birth"),
	HOOK("hook.arrival"),
	HOOK("hook.read"),
	HOOK("hook.send"),
	HOOK("hook.schedule"),
	HOOK("hook.thread_exit"),
	HOOK("hook.end"),
	HOOK("hook.tx"),
	HOOK("hook.retransmit"),
	HOOK("hook.reset_sent"),
	HOOK("hook.reset_received"),
	HOOK("hook.walk"),
	{"hook.send", FINDING_OK,
		"tp_btf/tcp_sendmsg_locked serves; fentry/tcp_sendmsg_locked would "
		"serve too; tp_btf/sock_send_length would serve too",
		NULL, {{NULL, NULL}}, NULL},
	{"hook.send", FINDING_OK,
		"fentry/tcp_sendmsg_locked serves; tp_btf/tcp_sendmsg_locked: this "
		"kernel has no such thing",
		NULL, {{NULL, NULL}}, second_send},
	{"hook.send", FINDING_LIMITED, "tp_btf/sock_send_length serves: seen at the end", NULL,
		{{NULL, NULL}}, last_send},
	{"hook.tx", FINDING_MISSING, "sends are seen when they are over", NULL, {{NULL, NULL}},
		last_send},
	{"hook.tx", FINDING_LIMITED, "tp_btf/net_dev_queue serves: seen before", NULL,
		{{NULL, NULL}}, second_tx},
	{"hook.read", FINDING_LIMITED, "tp_btf/sock_recv_length serves: ", NULL, {{NULL, NULL}},
		last_read},
	{"hook.birth", FINDING_UNKNOWN, "it was not tried", NULL, {{NULL, NULL}}, no_stages},
	{"hook.rx_path", FINDING_MISSING, "refused", NULL, {{NULL, NULL}}, no_stamps},

	{"limits.files", FINDING_OK, "1,048,576", NULL, {{NULL, NULL}}, NULL},
	{"limits.files", FINDING_OK, "unlimited", NULL,
		{{"proc/self/limits", LIMITS("1024  unlimited", "1  1")}}, NULL},
	{"limits.files", FINDING_LIMITED, "20,000",
		"sudo prlimit --pid $$ --nofile=1048576:1048576",
		{{"proc/self/limits", LIMITS("1024  20000", "1  1")}}, NULL},
	{"limits.files", FINDING_MISSING, "128", "sudo prlimit ",
		{{"proc/self/limits", LIMITS("64  128", "1  1")}}, NULL},
	{"limits.files", FINDING_UNKNOWN, NULL, NULL, {{"proc/self/limits", NULL}}, NULL},
	{"limits.locked_memory", FINDING_OK, "which CAP_IPC_LOCK lifts", NULL,
		{{"proc/self/limits", LIMITS("1  1", "65536  65536")}}, NULL},
	{"limits.locked_memory", FINDING_OK, "unlimited", NULL,
		{{"proc/self/limits", LIMITS("1  1", "unlimited  unlimited")},
			{"proc/self/status", NO_RIGHTS}},
		NULL},
	{"limits.locked_memory", FINDING_OK, "8.00 MiB", NULL, {{"proc/self/status", NO_RIGHTS}},
		NULL},
	{"limits.locked_memory", FINDING_LIMITED, "64.0 KiB",
		"sudo prlimit --pid $$ --memlock=unlimited:unlimited",
		{{"proc/self/limits", LIMITS("1  1", "65536  65536")},
			{"proc/self/status", NO_RIGHTS}},
		NULL},
	{"limits.locked_memory", FINDING_UNKNOWN, NULL, NULL, {{"proc/self/limits", NULL}}, NULL},
	{"limits.cpu_quota", FINDING_OK, "none", NULL, {{NULL, NULL}}, NULL},
	{"limits.cpu_quota", FINDING_LIMITED, "1.5 CPUs of the 4 this process may use",
		"echo max | sudo tee '/sys/fs/cgroup/work/load/cpu.max'",
		{{"sys/fs/cgroup/work/load/cpu.max", "150000 100000\n"}}, NULL},
	{"limits.cpu_quota", FINDING_LIMITED, "stopped by it for 2.50 s so far",
		"echo max | sudo tee '/sys/fs/cgroup/work/cpu.max'",
		{{"sys/fs/cgroup/work/cpu.max", "50000 100000\n"},
			{"sys/fs/cgroup/work/cpu.stat",
				"nr_throttled 9\nthrottled_usec 2500000\n"}},
		NULL},
	{"limits.cpu_quota", FINDING_OK, "8 CPUs", NULL,
		{{"sys/fs/cgroup/work/load/cpu.max", "800000 100000\n"}}, NULL},
	{"limits.cpu_quota", FINDING_LIMITED, "0.5 CPUs",
		"echo -1 | sudo tee '/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us'",
		{{"proc/77/cgroup", "2:cpu:/a\n"},
			{"sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "50000\n"},
			{"sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n"}},
		NULL},
	{"limits.cpu_quota", FINDING_UNKNOWN, NULL, NULL, {{"sys/fs/cgroup", NULL}}, NULL},
	{"limits.cpus", FINDING_OK, "4 of 4 online: 0-3", NULL, {{NULL, NULL}}, NULL},
	{"limits.cpus", FINDING_LIMITED, "2 of 4 online: 0-1",
		"taskset -c 0-3 '/opt/ringload' COMMAND",
		{{"proc/self/status", STATUS(ALL_RIGHTS, "0-1")}}, NULL},
	{"limits.cpus", FINDING_OK, "2 of 4 online: 0-1", NULL,
		{{"proc/self/status", STATUS(ALL_RIGHTS, "0-1")}, {CPU "isolated", "2-3\n"}}, NULL},
	{"limits.cpus", FINDING_LIMITED, "no second one", "",
		{{"proc/self/status", STATUS(ALL_RIGHTS, "0")}, {CPU "online", "0\n"}}, NULL},
	{"limits.memory", FINDING_OK, "11.4 GiB", NULL, {{NULL, NULL}}, NULL},
	{"limits.memory", FINDING_LIMITED, "500 MiB", "",
		{{"proc/meminfo", "MemAvailable:   512000 kB\n"}}, NULL},
	{"limits.memory", FINDING_MISSING, "32.0 MiB", "",
		{{"proc/meminfo", "MemAvailable:    32768 kB\n"}}, NULL},
	{"limits.memory", FINDING_LIMITED, "200 MiB, left by the control group's limit", "",
		{{"sys/fs/cgroup/work/load/memory.max", "268435456\n"},
			{"sys/fs/cgroup/work/load/memory.current", "58720256\n"}},
		NULL},
	{"limits.memory", FINDING_UNKNOWN, NULL, NULL, {{"proc/meminfo", "MemTotal: 1 kB\n"}},
		NULL},

	{"tcp.ports", FINDING_OK, "64,512 (1024 to 65535)", NULL, {{NULL, NULL}}, NULL},
	{"tcp.ports", FINDING_LIMITED, "28,232 (32768 to 60999)",
		"sudo sysctl -w net.ipv4.ip_local_port_range='1024 65535'",
		{{IPV4 "ip_local_port_range", "32768 60999\n"}}, NULL},
	{"tcp.ports", FINDING_LIMITED, "54,512 (1024 to 65535); 10,000 more are reserved", NULL,
		{{IPV4 "ip_local_reserved_ports", "20000-29999\n"}}, NULL},
	{"tcp.ports", FINDING_UNKNOWN, NULL, NULL, {{IPV4 "ip_local_port_range", NULL}}, NULL},
	{"tcp.tw_reuse", FINDING_OK, "1: ", NULL, {{NULL, NULL}}, NULL},
	{"tcp.tw_reuse", FINDING_LIMITED, "on loopback alone",
		"sudo sysctl -w net.ipv4.tcp_tw_reuse=1", {{IPV4 "tcp_tw_reuse", "2\n"}}, NULL},
	{"tcp.tw_reuse", FINDING_LIMITED, "0: after 60 seconds", NULL,
		{{IPV4 "tcp_tw_reuse", "0\n"}}, NULL},
	{"tcp.tw_reuse", FINDING_UNKNOWN, NULL, NULL, {{IPV4 "tcp_tw_reuse", NULL}}, NULL},
	{"tcp.somaxconn", FINDING_LIMITED, "128", "sudo sysctl -w net.core.somaxconn=65535",
		{{CORE "somaxconn", "128\n"}}, NULL},
	{"tcp.somaxconn", FINDING_UNKNOWN, NULL, NULL, {{CORE "somaxconn", "many\n"}}, NULL},
	{"tcp.syn_backlog", FINDING_OK, "512, and SYN cookies beyond", NULL,
		{{IPV4 "tcp_max_syn_backlog", "512\n"}}, NULL},
	{"tcp.syn_backlog", FINDING_LIMITED, "512, and no SYN cookies",
		"sudo sysctl -w net.ipv4.tcp_max_syn_backlog=16384",
		{{IPV4 "tcp_max_syn_backlog", "512\n"}, {IPV4 "tcp_syncookies", "0\n"}}, NULL},
	{"tcp.syn_backlog", FINDING_LIMITED, "every SYN gets a cookie",
		"sudo sysctl -w net.ipv4.tcp_syncookies=1", {{IPV4 "tcp_syncookies", "2\n"}}, NULL},
	{"tcp.syn_backlog", FINDING_UNKNOWN, NULL, NULL, {{IPV4 "tcp_max_syn_backlog", NULL}},
		NULL},
	{"tcp.congestion", FINDING_OK, "cubic, of reno bbr cubic", NULL, {{NULL, NULL}}, NULL},
	{"tcp.congestion", FINDING_LIMITED, "bbr, of",
		"sudo sysctl -w net.ipv4.tcp_congestion_control=cubic",
		{{IPV4 "tcp_congestion_control", "bbr\n"}}, NULL},
	{"tcp.congestion", FINDING_LIMITED, "bbr",
		"sudo sysctl -w net.ipv4.tcp_congestion_control=reno",
		{{IPV4 "tcp_congestion_control", "bbr\n"},
			{IPV4 "tcp_available_congestion_control", "reno bbr\n"}},
		NULL},
	{"tcp.congestion", FINDING_UNKNOWN, NULL, NULL, {{IPV4 "tcp_congestion_control", NULL}},
		NULL},
	{"tcp.slow_start", FINDING_LIMITED,
		"1: ", "sudo sysctl -w net.ipv4.tcp_slow_start_after_idle=0",
		{{IPV4 "tcp_slow_start_after_idle", "1\n"}}, NULL},
	{"tcp.slow_start", FINDING_UNKNOWN, NULL, NULL, {{IPV4 "tcp_slow_start_after_idle", NULL}},
		NULL},
	{"tcp.netdev_backlog", FINDING_LIMITED, "1,000; 17 packets found it full since boot",
		"sudo sysctl -w net.core.netdev_max_backlog=65536",
		{{CORE "netdev_max_backlog", "1000\n"},
			{"proc/net/softnet_stat", "00000001 0000000f 0\n00000001 00000002 0\n"}},
		NULL},
	{"tcp.netdev_backlog", FINDING_UNKNOWN, NULL, NULL, {{CORE "netdev_max_backlog", NULL}},
		NULL},
	{"tcp.conntrack", FINDING_OK, "no connection is tracked", NULL, {{NULL, NULL}}, NULL},
	{"tcp.conntrack", FINDING_OK, "no connection is tracked", NULL,
		{{"proc/sys/net/netfilter/nf_conntrack_count", "0\n"},
			{"proc/sys/net/netfilter/nf_conntrack_max", "65536\n"}},
		NULL},
	{"tcp.conntrack", FINDING_LIMITED, "12 connections are tracked, of at most 65,536",
		"sudo sysctl -w net.netfilter.nf_conntrack_max=2097152",
		{{"proc/sys/net/netfilter/nf_conntrack_count", "12\n"},
			{"proc/sys/net/netfilter/nf_conntrack_max", "65536\n"}},
		NULL},
	{"tcp.conntrack", FINDING_UNKNOWN, NULL, NULL, {{"proc/sys/net", NULL}}, NULL},

	{"cpu.governor", FINDING_LIMITED, "schedutil", "sudo cpupower frequency-set -g performance",
		{{CPU "cpu0/cpufreq/scaling_governor", "schedutil\n"},
			{CPU "cpu1/cpufreq/scaling_governor", "schedutil\n"},
			{CPU "cpu2/cpufreq/scaling_governor", "schedutil\n"},
			{CPU "cpu3/cpufreq/scaling_governor", "schedutil\n"}},
		NULL},
	{"cpu.governor", FINDING_LIMITED, "mixed: CPUs differ", NULL,
		{{CPU "cpu3/cpufreq/scaling_governor", "powersave\n"}}, NULL},
	{"cpu.governor", FINDING_UNKNOWN, NULL, NULL,
		{{CPU "cpu0/cpufreq", NULL}, {CPU "cpu1/cpufreq", NULL}, {CPU "cpu2/cpufreq", NULL},
			{CPU "cpu3/cpufreq", NULL}},
		NULL},
	{"cpu.boost", FINDING_LIMITED, "on",
		"echo 0 | sudo tee /sys/devices/system/cpu/cpufreq/boost",
		{{CPU "cpufreq/boost", "1\n"}}, NULL},
	{"cpu.boost", FINDING_LIMITED, "on",
		"echo 1 | sudo tee /sys/devices/system/cpu/intel_pstate/no_turbo",
		{{CPU "intel_pstate/no_turbo", "0\n"}}, NULL},
	{"cpu.boost", FINDING_OK, "off", NULL,
		{{CPU "intel_pstate/no_turbo", "1\n"}, {CPU "cpufreq/boost", NULL}}, NULL},
	{"cpu.boost", FINDING_UNKNOWN, NULL, NULL, {{CPU "cpufreq/boost", NULL}}, NULL},
	{"cpu.idle_states", FINDING_OK, "the deepest is C1 halt, 2 µs to wake up from (CPU 0)",
		NULL, {{NULL, NULL}}, NULL},
	{"cpu.idle_states", FINDING_LIMITED, "the deepest is C6, 133 µs to wake up from (CPU 2)",
		"sudo cpupower idle-set -D 20",
		{{CPU "cpu2/cpuidle/state3/name", "C6\n"},
			{CPU "cpu2/cpuidle/state3/latency", "133\n"}},
		NULL},
	{"cpu.idle_states", FINDING_OK, "C1 halt", NULL,
		{{CPU "cpu2/cpuidle/state3/name", "C6\n"},
			{CPU "cpu2/cpuidle/state3/latency", "133\n"},
			{CPU "cpu2/cpuidle/state3/disable", "1\n"}},
		NULL},
	{"cpu.idle_states", FINDING_OK, "C1 halt", NULL,
		{{CPU "cpu2/cpuidle/state3/name", "C6\n"},
			{CPU "cpu2/cpuidle/state3/latency", "133\n"},
			{CPU "cpu2/power/pm_qos_resume_latency_us", "50\n"}},
		NULL},
	{"cpu.idle_states", FINDING_OK, "POLL, 0 µs", NULL,
		{{CPU "cpu0/power/pm_qos_resume_latency_us", "n/a\n"}}, NULL},
	{"cpu.idle_states", FINDING_OK, "all are switched off", NULL,
		{{CPU "cpu0/cpuidle/state0/disable", "1\n"},
			{CPU "cpu0/cpuidle/state1/disable", "1\n"}},
		NULL},
	{"cpu.idle_states", FINDING_OK, "none to choose from (driver none)", NULL,
		{{CPU "cpu0/cpuidle", NULL}, {CPU "cpuidle/current_driver", "none\n"}}, NULL},
	{"cpu.idle_states", FINDING_UNKNOWN, NULL, NULL,
		{{CPU "cpu0/cpuidle", NULL}, {CPU "cpuidle", NULL}}, NULL},
	{"cpu.smt", FINDING_OK, "a core of its own", NULL, {{NULL, NULL}}, NULL},
	{"cpu.smt", FINDING_LIMITED, "4 CPUs are threads of 2 cores",
		"'/opt/ringload' run --cpus 0-1",
		{{CPU "cpu0/topology/core_cpus_list", "0,2\n"},
			{CPU "cpu2/topology/core_cpus_list", "0,2\n"},
			{CPU "cpu1/topology/core_cpus_list", "1,3\n"},
			{CPU "cpu3/topology/core_cpus_list", "1,3\n"}},
		NULL},
	{"cpu.isolated", FINDING_OK, "none", NULL, {{NULL, NULL}}, NULL},
	{"cpu.isolated", FINDING_OK, "2-3, which this process may use", NULL,
		{{CPU "isolated", "2-3\n"}}, NULL},
	{"cpu.isolated", FINDING_LIMITED, "2-3, which this process may not use",
		"taskset -c 2-3 '/opt/ringload' COMMAND",
		{{CPU "isolated", "2-3\n"}, {"proc/self/status", STATUS(ALL_RIGHTS, "0-1")}}, NULL},
	{"cpu.isolated", FINDING_UNKNOWN, NULL, NULL, {{CPU "isolated", NULL}}, NULL},
	{"cpu.nohz_full", FINDING_OK, "none", NULL, {{NULL, NULL}}, NULL},
	{"cpu.nohz_full", FINDING_OK, "1-3 run without ticks", NULL, {{CPU "nohz_full", "1-3\n"}},
		NULL},
	{"cpu.mitigations", FINDING_OK, "none", NULL, {{NULL, NULL}}, NULL},
	{"cpu.mitigations", FINDING_LIMITED,
		"meltdown: page tables are switched; mds: buffers are cleared", "mitigations=off",
		{{CPU "vulnerabilities/meltdown", "Mitigation: PTI\n"},
			{CPU "vulnerabilities/mds",
				"Mitigation: Clear CPU buffers; SMT disabled\n"}},
		NULL},
	{"cpu.mitigations", FINDING_UNKNOWN, NULL, NULL, {{CPU "vulnerabilities", NULL}}, NULL},

	{"machine.clock", FINDING_OK, "kvm-clock", NULL,
		{{"sys/devices/system/clocksource/clocksource0/current_clocksource",
			"kvm-clock\n"}},
		NULL},
	{"machine.clock", FINDING_LIMITED, "hpet, each reading of which is a system call",
		"echo tsc | sudo tee "
		"/sys/devices/system/clocksource/clocksource0/current_clocksource",
		{{"sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet\n"}},
		NULL},
	{"machine.clock", FINDING_LIMITED, "acpi_pm", "",
		{{"sys/devices/system/clocksource/clocksource0/current_clocksource", "acpi_pm\n"},
			{"sys/devices/system/clocksource/clocksource0/available_clocksource",
				"acpi_pm\n"}},
		NULL},
	{"machine.clock", FINDING_UNKNOWN, NULL, NULL, {{"sys/devices/system/clocksource", NULL}},
		NULL},
	{"machine.virtual", FINDING_OK, "no sign of a hypervisor", NULL, {{NULL, NULL}}, NULL},
	{"machine.virtual", FINDING_LIMITED, "a virtual machine (QEMU Standard PC)", "",
		{{"proc/cpuinfo", "x\t: 1\nflags\t\t: fpu hypervisor tsc\n"},
			{"sys/class/dmi/id/sys_vendor", "QEMU\n"},
			{"sys/class/dmi/id/product_name", "Standard PC\n"}},
		NULL},
	{"machine.virtual", FINDING_OK, NULL, NULL,
		{{"proc/cpuinfo", "x\t: 1\nflags\t\t: fpu\nmodel\t: of hypervisor\n"}}, NULL},
	{"machine.virtual", FINDING_UNKNOWN, NULL, NULL, {{"proc/cpuinfo", NULL}}, NULL},
	{"machine.numa", FINDING_OK, "2 nodes", NULL, {{NULL, NULL}}, NULL},
	{"machine.numa", FINDING_OK, "one node", NULL,
		{{"sys/devices/system/node/online", "0\n"},
			{"proc/sys/kernel/numa_balancing", "1\n"}},
		NULL},
	{"machine.numa", FINDING_LIMITED, "the kernel moves pages",
		"sudo sysctl -w kernel.numa_balancing=0",
		{{"proc/sys/kernel/numa_balancing", "1\n"}}, NULL},
	{"machine.huge_pages", FINDING_OK, "madvise", NULL, {{NULL, NULL}}, NULL},
	{"machine.huge_pages", FINDING_LIMITED, "always",
		"echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled",
		{{"sys/kernel/mm/transparent_hugepage/enabled", "[always] madvise never\n"}}, NULL},
	{"machine.huge_pages", FINDING_OK, "has none", NULL,
		{{"sys/kernel/mm/transparent_hugepage/enabled", NULL}}, NULL},
	{"machine.huge_pages", FINDING_UNKNOWN, NULL, NULL, {{"sys/kernel/mm", NULL}}, NULL},

	{"nic.node", FINDING_OK, "eth0: node 0", NULL, {{NULL, NULL}}, NULL},
	{"nic.node", FINDING_LIMITED, "eth0: node 1, whose CPUs this process may not use",
		"taskset -c 2-3 '/opt/ringload' COMMAND",
		{{NIC "device/numa_node", "1\n"}, {"proc/self/status", STATUS(ALL_RIGHTS, "0-1")}},
		NULL},
	{"nic.node", FINDING_OK, "eth0: one node", NULL,
		{{"sys/devices/system/node/online", "0\n"}, {NIC "device/numa_node", "-1\n"}},
		NULL},
	{"nic.node", FINDING_UNKNOWN, "eth0: not told", NULL, {{NIC "device/numa_node", "-1\n"}},
		NULL},
	{"nic.node", FINDING_OK, "no network card is up", NULL, {{NIC "operstate", "down\n"}},
		NULL},
	{"nic.node", FINDING_UNKNOWN, NULL, NULL, {{"sys/class/net", NULL}}, NULL},
	{"nic.queues", FINDING_OK, "eth0: 4 for 4 CPUs", NULL, {{NULL, NULL}}, NULL},
	{"nic.queues", FINDING_LIMITED, "eth0: 2 for 4 CPUs", "sudo ethtool -L eth0 combined 4",
		{{NIC "queues/rx-2", NULL}, {NIC "queues/rx-3", NULL}}, NULL},
	{"nic.queues", FINDING_LIMITED, "eth0: 2 for 4 CPUs",
		"for queue in /sys/class/net/eth0/queues/rx-*; do echo f | sudo tee "
		"$queue/rps_cpus; done",
		{{NIC "queues/rx-2", NULL}, {NIC "queues/rx-3", NULL}}, more_queues},
	{"nic.queues", FINDING_OK, "eth0: 1 for 4 CPUs, spread by RPS", NULL,
		{{NIC "queues/rx-1", NULL}, {NIC "queues/rx-2", NULL}, {NIC "queues/rx-3", NULL},
			{NIC "queues/rx-0/rps_cpus", "00000000,0000000e\n"}},
		NULL},
	{"nic.queues", FINDING_UNKNOWN, "eth0: not told", NULL, {{NIC "queues", NULL}}, NULL},
	{"nic.irqs", FINDING_OK, "eth0: CPU 0-3", NULL, {{NULL, NULL}}, NULL},
	{"nic.irqs", FINDING_LIMITED, "eth0: CPU 0 for all queues",
		"echo 0 | sudo tee /proc/irq/53/smp_affinity_list && echo 1 | sudo tee "
		"/proc/irq/52/smp_affinity_list && echo 2 | sudo tee "
		"/proc/irq/51/smp_affinity_list && "
		"echo 3 | sudo tee /proc/irq/50/smp_affinity_list",
		{{"proc/irq/51/effective_affinity_list", "0\n"},
			{"proc/irq/52/effective_affinity_list", "0\n"},
			{"proc/irq/53/effective_affinity_list", "0\n"}},
		NULL},
	{"nic.irqs", FINDING_UNKNOWN, "eth0: not told", NULL, {{NIC "device/msi_irqs", NULL}},
		NULL},
	{"nic.xps", FINDING_OK, "eth0: queues have CPUs", NULL, {{NULL, NULL}}, NULL},
	{"nic.xps", FINDING_OK, "eth0: one queue", NULL, {{NIC "queues/tx-1", NULL}}, NULL},
	{"nic.xps", FINDING_LIMITED, "eth0: 2 queues without CPUs",
		"echo 1 | sudo tee /sys/class/net/eth0/queues/tx-0/xps_cpus && echo 2 | sudo tee "
		"/sys/class/net/eth0/queues/tx-1/xps_cpus",
		{{NIC "queues/tx-0/xps_cpus", "00000000\n"}, {NIC "queues/tx-1/xps_cpus", "0\n"}},
		NULL},
	{"nic.xps", FINDING_UNKNOWN, "eth0: not told", NULL, {{NIC "queues", NULL}}, NULL},
	{"nic.irqbalance", FINDING_OK, "does not run", NULL, {{NULL, NULL}}, NULL},
	{"nic.irqbalance", FINDING_LIMITED, "it runs", "sudo systemctl stop irqbalance",
		{{"proc/99/comm", "irqbalance\n"}}, NULL},

	{"time.steal", FINDING_OK, "0 % of 4 busy CPUs", NULL, {{NULL, NULL}}, NULL},
	{"time.steal", FINDING_LIMITED, "2.50 % of 4 busy CPUs", "", {{NULL, NULL}}, steal},
	{"time.steal", FINDING_UNKNOWN, "/proc/stat", NULL, {{NULL, NULL}}, no_steal},
	{"time.steal", FINDING_UNKNOWN, "--quick", NULL, {{NULL, NULL}}, quick},
	{"time.pauses", FINDING_OK, "at most 50.0 µs at a time (CPU 2), 0.25 % in all", NULL,
		{{NULL, NULL}}, NULL},
	{"time.pauses", FINDING_LIMITED, "at most 4.00 ms", "", {{NULL, NULL}}, long_pause},
	{"time.pauses", FINDING_LIMITED, "; 10.0 % waiting behind other threads", "", {{NULL, NULL}},
		long_pause},
	{"time.pauses", FINDING_LIMITED, "5.00 % in all", "", {{NULL, NULL}}, many_pauses},
	{"time.pauses", FINDING_UNKNOWN, "no thread could", NULL, {{NULL, NULL}}, unmeasured},
	{"time.timers", FINDING_OK, "p50 3.00 µs, p99 9.00 µs, at most 20.0 µs late", NULL,
		{{NULL, NULL}}, NULL},
	{"time.timers", FINDING_LIMITED, "p99 1.00 ms", "ringload run --pacing spin",
		{{NULL, NULL}}, late_timers},
	{"time.timers", FINDING_UNKNOWN, "--quick", NULL, {{NULL, NULL}}, quick},
};
/* clang-format on */

#define TROUBLE_COUNT (sizeof(troubles) / sizeof(*troubles))

static struct tree *good_machine(struct live *live)
{
	struct tree *tree = machine_tree_new();

	doctor_machine_write(tree);
	doctor_machine_try(live);
	return tree;
}

static void examine(struct doctor *doctor, const struct tree *tree, const struct live *live)
{
	struct err err = {0};

	if (doctor_examine(doctor, tree->root, DOCTOR_MACHINE_PID, live, &err))
		fail_msg("%s", err.text);
}

/* Moved out of sight: the tree removes it in the end. */
static void take_away(const struct tree *tree, const char *path)
{
	static unsigned int count;
	char from[512], to[512];

	snprintf(from, sizeof(from), "%s/%s", tree->root, path);
	snprintf(to, sizeof(to), "%s/gone-%u", tree->root, count++);
	if (rename(from, to))
		fail_msg("\"%s\" is not there to be taken away", path);
}

static void check_trouble(const struct trouble *trouble, const struct doctor_row *row)
{
	const char *text = row ? buf_string(&row->finding.text) : "";

	if (!row)
		fail_msg("there is no check \"%s\"", trouble->key);
	if (row->finding.state != trouble->state)
		fail_msg("%s: %s, expected %s (%s)", trouble->key,
			finding_state_name(row->finding.state), finding_state_name(trouble->state),
			text);
	assert_true(*text);
	if (trouble->finding && !strstr(text, trouble->finding))
		fail_msg("%s: \"%s\" is not in \"%s\"", trouble->key, trouble->finding, text);
	assert_true(!row->effect == (row->finding.state == FINDING_OK));
	if (row->finding.state == FINDING_OK)
		assert_null(row->mend);
	if (trouble->mend && !*trouble->mend)
		assert_null(row->mend);
	else if (trouble->mend && (!row->mend || !strstr(row->mend, trouble->mend)))
		fail_msg("%s: \"%s\" is not in the mend \"%s\"", trouble->key, trouble->mend,
			row->mend ? row->mend : "none");
}

static void each_check_finds_what_is_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < TROUBLE_COUNT; i++) {
		const struct trouble *trouble = &troubles[i];
		struct doctor doctor;
		struct live live;
		struct tree *tree = good_machine(&live);

		for (size_t j = 0; j < 5 && trouble->changes[j].path; j++) {
			if (trouble->changes[j].text)
				tree_write(
					tree, trouble->changes[j].path, trouble->changes[j].text);
			else
				take_away(tree, trouble->changes[j].path);
		}
		if (trouble->spoil)
			trouble->spoil(&live);
		examine(&doctor, tree, &live);
		check_trouble(trouble, doctor_row(&doctor, trouble->key));
		doctor_release(&doctor);
		tree_free(tree);
	}
}

static void nothing_is_wrong_with_a_good_machine(void **state)
{
	struct doctor doctor;
	struct live live;
	struct tree *tree = good_machine(&live);

	(void)state;
	examine(&doctor, tree, &live);
	for (size_t i = 0; i < doctor.row_count; i++)
		if (doctor.rows[i].finding.state != FINDING_OK)
			fail_msg("%s: %s", doctor.rows[i].check->key,
				buf_string(&doctor.rows[i].finding.text));
	assert_int_equal(doctor.counts[FINDING_OK], doctor.row_count);
	for (int i = CHECK_LOAD; i < CHECK_ABILITY_COUNT; i++)
		assert_int_equal(doctor.abilities[i], FINDING_OK);
	assert_int_equal(doctor.needing_rights, 0);
	doctor_release(&doctor);
	tree_free(tree);
}

static bool is_troubled(const char *key)
{
	for (size_t i = 0; i < TROUBLE_COUNT; i++)
		if (!strcmp(troubles[i].key, key) && troubles[i].state != FINDING_OK)
			return true;
	/* Whatever stands there is as it should be. */
	return !strcmp(key, "cpu.nohz_full");
}

static void the_table_is_whole(void **state)
{
	const struct hooks_stage *stages;
	size_t count, stage_count;
	const struct check *checks = check_all(&count);

	(void)state;
	stages = hooks_stages(&stage_count);
	for (size_t i = 0; i < count; i++) {
		if (!is_troubled(checks[i].key))
			fail_msg("no test shows what \"%s\" finds wrong", checks[i].key);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(checks[i].key, checks[j].key);
		assert_true(*checks[i].group && *checks[i].reads && *checks[i].effect);
	}
	/* A stage that is added to the probe is one that the doctor has to tell of. */
	for (size_t i = 0; i < stage_count; i++) {
		bool found = false;

		for (size_t j = 0; j < count; j++) {
			if (!checks[j].about || strcmp(checks[j].about, stages[i].stage) != 0)
				continue;
			found = true;
			assert_int_equal(checks[j].ability == CHECK_KERNEL, stages[i].core);
		}
		if (!found)
			fail_msg("the stage \"%s\" has no check", stages[i].stage);
	}
}

static void what_is_missing_decides_what_can_be_done(void **state)
{
	struct doctor doctor;
	struct live live;
	struct tree *tree = good_machine(&live);

	(void)state;
	last_send(&live);
	tree_write(tree, "proc/self/limits", LIMITS("1024  20000", "1  1"));
	examine(&doctor, tree, &live);
	/* Limits are no loss, and tx is nothing that attribution cannot do without. */
	for (int i = CHECK_LOAD; i < CHECK_ABILITY_COUNT; i++)
		assert_int_equal(doctor.abilities[i], FINDING_OK);
	doctor_release(&doctor);
	no_ring(&live);
	no_profile(&live);
	refuse(&live, "schedule", 0, HOOKS_ALTERNATIVE_LIMIT);
	examine(&doctor, tree, &live);
	assert_int_equal(doctor.abilities[CHECK_LOAD], FINDING_MISSING);
	assert_int_equal(doctor.abilities[CHECK_KERNEL], FINDING_MISSING);
	assert_int_equal(doctor.abilities[CHECK_PROFILE], FINDING_MISSING);
	assert_int_equal(doctor.abilities[CHECK_OTHERS], FINDING_OK);
	assert_int_equal(doctor.abilities[CHECK_NULL_SERVER], FINDING_OK);
	doctor_release(&doctor);
	tree_free(tree);
}

static void an_ordinary_user_is_told_what_root_could_try(void **state)
{
	struct doctor doctor;
	struct live live;
	struct tree *tree = good_machine(&live);
	struct buf text = {0};

	(void)state;
	tree_write(tree, "proc/self/status", NO_RIGHTS);
	doctor_machine_refuse(&live);
	examine(&doctor, tree, &live);
	assert_int_equal(doctor.abilities[CHECK_LOAD], FINDING_OK);
	assert_int_equal(doctor.abilities[CHECK_KERNEL], FINDING_MISSING);
	assert_int_equal(doctor.abilities[CHECK_PROFILE], FINDING_UNKNOWN);
	assert_int_equal(doctor.abilities[CHECK_OTHERS], FINDING_MISSING);
	assert_int_equal(doctor.needing_rights, live.stage_count + 2);
	doctor_text_table(&text, &doctor);
	golden_compare("doctor/user.txt", buf_string(&text));
	buf_release(&text);
	doctor_release(&doctor);
	tree_free(tree);
}

static void findings_are_written_as_text_and_json(void **state)
{
	struct buf text = {0}, json = {0};
	struct doctor doctor;
	struct live live;
	struct tree *tree = good_machine(&live);

	(void)state;
	no_ring(&live);
	last_send(&live);
	no_steal(&live);
	tree_write(tree, CPU "vulnerabilities/meltdown", "Mitigation: PTI\n");
	take_away(tree, CPU "cpufreq/boost");
	examine(&doctor, tree, &live);
	doctor_text_table(&text, &doctor);
	doctor_json_write(&json, &doctor);
	golden_compare("doctor/spoilt.txt", buf_string(&text));
	golden_compare("doctor/spoilt.json", buf_string(&json));
	buf_release(&text);
	buf_release(&json);
	doctor_release(&doctor);
	tree_free(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_wrong_with_a_good_machine),
		cmocka_unit_test(each_check_finds_what_is_wrong),
		cmocka_unit_test(the_table_is_whole),
		cmocka_unit_test(what_is_missing_decides_what_can_be_done),
		cmocka_unit_test(an_ordinary_user_is_told_what_root_could_try),
		cmocka_unit_test(findings_are_written_as_text_and_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
