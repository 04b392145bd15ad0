/* SPDX-License-Identifier: MIT */
#include "target/request.h"

#include <string.h>

#include "target/share.h"

static size_t draw_status(struct server *server, const struct route *route)
{
	uint64_t draw;
	size_t i = 0;

	if (route->status_count == 1)
		return 0;
	draw = rng_below(&server->rng, SHARE_WHOLE);
	while (draw >= route->statuses[i].share)
		draw -= route->statuses[i++].share;
	return i;
}

static enum reply_variant variant_of(const struct http1_request *request, bool announce_close)
{
	if (request->version_1_0)
		return announce_close ? REPLY_CLOSE_1_0 : REPLY_KEEP_1_0;
	return announce_close ? REPLY_CLOSE : REPLY_KEEP;
}

/* A response of the route, cut or stalled as it wants. */
static void answer_http(
	struct exchange *exchange, const struct reply *reply, const struct route *route, bool head)
{
	uint64_t limit = reply->head_bytes + route->body_limit_bytes;

	exchange->reply = reply;
	exchange->limit_bytes = head ? reply->head_bytes : reply->total_bytes;
	if (route->body == ROUTE_BODY_WHOLE || limit >= exchange->limit_bytes)
		return;
	exchange->limit_bytes = limit;
	exchange->end = route->body == ROUTE_BODY_CUT ? EXCHANGE_CLOSE : EXCHANGE_STALL;
	exchange->spoiled = true;
}

static void answer(struct server *server, struct exchange *exchange, const struct route *route,
	const struct http1_request *request, bool announce_close)
{
	const struct reply_book *book = server->options.book;

	switch (route->answer) {
	case ROUTE_ANSWER_HTTP:
		answer_http(exchange,
			reply_find(book, exchange->route, exchange->status,
				variant_of(request, announce_close)),
			route, !strcmp(request->method, "HEAD"));
		return;
	case ROUTE_ANSWER_GARBAGE:
		exchange->reply = &book->garbage;
		exchange->limit_bytes = book->garbage.total_bytes;
		break;
	case ROUTE_ANSWER_NONE:
		exchange->end = EXCHANGE_STALL;
		break;
	case ROUTE_ANSWER_RESET:
		exchange->end = EXCHANGE_RESET;
		break;
	}
	exchange->spoiled = true;
}

static struct exchange *stats_exchange(
	struct server *server, struct client *client, const char *query)
{
	const struct http1_request *request = &client->request;
	struct exchange *exchange = exchange_new(&server->exchanges);

	client->asked_stats = true;
	if (!exchange)
		return NULL;
	exchange->kind = EXCHANGE_STATS;
	exchange->head = !strcmp(request->method, "HEAD");
	exchange->full = !strcmp(query, "full");
	exchange->variant = (uint8_t)variant_of(request, !request->keep_alive);
	exchange->end = request->keep_alive ? EXCHANGE_KEEP : EXCHANGE_CLOSE;
	return exchange;
}

struct exchange *request_exchange(struct server *server, struct client *client, uint64_t read_ns)
{
	const struct route_set *set = server->options.set;
	const struct http1_request *request = &client->request;
	struct tally *tally = server->options.tally;
	struct exchange *exchange;
	const struct route *route;
	const char *query;
	uint64_t service_ns;
	bool last;

	if (!request->target_cut && route_is_stats(request->target, &query))
		return stats_exchange(server, client, query);
	client->asked_other = true;
	client->requests++;
	exchange = exchange_new(&server->exchanges);
	if (!exchange)
		return NULL;
	exchange->kind = EXCHANGE_ROUTE;
	exchange->route = (uint32_t)route_set_match(set, request->target, request->target_cut);
	route = &set->routes[exchange->route];
	exchange->status = (uint8_t)draw_status(server, route);
	service_ns = service_draw(&route->service, &server->rng);
	exchange->read_ns = read_ns;
	exchange->due_ns = route->by == ROUTE_BY_WAIT ? read_ns + service_ns : read_ns;
	exchange->spin_ns = route->by == ROUTE_BY_SPIN ? service_ns : 0;

	last = route->closes && client->requests >= route->close_after;
	exchange->end = last || !request->keep_alive ? EXCHANGE_CLOSE : EXCHANGE_KEEP;
	answer(server, exchange, route, request,
		!request->keep_alive || (last && !route->close_silent));

	tally_request(tally, exchange->route, read_ns, client->message_bytes);
	TALLY_ADD(&tally->routes[exchange->route], TALLY_SERVICE_NS, service_ns);
	return exchange;
}

struct exchange *request_fixed(struct server *server, enum exchange_kind kind,
	const struct reply *reply, enum exchange_end end)
{
	struct exchange *exchange = exchange_new(&server->exchanges);

	if (!exchange)
		return NULL;
	exchange->kind = (uint8_t)kind;
	exchange->reply = reply;
	exchange->limit_bytes = reply->total_bytes;
	exchange->end = (uint8_t)end;
	return exchange;
}
