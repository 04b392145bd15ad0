#!/bin/bash
# SPDX-License-Identifier: MIT
#
#   hooks.sh best|functions|lengths
#
# Every alternative of every stage of the probe serves once, with known answers: the stages have the
# times that the server was told to take, 20 ms asleep and 5 ms on the CPU. The best ones are what the
# kernel has; the others serve when the better ones are refused.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/kernel.sh
source tests/kernels/attribution.sh

# The rows of both records are looked at: the choice is made anew in each run.
expect_hooks() {
	local row

	for row in "${hooks[@]}"; do
		expect_hook "${row%%=*}" "${row#*=}"
	done
}

case $1 in
best)
	hooks=(birth=tp_btf/inet_sock_set_state arrival=tp_btf/tcp_probe
		read=tp_btf/tcp_rcv_space_adjust schedule=tp_btf/sched_switch
		thread_exit=tp_btf/sched_process_exit end=tp_btf/tcp_destroy_sock
		tx=tp_btf/net_dev_start_xmit retransmit=tp_btf/tcp_retransmit_skb
		reset_sent=tp_btf/tcp_send_reset reset_received=tp_btf/tcp_receive_reset
		walk=iter/tcp)
	if has_tracepoint tcp_sendmsg_locked; then
		hooks+=(send=tp_btf/tcp_sendmsg_locked)
	else
		hooks+=(send=fentry/tcp_sendmsg_locked)
	fi
	;;
functions)
	export RINGLOAD_REFUSE_BPF=birth_state,arrival_probe,read_adjust,send_locked,end_destroy,tx_start
	hooks=(birth=fentry/tcp_set_state arrival=fentry/tcp_rcv_established
		read=fentry/tcp_rcv_space_adjust send=fentry/tcp_sendmsg_locked
		end=fentry/inet_csk_destroy_sock tx=tp_btf/net_dev_queue)
	;;
lengths)
	export RINGLOAD_REFUSE_BPF=read_adjust,read_function,send_locked,send_function
	hooks=(read=tp_btf/sock_recv_length send=tp_btf/sock_send_length)
	;;
*) fail "\"$1\" is none of best, functions, lengths" ;;
esac

serve --route '/sleep service=fixed:20ms' --route '/spin service=fixed:5ms by=spin'

# A kernel without these has no third way, and says so.
if [ "$1" = lengths ] && ! has_tracepoint sock_recv_length; then
	attempt --probe-sample 1/1 -c 1 -n 50 "$url/sleep"
	expect_status 3
	expect_text "$SCRATCH/err" '"read"'
	expect_text "$SCRATCH/err" 'tp_btf/sock_recv_length: this kernel has no tracepoint sock_recv_length'
	expect_equal 'requests at the target' "$(stats .requests)" 0
	exit 0
fi

attributed 50 /sleep
expect_hooks
mean_between app_blocked 19500000 26000000
share_at_least app_blocked 0.5
expect_kernel '.counters | .retransmits == 0 and .handoffs == 0 and .resets_sent == 0 and .no_arrival == 0'

attributed 50 /spin
expect_hooks
mean_between app_cpu 4900000 20000000
mean_between app_blocked 0 1000000
share_at_least app_cpu 0.5
