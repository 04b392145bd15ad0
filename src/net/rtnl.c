/* SPDX-License-Identifier: MIT */
#include "net/rtnl.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_BYTES 8192

struct question {
	struct nlmsghdr header;
	struct rtmsg route;
	struct rtattr attribute;
	uint8_t address[sizeof(struct in6_addr)];
};

static void ask(struct question *question, const struct sockaddr *address)
{
	bool four = address->sa_family == AF_INET;
	size_t bytes = four ? sizeof(struct in_addr) : sizeof(struct in6_addr);

	memset(question, 0, sizeof(*question));
	if (four)
		memcpy(question->address, &((const struct sockaddr_in *)address)->sin_addr, bytes);
	else
		memcpy(question->address, &((const struct sockaddr_in6 *)address)->sin6_addr,
			bytes);
	question->attribute.rta_type = RTA_DST;
	question->attribute.rta_len = (unsigned short)RTA_LENGTH(bytes);
	question->route.rtm_family = (unsigned char)address->sa_family;
	question->route.rtm_dst_len = (unsigned char)(8 * bytes);
	question->header.nlmsg_type = RTM_GETROUTE;
	question->header.nlmsg_flags = NLM_F_REQUEST;
	question->header.nlmsg_len = (uint32_t)(NLMSG_LENGTH(sizeof(question->route)) +
						question->attribute.rta_len);
}

/* 1, 0 or -errno, of the kernel's answer. */
static int understand(const struct nlmsghdr *answer, size_t bytes)
{
	if (!NLMSG_OK(answer, bytes))
		return -EPROTO;
	if (answer->nlmsg_type == NLMSG_ERROR) {
		int code = ((const struct nlmsgerr *)NLMSG_DATA(answer))->error;

		/* No route leads there: then it is not this host. */
		return code == -ENETUNREACH || code == -EHOSTUNREACH ? 0 : code ? code : -EPROTO;
	}
	if (answer->nlmsg_type != RTM_NEWROUTE)
		return -EPROTO;
	return ((const struct rtmsg *)NLMSG_DATA(answer))->rtm_type == RTN_LOCAL;
}

int rtnl_is_local(const struct sockaddr *address)
{
	union {
		struct nlmsghdr header;
		char bytes[ANSWER_BYTES];
	} answer;
	struct question question;
	ssize_t bytes;
	int fd, result;

	if (address->sa_family != AF_INET && address->sa_family != AF_INET6)
		return -EAFNOSUPPORT;
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		return -errno;
	ask(&question, address);
	if (send(fd, &question, question.header.nlmsg_len, 0) < 0 ||
		(bytes = recv(fd, &answer, sizeof(answer), 0)) < 0)
		result = -errno;
	else
		result = understand(&answer.header, (size_t)bytes);
	close(fd);
	return result;
}
