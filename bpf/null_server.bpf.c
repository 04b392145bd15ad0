/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A server that is not there: attached to the ingress of the loopback device of a private network
 * namespace, it turns each packet for its port into the answer and lets it go on, so that the
 * client's own stack receives it. No thread serves, nothing is scheduled and nothing is stored for
 * a connection: what a load generator costs against it is the generator's cost.
 *
 *   SYN        -> SYN-ACK, with the client's own options and its timestamp echoed
 *   request    -> a fixed response that also acknowledges the request
 *   other data -> ACK (the rest of a request that came in several segments)
 *   FIN        -> FIN-ACK; the client is then in TIME-WAIT
 *   ACK, RST   -> nothing
 *
 * Sequence numbers need no memory: the client's acknowledgment number is where the answer
 * continues, and its sequence number plus what it sent is what the answer acknowledges. A request
 * that is sent again because it or its response was dropped gets that response at the same place; a
 * segment sent before the client has seen the previous response is answered at a place the client
 * already has, and it drops that. So requests pipelined by separate sends are answered one by one,
 * and requests packed into one segment get one response together: do not do that. And a client must
 * read: a response for which its socket has no room is lost, because the kernel takes note of the
 * acknowledgment in it before it drops the data, and nobody here remembers to send it again.
 *
 * Why the TCP checksum may stay as it is: a packet sent over loopback never had one. It carries
 * CHECKSUM_PARTIAL, a promise that hardware would fill it in at (csum_start, csum_offset), and the
 * receiver takes that for "cannot have been damaged" (skb_csum_unnecessary) without looking at the
 * bytes. Addresses, ports and payload may change under it as long as the TCP header stays where it
 * is, which it does: options are overwritten, never removed. The IPv4 header's sum is verified in
 * ip_rcv, so that one is computed.
 *
 * Threads: runs in softirq on the CPU that sent; counts are per CPU. Kernel: 6.1 or later.
 * Limits: no IPv4 options, fragments or IPv6 extension headers: such packets pass untouched.
 */
#include <linux/types.h>

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "ringload/null_abi.h"

#define INLINE static __attribute__((always_inline)) inline

/* Any number does: nothing remembers it. */
#define FIRST_SEQUENCE 0x10000

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_PSH 0x08
#define TCP_ACK 0x10
/* The byte of the TCP header that holds them. */
#define TCP_FLAGS_OFFSET 13

#define OPTION_WORDS_LIMIT 10
#define OPTION_NOP_NOP     0x0101u
#define OPTION_TIMESTAMP   0x080au /* kind 8, 10 bytes */

const volatile struct null_abi_config null_config SEC(".rodata") = {};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct null_abi_counts);
} null_counts SEC(".maps");

/* What is kept of a packet while it is rewritten. */
struct segment {
	__u32 tcp_offset;   /* from the start of the frame */
	__u32 header_bytes; /* of the frame, up to the payload */
	__u32 payload_bytes;
	__u32 sequence;
	__be32 acknowledged;
	__u8 flags;
	__u8 ipv6;
};

INLINE void count(enum null_abi_count index)
{
	__u32 key = 0;
	struct null_abi_counts *counts = bpf_map_lookup_elem(&null_counts, &key);

	if (counts)
		counts->value[index]++;
}

/* Where the TCP header begins, or 0 for a packet that is left alone. */
INLINE __u32 find_tcp(void *data, void *end)
{
	struct ethhdr *ethernet = data;
	struct iphdr *ip = (void *)(ethernet + 1);
	struct ipv6hdr *ip6 = (void *)(ethernet + 1);

	if ((void *)(ip + 1) > end)
		return 0;
	if (ethernet->h_proto == bpf_htons(ETH_P_IP)) {
		if (ip->ihl != 5 || ip->protocol != IPPROTO_TCP ||
			(ip->frag_off & bpf_htons(0x3fff)))
			return 0;
		return sizeof(*ethernet) + sizeof(*ip);
	}
	if (ethernet->h_proto != bpf_htons(ETH_P_IPV6) || (void *)(ip6 + 1) > end)
		return 0;
	return ip6->nexthdr == IPPROTO_TCP ? sizeof(*ethernet) + sizeof(*ip6) : 0;
}

/* False when the packet is not for this server. */
INLINE int read_segment(struct __sk_buff *skb, struct segment *segment)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	__u32 offset = find_tcp(data, end);
	struct tcphdr *tcp;

	if (offset == 0)
		return 0;
	tcp = data + offset;
	if ((void *)(tcp + 1) > end || tcp->dest != null_config.port || tcp->doff < 5)
		return 0;
	segment->tcp_offset = offset;
	segment->ipv6 = offset != sizeof(struct ethhdr) + sizeof(struct iphdr);
	segment->header_bytes = offset + tcp->doff * 4;
	/* Loopback does not pad: what follows the headers is payload. */
	if (skb->len < segment->header_bytes)
		return 0;
	segment->payload_bytes = skb->len - segment->header_bytes;
	segment->sequence = bpf_ntohl(tcp->seq);
	segment->acknowledged = tcp->ack_seq;
	segment->flags = ((__u8 *)tcp)[TCP_FLAGS_OFFSET];
	return 1;
}

INLINE __u32 four(char a, char b, char c, char d)
{
	return bpf_htonl((__u32)a << 24 | (__u32)b << 16 | (__u32)c << 8 | (__u32)d);
}

/* How many bytes of the response a segment with payload gets; 0: it does not begin a request. */
INLINE __u32 response_bytes(struct __sk_buff *skb, const struct segment *segment)
{
	__u32 word = 0;

	if (bpf_skb_load_bytes(skb, segment->header_bytes, &word, sizeof(word)))
		return 0;
	if (word == four('G', 'E', 'T', ' ') || word == four('P', 'O', 'S', 'T') ||
		word == four('P', 'U', 'T', ' ') || word == four('D', 'E', 'L', 'E') ||
		word == four('P', 'A', 'T', 'C') || word == four('O', 'P', 'T', 'I'))
		return null_config.response_bytes;
	return word == four('H', 'E', 'A', 'D') ? null_config.head_bytes : 0;
}

INLINE void turn_ip(struct iphdr *ip, __u32 total_bytes)
{
	__be32 address = ip->saddr;
	__u16 *words = (void *)ip;
	__u32 sum = 0;

	ip->saddr = ip->daddr;
	ip->daddr = address;
	ip->tot_len = bpf_htons(total_bytes);
	ip->check = 0;
#pragma unroll
	for (int i = 0; i < (int)(sizeof(*ip) / 2); i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	ip->check = ~((sum & 0xffff) + (sum >> 16));
}

INLINE void turn_ip6(struct ipv6hdr *ip6, __u32 payload_bytes)
{
	struct in6_addr address = ip6->saddr;

	ip6->saddr = ip6->daddr;
	ip6->daddr = address;
	ip6->payload_len = bpf_htons(payload_bytes);
}

INLINE void turn_tcp(struct tcphdr *tcp, const struct segment *segment, __u8 flags)
{
	__be16 port = tcp->source;
	__u32 length = segment->payload_bytes + !!(segment->flags & TCP_SYN) +
		       !!(segment->flags & TCP_FIN);

	tcp->source = tcp->dest;
	tcp->dest = port;
	tcp->seq = flags & TCP_SYN ? bpf_htonl(FIRST_SEQUENCE) : segment->acknowledged;
	tcp->ack_seq = bpf_htonl(segment->sequence + length);
	((__u8 *)tcp)[TCP_FLAGS_OFFSET] = flags;
	tcp->window = bpf_htons(65535); /* scaled as the client scales its own */
	tcp->urg_ptr = 0;
}

/*
 * The client is this kernel, so the options lie as it lays them out: in words, a SYN's beginning
 * with the segment size, the timestamp of any other segment alone in front. The timestamp is echoed
 * and stays as the server's own too: it never goes back, which is all that PAWS asks for. What a
 * SYN negotiates is agreed to; what else another segment has (SACK blocks) is blanked.
 */
INLINE void turn_options(struct tcphdr *tcp, void *end, int syn)
{
	__be32 *options = (void *)(tcp + 1);
	__u32 words = tcp->doff - 5;
	__u32 kept = 0;

	if (syn) {
		if (words >= 4 && (void *)(options + 4) <= end &&
			(options[1] & bpf_htonl(0xffff)) == bpf_htonl(OPTION_TIMESTAMP))
			options[3] = options[2];
		return;
	}
	if (words >= 3 && (void *)(options + 3) <= end &&
		options[0] == bpf_htonl(OPTION_NOP_NOP << 16 | OPTION_TIMESTAMP)) {
		options[2] = options[1];
		kept = 3;
	}
	if (words == kept)
		return;
#pragma unroll
	for (__u32 i = 0; i < OPTION_WORDS_LIMIT; i++) {
		if (i >= kept && i < words && (void *)(options + i + 1) <= end)
			options[i] = bpf_htonl(OPTION_NOP_NOP << 16 | OPTION_NOP_NOP);
	}
}

/* Turns addresses, ports, numbers, flags and options around; not 0 when they are not all there. */
INLINE int turn_headers(struct __sk_buff *skb, const struct segment *segment, __u8 flags)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct ethhdr *ethernet = data;
	struct tcphdr *tcp;

	if (segment->ipv6) {
		struct ipv6hdr *ip6 = (void *)(ethernet + 1);

		tcp = (void *)(ip6 + 1);
		if ((void *)(tcp + 1) > end)
			return -1;
		turn_ip6(ip6, skb->len - sizeof(*ethernet) - sizeof(*ip6));
	} else {
		struct iphdr *ip = (void *)(ethernet + 1);

		tcp = (void *)(ip + 1);
		if ((void *)(tcp + 1) > end)
			return -1;
		turn_ip(ip, skb->len - sizeof(*ethernet));
	}
	turn_tcp(tcp, segment, flags);
	turn_options(tcp, end, flags & TCP_SYN);
	return 0;
}

/* What to answer: flags of the answer (0: nothing) and how much of the response. */
struct answer {
	__u8 flags;
	__u32 payload_bytes;
	enum null_abi_count counted;
};

INLINE struct answer decide(struct __sk_buff *skb, const struct segment *segment)
{
	struct answer answer = {.flags = TCP_ACK | (segment->flags & (TCP_SYN | TCP_FIN))};

	if (segment->flags & TCP_SYN) {
		answer.counted = NULL_ABI_CONNECTIONS;
	} else if (segment->payload_bytes > 0) {
		answer.payload_bytes = response_bytes(skb, segment);
		if (answer.payload_bytes > 0)
			answer.flags |= TCP_PSH;
		answer.counted = answer.payload_bytes > 0 ? NULL_ABI_REQUESTS : NULL_ABI_CONTINUED;
	} else if (segment->flags & TCP_FIN) {
		answer.counted = NULL_ABI_CLOSED;
	} else {
		answer.flags = 0;
	}
	return answer;
}

/* Two calls, so that the verifier sees a constant length in each. */
INLINE int write_response(struct __sk_buff *skb, __u32 offset, __u32 bytes)
{
	const void *response = (const void *)null_config.response;

	if (bytes == null_config.head_bytes)
		return bpf_skb_store_bytes(skb, offset, response, null_config.head_bytes, 0);
	return bpf_skb_store_bytes(skb, offset, response, null_config.response_bytes, 0);
}

/* Makes the packet the answer; not 0 when the kernel refused. */
INLINE int write_answer(
	struct __sk_buff *skb, const struct segment *segment, const struct answer *answer)
{
	/* Also makes a copy where the sender's retransmit queue still holds the data. */
	if (answer->payload_bytes != segment->payload_bytes &&
		bpf_skb_change_tail(skb, segment->header_bytes + answer->payload_bytes, 0))
		return -1;
	if (turn_headers(skb, segment, answer->flags))
		return -1;
	if (answer->payload_bytes == 0)
		return 0;
	return write_response(skb, segment->header_bytes, answer->payload_bytes);
}

SEC("tc")
int null_server(struct __sk_buff *skb)
{
	struct segment segment = {};
	struct answer answer;

	if (!read_segment(skb, &segment))
		return TC_ACT_OK;
	if (segment.flags & TCP_RST) {
		count(NULL_ABI_RESET);
		return TC_ACT_SHOT;
	}
	answer = decide(skb, &segment);
	if (answer.flags == 0)
		return TC_ACT_SHOT;
	if (write_answer(skb, &segment, &answer)) {
		count(NULL_ABI_FAILED);
		return TC_ACT_SHOT;
	}
	count(answer.counted);
	return TC_ACT_OK;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
