// SPDX-License-Identifier: GPL-2.0-or-later
#include "backends/dpdk/dataplane/carrier.h"

#include <pthread.h>
#include <rte_lcore.h>
#include <string.h>

#include "backends/dpdk/dataplane/settings.h"
#include "base/memory.h"

#define CARRIER_NAME "poise-carrier"

struct carrier_port {
	bool wanted, asked; /* asked: it has not been done yet */
	int failure;
};

struct carrier {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t bell;
	bool stop;
	struct exception *const *exceptions;
	unsigned int count;
	struct carrier_port ports[SETTINGS_PORTS_MOST];
};

/* One that is asked for, or NULL. */
static struct carrier_port *carrier_find(struct carrier *carrier)
{
	for (unsigned int i = 0; i < carrier->count; i++)
		if (carrier->ports[i].asked)
			return &carrier->ports[i];
	return NULL;
}

/* The lock is held, but while the kernel is waited for. */
static void carrier_do(struct carrier *carrier, struct carrier_port *port)
{
	bool wanted = port->wanted;

	port->asked = false;
	pthread_mutex_unlock(&carrier->lock);
	int r = exception_set_carrier(carrier->exceptions[port - carrier->ports], wanted);
	pthread_mutex_lock(&carrier->lock);
	port->failure = r;
}

static void *carrier_run(void *data)
{
	struct carrier *carrier = data;

	pthread_mutex_lock(&carrier->lock);
	while (!carrier->stop) {
		struct carrier_port *port = carrier_find(carrier);

		if (port)
			carrier_do(carrier, port);
		else
			pthread_cond_wait(&carrier->bell, &carrier->lock);
	}
	pthread_mutex_unlock(&carrier->lock);
	return NULL;
}

int carrier_start(struct carrier **ret, struct exception *const *exceptions, unsigned int count,
	struct error *error)
{
	struct carrier *carrier = memory_new(sizeof(*carrier));
	int r;

	*carrier = (struct carrier){.exceptions = exceptions, .count = count};
	pthread_mutex_init(&carrier->lock, NULL);
	pthread_cond_init(&carrier->bell, NULL);
	/* DPDK keeps it off the workers' cores. */
	r = rte_ctrl_thread_create(&carrier->thread, CARRIER_NAME, NULL, carrier_run, carrier);
	if (r == 0) {
		*ret = carrier;
		return 0;
	}
	*ret = NULL;
	free(carrier);
	return error_set(error, -abs(r), "cannot start the thread of exception ports' carriers: %s",
		strerror(abs(r)));
}

struct carrier *carrier_stop(struct carrier *carrier)
{
	if (!carrier)
		return NULL;
	pthread_mutex_lock(&carrier->lock);
	carrier->stop = true;
	pthread_cond_signal(&carrier->bell);
	pthread_mutex_unlock(&carrier->lock);
	pthread_join(carrier->thread, NULL);
	pthread_cond_destroy(&carrier->bell);
	pthread_mutex_destroy(&carrier->lock);
	free(carrier);
	return NULL;
}

void carrier_set(struct carrier *carrier, unsigned int port, bool up)
{
	if (port >= carrier->count || !carrier->exceptions[port])
		return;
	pthread_mutex_lock(&carrier->lock);
	carrier->ports[port].wanted = up;
	carrier->ports[port].asked = true;
	pthread_cond_signal(&carrier->bell);
	pthread_mutex_unlock(&carrier->lock);
}

int carrier_failure(struct carrier *carrier, unsigned int port)
{
	int failure = 0;

	pthread_mutex_lock(&carrier->lock);
	if (port < carrier->count) {
		failure = carrier->ports[port].failure;
		carrier->ports[port].failure = 0;
	}
	pthread_mutex_unlock(&carrier->lock);
	return failure;
}
