/* SPDX-License-Identifier: MIT */
#include "plan/source.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "plan/quoted.h"

static unsigned int family_bits(int family)
{
	return family == AF_INET ? 32 : 128;
}

/* The address, or NULL when it is none; family by the colon that IPv6 always has. */
static bool parse_address(struct source_range *range, const char *text)
{
	range->family = strchr(text, ':') ? AF_INET6 : AF_INET;
	return inet_pton(range->family, text, range->first) == 1;
}

static int not_a_range(const char *text, struct err *err)
{
	char quoted[QUOTED_BYTES];

	return err_set(err, ERR_USAGE, -EINVAL,
		"--source \"%s\": expected an address or a range, as in 127.0.0.0/24, 10.1.2.3 or "
		"fd00::/120",
		quoted_text(quoted, text, strlen(text)));
}

/* Sets every bit behind the prefix to zero, or to one. */
static void fill_host_bits(uint8_t *address, unsigned int prefix, unsigned int bits, bool ones)
{
	for (unsigned int bit = prefix; bit < bits; bit++) {
		uint8_t mask = (uint8_t)(0x80 >> bit % 8);

		if (ones)
			address[bit / 8] |= mask;
		else
			address[bit / 8] &= (uint8_t)~mask;
	}
}

static int check_host_bits(const struct source_range *range, struct err *err)
{
	unsigned int bits = family_bits(range->family);
	char start[INET6_ADDRSTRLEN], given[INET6_ADDRSTRLEN];
	uint8_t network[16];

	memcpy(network, range->first, sizeof(network));
	fill_host_bits(network, range->prefix, bits, false);
	if (memcmp(network, range->first, bits / 8) == 0)
		return 0;
	inet_ntop(range->family, range->first, given, sizeof(given));
	inet_ntop(range->family, network, start, sizeof(start));
	return err_set(err, ERR_USAGE, -EINVAL,
		"--source \"%s\": a range of this length begins at %s: ask for %s/%u, or for %s "
		"alone",
		range->text, start, start, range->prefix, given);
}

static void add(uint8_t *address, unsigned int bytes, uint64_t amount)
{
	for (unsigned int i = bytes; i-- > 0 && amount; amount >>= 8) {
		amount += address[i];
		address[i] = (uint8_t)amount;
	}
}

/* Takes out what no connection can come from. */
static void count_usable(struct source_range *range)
{
	unsigned int host_bits = family_bits(range->family) - range->prefix;
	bool loopback = range->family == AF_INET && range->first[0] == 127;

	range->count = host_bits >= 32 ? SOURCE_RANGE_LIMIT : UINT64_C(1) << host_bits;
	if (range->family == AF_INET && !loopback && host_bits >= 2) {
		add(range->first, 4, 1);
		range->count -= 2;
	}
	if (loopback && host_bits) {
		uint8_t last[16];

		memcpy(last, range->first, sizeof(last));
		fill_host_bits(last, range->prefix, 32, true);
		range->count -= last[1] == 255 && last[2] == 255 && last[3] == 255;
	}
}

/* "Any" and multicast: an address of a host is none of them. */
static int check_kind(const struct source_range *range, struct err *err)
{
	static const uint8_t zeros[16];
	bool none = range->family == AF_INET
			    ? range->first[0] == 0 || range->first[0] >= 224
			    : range->first[0] == 0xff || !memcmp(range->first, zeros, 16);

	if (!none)
		return 0;
	return err_set(err, ERR_USAGE, -EINVAL,
		"--source \"%s\": no connection can come from there: expected addresses of this "
		"host",
		range->text);
}

static int parse_range(struct source_range *range, const char *text, struct err *err)
{
	const char *slash = strchr(text, '/');
	char address[INET6_ADDRSTRLEN];
	size_t bytes = slash ? (size_t)(slash - text) : strlen(text);
	uint64_t prefix;

	range->text = text;
	if (bytes >= sizeof(address))
		return not_a_range(text, err);
	memcpy(address, text, bytes);
	address[bytes] = '\0';
	if (!parse_address(range, address))
		return not_a_range(text, err);
	range->prefix = family_bits(range->family);
	if (slash) {
		if (units_parse_count(slash + 1, 0, range->prefix, &prefix, err))
			return not_a_range(text, err);
		range->prefix = (unsigned int)prefix;
	}
	if (range->prefix < 8)
		return err_set(err, ERR_USAGE, -ERANGE,
			"--source \"%s\": no host has that many addresses: expected /8 or longer",
			text);
	if (check_kind(range, err) || check_host_bits(range, err))
		return -EINVAL;
	count_usable(range);
	return 0;
}

static bool overlap(const struct source_range *a, const struct source_range *b)
{
	unsigned int prefix = a->prefix < b->prefix ? a->prefix : b->prefix;
	uint8_t of_a[16], of_b[16];

	if (a->family != b->family)
		return false;
	memcpy(of_a, a->first, sizeof(of_a));
	memcpy(of_b, b->first, sizeof(of_b));
	fill_host_bits(of_a, prefix, family_bits(a->family), false);
	fill_host_bits(of_b, prefix, family_bits(b->family), false);
	return memcmp(of_a, of_b, family_bits(a->family) / 8) == 0;
}

static int check_overlaps(const struct source_pool *pool, struct err *err)
{
	const struct source_range *ranges = pool->ranges;

	for (size_t i = 0; i < pool->range_count; i++)
		for (size_t j = 0; j < i; j++)
			if (overlap(&ranges[i], &ranges[j]))
				return err_set(err, ERR_USAGE, -EINVAL,
					"--source \"%s\" overlaps \"%s\": leave one of them "
					"out",
					ranges[i].text, ranges[j].text);
	return 0;
}

int source_pool_init(struct source_pool *pool, const struct scenario_list *sources, struct err *err)
{
	int code = 0;

	*pool = (struct source_pool){0};
	if (!sources->count)
		return 0;
	pool->ranges = calloc(sources->count, sizeof(*pool->ranges));
	if (!pool->ranges)
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "cannot keep --source");
	for (; pool->range_count < sources->count && !code; pool->range_count++)
		code = parse_range(
			&pool->ranges[pool->range_count], sources->items[pool->range_count], err);
	if (!code)
		code = check_overlaps(pool, err);
	if (code)
		source_pool_release(pool);
	return code;
}

void source_pool_release(struct source_pool *pool)
{
	free(pool->ranges);
	*pool = (struct source_pool){0};
}

uint64_t source_count(const struct source_pool *pool, int family)
{
	uint64_t count = 0;

	for (size_t i = 0; i < pool->range_count; i++)
		if (pool->ranges[i].family == family)
			count += pool->ranges[i].count;
	return count;
}

/* The range of address *number, which becomes a number within it. */
static const struct source_range *find(const struct source_pool *pool, int family, uint64_t *number)
{
	const struct source_range *range = pool->ranges;

	*number %= source_count(pool, family);
	while (range->family != family || *number >= range->count) {
		if (range->family == family)
			*number -= range->count;
		range++;
	}
	return range;
}

socklen_t source_address(const struct source_pool *pool, int family, uint64_t number,
	struct sockaddr_storage *address)
{
	const struct source_range *range = find(pool, family, &number);
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)address;
	struct sockaddr_in *in = (struct sockaddr_in *)address;

	assert(family == AF_INET || family == AF_INET6);
	if (family == AF_INET) {
		*in = (struct sockaddr_in){.sin_family = AF_INET};
		memcpy(&in->sin_addr, range->first, 4);
		add((uint8_t *)&in->sin_addr, 4, number);
		return sizeof(*in);
	}
	*in6 = (struct sockaddr_in6){.sin6_family = AF_INET6};
	memcpy(&in6->sin6_addr, range->first, 16);
	add((uint8_t *)&in6->sin6_addr, 16, number);
	return sizeof(*in6);
}

const struct source_range *source_range_of(
	const struct source_pool *pool, int family, uint64_t number)
{
	return find(pool, family, &number);
}

char *source_text(char text[SOURCE_TEXT_BYTES], const struct sockaddr_storage *address)
{
	const void *bytes = address->ss_family == AF_INET
				    ? (const void *)&((const struct sockaddr_in *)address)->sin_addr
				    : (const void *)&((const struct sockaddr_in6 *)address)
					      ->sin6_addr;

	if (!inet_ntop(address->ss_family, bytes, text, SOURCE_TEXT_BYTES))
		text[0] = '\0';
	return text;
}
