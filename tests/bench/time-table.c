// SPDX-License-Identifier: GPL-2.0-or-later
/* time-table SERVICES DESTINATIONS COMMAND…: starts a daemon that fills the kernel's table, prints
 * the seconds until so many services and destinations stand there, and ends it. What the daemon
 * prints goes to stderr. */
#include <errno.h>
#include <linux/ip_vs.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/now.h"

enum {
	TABLE_PATIENCE_S = 300,
	TABLE_PAUSE_US = 10000,
};

static unsigned int table_services(int fd)
{
	struct ip_vs_getinfo info = {};
	socklen_t size = sizeof(info);

	if (getsockopt(fd, IPPROTO_IP, IP_VS_SO_GET_INFO, &info, &size) < 0) {
		perror("time-table: IPVS");
		exit(1);
	}
	return info.num_services;
}

static unsigned int table_destinations(int fd, unsigned int services)
{
	socklen_t size = (socklen_t)(sizeof(struct ip_vs_get_services) +
				     services * sizeof(struct ip_vs_service_entry));
	struct ip_vs_get_services *table = calloc(1, size);
	unsigned int count = 0;

	table->num_services = services;
	/* It fails when there is one more by now: then the table is not complete either. */
	if (getsockopt(fd, IPPROTO_IP, IP_VS_SO_GET_SERVICES, table, &size) == 0)
		for (unsigned int i = 0; i < table->num_services; i++)
			count += table->entrytable[i].num_dests;
	free(table);
	return count;
}

static pid_t table_start(char **command)
{
	pid_t process = fork();

	if (process == 0) {
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execvp(*command, command);
		perror(*command);
		_exit(127);
	}
	return process;
}

int main(int argc, char **argv)
{
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	int complete = 0, ended = 0;

	if (argc < 4 || fd < 0) {
		fprintf(stderr, "usage: time-table SERVICES DESTINATIONS COMMAND…\n");
		return 2;
	}
	unsigned int services = (unsigned int)atoi(argv[1]);
	unsigned int destinations = (unsigned int)atoi(argv[2]);
	double start = now_seconds();
	pid_t process = table_start(argv + 3);
	while (!complete && !ended && now_seconds() - start < TABLE_PATIENCE_S) {
		usleep(TABLE_PAUSE_US);
		complete = table_services(fd) >= services &&
			   table_destinations(fd, services) >= destinations;
		ended = waitpid(process, NULL, WNOHANG) != 0;
	}
	double end = now_seconds();
	if (!ended) {
		kill(process, SIGTERM);
		waitpid(process, NULL, 0);
	}
	if (!complete) {
		fprintf(stderr, "time-table: the table did not become complete\n");
		return 1;
	}
	printf("%.3f\n", end - start);
	return 0;
}
