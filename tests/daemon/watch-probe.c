// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs a watch on its arguments as poised does, and tells what it is told:
 *
 *	ready
 *	changed HASH TIME
 *
 * HASH is of the bytes that sources_read() then gives (sha256 of them all, its first 16 digits; "error" when they cannot
 * be read), TIME the clock (s.µs). `--poll MILLISECONDS` may stand before the paths. On SIGUSR1 it writes a line to
 * probe.counters:
 *
 *	CHANGES POLLED EVENTS OVERFLOWS WATCHES RESIDENT-KB DESCRIPTORS */
#include <inttypes.h>
#include <nettle/sha2.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/hex.h"
#include "daemon/watch.h"
#include "reconciler/sources.h"
#include "tests/support/self.h"

struct probe {
	struct watch_options options;
	struct loop *loop;
	struct watch *watch;
};

static void probe_hash(const struct watch_options *options, char text[static 17])
{
	_cleanup_sources_ struct sources sources = {};
	_cleanup_strbuf_ struct strbuf problems = {};
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx context;

	if (sources_read(options->paths, options->path_count, &sources, &problems) < 0) {
		strcpy(text, "error");
		return;
	}
	sha256_init(&context);
	vector_foreach(&sources, document)
		sha256_update(&context, document->size, (const uint8_t *)document->text);
	sha256_digest(&context, sizeof(digest), digest);
	hex_format(digest, 8, text);
}

static void probe_changed(void *data)
{
	struct probe *probe = data;
	struct timespec now;
	char hash[17];

	probe_hash(&probe->options, hash);
	watch_seen(probe->watch);
	clock_gettime(CLOCK_REALTIME, &now);
	printf("changed %s %lld.%06ld\n", hash, (long long)now.tv_sec, now.tv_nsec / 1000);
}

static void probe_told(void *data, _unused_ int signal)
{
	struct probe *probe = data;
	struct watch_counters counters = watch_counters(probe->watch);

	FILE *file = fopen("probe.counters", "w");

	if (!file)
		return;
	fprintf(file, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %zu %ld %u\n",
		counters.changes, counters.polled_changes, counters.events, counters.overflows,
		counters.watches, self_resident(), self_descriptors());
	fclose(file);
}

static void probe_stop(void *data, int signal)
{
	struct probe *probe = data;

	loop_stop(probe->loop, signal);
}

static int probe_fail(const char *what, int r)
{
	fprintf(stderr, "watch-probe: %s: %s\n", what, strerror(-r));
	return 2;
}

int main(int argc, char **argv)
{
	_cleanup_error_ struct error error = {};
	_cleanup_loop_ struct loop *loop = NULL;
	struct probe probe = {.options = {.changed = probe_changed, .data = &probe}};
	struct loop_source *usr1, *term;
	int at = 1;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 2 && strcmp(argv[1], "--poll") == 0) {
		probe.options.poll = strtoull(argv[2], NULL, 10) * 1000000;
		at = 3;
	}
	probe.options.paths = (const char *const *)argv + at;
	probe.options.path_count = (size_t)(argc - at);
	int r = loop_new(&loop);
	if (r < 0)
		return probe_fail("loop", r);
	probe.loop = loop;
	r = loop_add_signal(loop, SIGUSR1, probe_told, &probe, &usr1);
	if (r == 0)
		r = loop_add_signal(loop, SIGTERM, probe_stop, &probe, &term);
	if (r < 0)
		return probe_fail("signal", r);
	r = watch_new(loop, &probe.options, &probe.watch, &error);
	if (r < 0)
		return probe_fail(error_text(&error, r), r);
	puts("ready");
	r = loop_run(loop);
	watch_free(probe.watch);
	loop_source_free(usr1);
	loop_source_free(term);
	return r == SIGTERM ? 0 : 1;
}
