// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel forgets what it has counted when it is asked, so the sums are kept here. */
#include "backends/dpdk/dataplane/packet_sockets.h"

#include <linux/if_packet.h>
#include <pthread.h>
#include <sys/socket.h>

#include "base/vector.h"

struct packet_socket {
	int fd;
	unsigned int interface;
	uint64_t lost;
};

static pthread_mutex_t packet_lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	VECTOR_OF(struct packet_socket);
} packet_sockets;

void packet_sockets_add(int fd)
{
	struct sockaddr_ll address = {};
	socklen_t size = sizeof(address);
	struct packet_socket socket = {.fd = fd};

	if (getsockname(fd, (struct sockaddr *)&address, &size) < 0 || address.sll_ifindex <= 0)
		return;
	socket.interface = (unsigned int)address.sll_ifindex;
	pthread_mutex_lock(&packet_lock);
	vector_push(&packet_sockets, socket);
	pthread_mutex_unlock(&packet_lock);
}

void packet_sockets_forget(unsigned int interface)
{
	size_t kept = 0;

	pthread_mutex_lock(&packet_lock);
	vector_foreach(&packet_sockets, socket)
		if (socket->interface != interface)
			packet_sockets.items[kept++] = *socket;
	packet_sockets.count = kept;
	if (!kept)
		vector_clear(&packet_sockets);
	pthread_mutex_unlock(&packet_lock);
}

static uint64_t packet_ask(struct packet_socket *socket)
{
	struct tpacket_stats counted = {};
	socklen_t size = sizeof(counted);

	if (getsockopt(socket->fd, SOL_PACKET, PACKET_STATISTICS, &counted, &size) == 0)
		socket->lost += counted.tp_drops;
	return socket->lost;
}

uint64_t packet_sockets_lost(unsigned int interface)
{
	uint64_t lost = 0;

	pthread_mutex_lock(&packet_lock);
	vector_foreach(&packet_sockets, socket)
		if (socket->interface == interface)
			lost += packet_ask(socket);
	pthread_mutex_unlock(&packet_lock);
	return lost;
}
