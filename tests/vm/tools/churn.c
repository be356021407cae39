// SPDX-License-Identifier: GPL-2.0-or-later
/* churn MODE…: another program that writes the IPVS table, as fast as it can, until SIGTERM; then
 * it prints how many changes it made, how many a second, and in its best tenth of a second.
 *
 * - `foreign COUNT` makes, fills, changes and deletes COUNT services of its own, tcp 198.18.0.N:N.
 *
 * - `destination ADDRESS PORT ADDRESS PORT` changes, deletes and adds, of the tcp service that comes
 *   first, the destination that comes second.
 *
 * - `service ADDRESS PORT` deletes and adds that tcp service.
 *
 * It speaks the kernel's socket options for IPv4, which nothing else here does. Failures do not
 * stop it: poise and it get in each other's way, which is its purpose. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/ip_vs.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct change {
	struct ip_vs_service_user service;
	struct ip_vs_dest_user destination;
};

static volatile sig_atomic_t stopped;
static int raw;
static unsigned long changes;
static double peak; /* changes a second */

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* The fastest tenth of a second: what it does while it is let. */
static void measure(void)
{
	static unsigned long before;
	static double since;
	double time = now();

	if (!since)
		since = time;
	if (time - since < 0.1)
		return;
	double rate = (double)(changes - before) / (time - since);
	if (rate > peak)
		peak = rate;
	before = changes;
	since = time;
}

static void change(int option, struct change *what)
{
	size_t size = sizeof(*what);

	if (option == IP_VS_SO_SET_ADD || option == IP_VS_SO_SET_EDIT || option == IP_VS_SO_SET_DEL)
		size = sizeof(what->service);
	if (setsockopt(raw, IPPROTO_IP, option, what, (socklen_t)size) == 0 && ++changes % 16 == 0)
		measure();
}

static struct change make(in_addr_t address, unsigned int port)
{
	struct change what = {
		.service = {.protocol = IPPROTO_TCP,
			.addr = address,
			.port = htons((uint16_t)port),
			.netmask = 0xffffffff},
		.destination = {.conn_flags = IP_VS_CONN_F_MASQ, .weight = 1},
	};

	strcpy(what.service.sched_name, "rr");
	return what;
}

static void churn_foreign(unsigned int count)
{
	for (unsigned int round = 0; !stopped; round++) {
		unsigned int number = round % count + 1;
		struct change what = make(htonl(0xc6120000 + number), number);

		change(IP_VS_SO_SET_ADD, &what);
		for (unsigned int i = 1; i <= 3; i++) {
			what.destination.addr = htonl(0x0a630000 + i);
			what.destination.port = htons((uint16_t)(round % 60000 + 1));
			change(IP_VS_SO_SET_ADDDEST, &what);
		}
		what.destination.weight = 7;
		change(IP_VS_SO_SET_EDITDEST, &what);
		change(IP_VS_SO_SET_DELDEST, &what);
		/* The oldest goes, so the table grows and shrinks under whoever reads it. */
		number = (round + count / 2) % count + 1;
		what = make(htonl(0xc6120000 + number), number);
		change(IP_VS_SO_SET_DEL, &what);
	}
}

static void churn_destination(char **words)
{
	struct change what = make(inet_addr(words[0]), (unsigned int)atoi(words[1]));

	what.destination.addr = inet_addr(words[2]);
	what.destination.port = htons((uint16_t)atoi(words[3]));
	for (int round = 0; !stopped; round++) {
		what.destination.weight = 100 + round % 50;
		change(IP_VS_SO_SET_EDITDEST, &what);
		change(IP_VS_SO_SET_DELDEST, &what);
		change(IP_VS_SO_SET_ADDDEST, &what);
	}
}

static void churn_service(char **words)
{
	struct change what = make(inet_addr(words[0]), (unsigned int)atoi(words[1]));

	while (!stopped) {
		change(IP_VS_SO_SET_DEL, &what);
		change(IP_VS_SO_SET_ADD, &what);
	}
}

static void usage(void)
{
	fprintf(stderr, "usage: churn foreign COUNT | destination ADDRESS PORT ADDRESS PORT | "
			"service ADDRESS PORT\n");
	exit(2);
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = stop};
	double start = now();

	sigaction(SIGTERM, &action, NULL);
	raw = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	if (raw < 0) {
		perror("churn");
		return 1;
	}
	if (argc == 3 && strcmp(argv[1], "foreign") == 0)
		churn_foreign((unsigned int)atoi(argv[2]));
	else if (argc == 6 && strcmp(argv[1], "destination") == 0)
		churn_destination(argv + 2);
	else if (argc == 4 && strcmp(argv[1], "service") == 0)
		churn_service(argv + 2);
	else
		usage();
	double seconds = now() - start;
	printf("%lu changes, %.0f a second, %.0f at most\n", changes, (double)changes / seconds,
		peak);
	return 0;
}
