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

/* A response that the route gives for a reason of its own, at once and without a body. */
static void answer_beside(struct server *server, struct exchange *exchange, uint8_t status,
	const struct http1_request *request, bool announce_close)
{
	exchange->status = status;
	exchange->reply = reply_find(
		server->options.book, exchange->route, status, variant_of(request, announce_close));
	exchange->limit_bytes = exchange->reply->total_bytes;
}

static void refuse(struct server *server, struct exchange *exchange, const struct route *route,
	const struct http1_request *request, bool announce_close)
{
	switch (route->refusal) {
	case ROUTE_REFUSE_STATUS:
		answer_beside(server, exchange, ROUTE_STATUS_REFUSED, request, announce_close);
		return;
	case ROUTE_REFUSE_CLOSE:
		exchange->end = EXCHANGE_CLOSE;
		break;
	case ROUTE_REFUSE_RESET:
		exchange->end = EXCHANGE_RESET;
		break;
	}
	exchange->spoiled = true;
}

/* Draws what the answer is and what it costs, on top of what the route's queue made it wait. */
static void serve(struct server *server, struct exchange *exchange, const struct route *route,
	const struct http1_request *request, bool announce_close)
{
	struct station *station = &server->options.stations->stations[exchange->route];
	uint64_t service_ns;

	exchange->status = (uint8_t)draw_status(server, route);
	service_ns = service_draw(&route->service, &server->rng);
	if (route->by == ROUTE_BY_WAIT)
		exchange->due_ns += service_ns;
	else
		exchange->spin_ns = service_ns;
	exchange->lock_ns = route->lock_ns;
	if (route->leak_request_bytes)
		leak_add(&station->leak, route->leak_request_bytes);
	answer(server, exchange, route, request, announce_close);
	TALLY_ADD(&server->options.tally->routes[exchange->route], TALLY_SERVICE_NS, service_ns);
}

enum route_continue request_expectation(const struct server *server, const struct client *client)
{
	const struct route_set *set = server->options.set;
	const struct http1_request *request = &client->request;
	const char *query;

	if (!request->target_cut && route_is_stats(request->target, &query))
		return ROUTE_CONTINUE_YES;
	return set->routes[route_set_match(set, request->target, request->target_cut)].expectation;
}

bool request_waits(const struct client *client)
{
	return client->request.expect_continue && client->request.framing != HTTP1_NO_BODY;
}

struct exchange *request_exchange(struct server *server, struct client *client, uint64_t read_ns)
{
	const struct route_set *set = server->options.set;
	const struct http1_request *request = &client->request;
	struct exchange *exchange;
	const struct route *route;
	struct queue *queue;
	const char *query;
	bool last, announce_close;

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
	queue = server->options.stations->stations[exchange->route].queue;
	exchange->read_ns = read_ns;
	exchange->due_ns = read_ns;

	last = route->closes && client->requests >= route->close_after;
	exchange->end = last || !request->keep_alive ? EXCHANGE_CLOSE : EXCHANGE_KEEP;
	announce_close = !request->keep_alive || (last && !route->close_silent);
	if (request_waits(client) && route->expectation == ROUTE_CONTINUE_REFUSE)
		answer_beside(server, exchange, ROUTE_STATUS_EXPECTED, request, announce_close);
	else if (queue && !queue_enter(queue, read_ns, &exchange->due_ns))
		refuse(server, exchange, route, request, announce_close);
	else
		serve(server, exchange, route, request, announce_close);
	tally_request(server->options.tally, exchange->route, read_ns, client->message_bytes);
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
