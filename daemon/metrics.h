// SPDX-License-Identifier: GPL-2.0-or-later
/* Metrics in Prometheus' text form over HTTP (libmicrohttpd), on the address that `metrics: {listen}` names.
 *
 * One table of families: name, type, help, and the function that gives its samples. Scraping never stalls the loop: the text is made
 * in pieces as the client takes it, from what the engine saw last; counters that are older than METRICS_FRESH_NS are read first,
 * of a few services before the piece that shows them (engine_refresh_counters()). libmicrohttpd runs without threads, on the loop's epoll. */
#pragma once

#include "base/loop.h"
#include "daemon/control.h"
#include "daemon/engine.h"
#include "daemon/watch.h"

struct metrics;

/* With more objects than this, none of them has series of its own: a part of them would be as good as none. */
struct metrics_limits {
	size_t services, destinations;
};

#define METRICS_PORT 9620

struct metrics_sources {
	struct engine *engine;
	struct control *control; /* may be NULL */
	struct watch *watch;     /* likewise */
	struct metrics_limits limits;
};

int metrics_new(struct loop *loop, const struct metrics_sources *sources, struct metrics **ret);

/* Serves at `address` and `port` from now on, and nowhere else; NULL: nowhere. The same again: nothing happens. -errno with words
 * ("cannot listen on 127.0.0.1:9620: Address already in use"); it is tried again then, every few seconds. */
int metrics_listen(
	struct metrics *metrics, const struct address *address, uint16_t port, struct error *error);

/* How long things may take; METRICS_TIMES unless said otherwise. */
struct metrics_times {
	unsigned int idle_s; /* of silence, before a client is shut out */
	uint64_t request_ns; /* of a request and its answer, however busy it looks */
	uint64_t retry_ns;   /* until an address that could not be had is tried again */
};

#define METRICS_TIMES                                                                              \
	((struct metrics_times){                                                                   \
		.idle_s = 15, .request_ns = 60000000000ull, .retry_ns = 5000000000ull})

/* From the next scrape on. */
void metrics_set_limits(struct metrics *metrics, const struct metrics_limits *limits);

/* From the next metrics_listen() on. */
void metrics_set_times(struct metrics *metrics, const struct metrics_times *times);

/* NULL is allowed; returns NULL. */
struct metrics *metrics_free(struct metrics *metrics);
