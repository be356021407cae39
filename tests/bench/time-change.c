// SPDX-License-Identifier: GPL-2.0-or-later
/* time-change SERVICE DESTINATION WEIGHT FROM TO [PID]: puts the file FROM in the place of TO by rename(), sends SIGHUP to PID when
 * one is named, and prints the seconds until the kernel shows that weight for DESTINATION (ADDRESS) of SERVICE (ADDRESS), both on
 * TCP port 80. With a PID the time counts from the signal. */
#include <arpa/inet.h>
#include <linux/ip_vs.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/now.h"

enum {
	CHANGE_PORT = 80,
	CHANGE_MOST = 64, /* destinations */
	CHANGE_PATIENCE_S = 60,
	CHANGE_PAUSE_US = 500,
};

static unsigned int change_destinations(int fd, const char *service)
{
	struct ip_vs_service_entry entry = {.protocol = IPPROTO_TCP, .port = htons(CHANGE_PORT)};
	socklen_t size = sizeof(entry);

	inet_pton(AF_INET, service, &entry.addr);
	if (getsockopt(fd, IPPROTO_IP, IP_VS_SO_GET_SERVICE, &entry, &size) < 0)
		return 0;
	return entry.num_dests;
}

/* Its weight, or -1. */
static int change_weight(int fd, const char *service, const char *destination)
{
	static _Alignas(
		struct ip_vs_get_dests) char room[sizeof(struct ip_vs_get_dests) +
						  CHANGE_MOST * sizeof(struct ip_vs_dest_entry)];
	struct ip_vs_get_dests *list = (void *)room;
	struct in_addr wanted;
	socklen_t size;

	*list = (struct ip_vs_get_dests){.protocol = IPPROTO_TCP, .port = htons(CHANGE_PORT)};
	inet_pton(AF_INET, service, &list->addr);
	inet_pton(AF_INET, destination, &wanted);
	list->num_dests = change_destinations(fd, service);
	size = (socklen_t)(sizeof(*list) + list->num_dests * sizeof(list->entrytable[0]));
	if (list->num_dests > CHANGE_MOST ||
		getsockopt(fd, IPPROTO_IP, IP_VS_SO_GET_DESTS, list, &size) < 0)
		return -1;
	for (unsigned int i = 0; i < list->num_dests; i++)
		if (list->entrytable[i].addr == wanted.s_addr)
			return list->entrytable[i].weight;
	return -1;
}

int main(int argc, char **argv)
{
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);

	if (argc < 6 || fd < 0) {
		fprintf(stderr, "usage: time-change SERVICE DESTINATION WEIGHT FROM TO [PID]\n");
		return 2;
	}
	int wanted = atoi(argv[3]);
	if (change_weight(fd, argv[1], argv[2]) == wanted) {
		fprintf(stderr, "time-change: the weight is %d already\n", wanted);
		return 1;
	}
	double start = now_seconds();
	if (rename(argv[4], argv[5]) < 0) {
		perror("time-change: rename");
		return 1;
	}
	if (argc > 6) {
		start = now_seconds();
		kill(atoi(argv[6]), SIGHUP);
	}
	while (change_weight(fd, argv[1], argv[2]) != wanted) {
		if (now_seconds() - start > CHANGE_PATIENCE_S) {
			fprintf(stderr, "time-change: the weight did not come\n");
			return 1;
		}
		usleep(CHANGE_PAUSE_US);
	}
	printf("%.4f\n", now_seconds() - start);
	return 0;
}
