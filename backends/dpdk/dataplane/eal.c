// SPDX-License-Identifier: GPL-2.0-or-later
/* A user says in `dpdk.eal` what matters to him; all else follows from the settings and the machine.
 *
 *	cores     the main thread anywhere, each worker on a core of its own, the last first: the first
 *	          is where a machine's interrupts and other programs usually are
 *	memory    huge pages where some are free, else ordinary ones, as much as buffers need
 *	devices   only those of the ports: a NIC that belongs to another program is left alone
 *	files     none: many forwarders may run side by side, and nothing is left behind
 *
 * What the user gives for one of these is taken in place of it. */

#include "backends/dpdk/dataplane/eal.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/strbuf.h"

LOG_MODULE("eal");

#define EAL_HUGE_PAGES "/sys/kernel/mm/hugepages"
#define EAL_MEGABYTE   (1u << 20)
#define EAL_FILE_LIMIT 64

/* Options by which the user has settled a matter himself. */
static const char *const core_options[] = {"-l", "-c", "--lcores", NULL};
static const char *const memory_options[] = {
	"--no-huge", "-m", "--socket-mem", "--huge-dir", "--in-memory", "--legacy-mem", NULL};
static const char *const device_options[] = {"-a", "--allow", "-b", "--block", "--no-pci", NULL};
static const char *const telemetry_options[] = {"--telemetry", "--no-telemetry", NULL};
static const char *const prefix_options[] = {"--file-prefix", NULL};
static const char *const log_options[] = {"--log-level", NULL};

/* Whether one of these is among the user's: "-l 1", "-l1", "--lcores=1". */
static bool says(const struct dataplane_settings *settings, const char *const *options)
{
	for (; *options; options++) {
		size_t length = strlen(*options);

		vector_foreach(&settings->eal, text) {
			char next = strncmp(*text, *options, length) == 0 ? (*text)[length] : '-';

			if (next == '\0' || next == '=' || (length == 2 && next != '-'))
				return true;
		}
	}
	return false;
}

static void add(struct settings_text_vector *arguments, const char *text)
{
	vector_push(arguments, memory_copy_string(text));
}

/* "0@(0,1),1@1,2@0": main anywhere, worker n on its own. */
static void add_cores(
	const struct dataplane_settings *settings, struct settings_text_vector *arguments)
{
	_cleanup_strbuf_ struct strbuf text = {};
	unsigned int cores[CPU_SETSIZE], count = 0;
	cpu_set_t set;

	CPU_ZERO(&set);
	sched_getaffinity(0, sizeof(set), &set);
	for (unsigned int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &set))
			cores[count++] = i;
	if (count == 0)
		cores[count++] = 0;
	if (settings->workers > count)
		log_warning("%u workers share %u processor%s, and wait for one another: no more "
			    "`workers` than processors",
			settings->workers, count, count == 1 ? "" : "s");
	strbuf_add(&text, "--lcores=0@(");
	for (unsigned int i = 0; i < count; i++)
		strbuf_printf(&text, "%s%u", i ? "," : "", cores[i]);
	strbuf_add(&text, ")");
	for (unsigned int i = 0; i < settings->workers; i++)
		strbuf_printf(&text, ",%u@%u", i + 1, cores[count - 1 - i % count]);
	add(arguments, text.text);
}

static unsigned long free_pages(const char *size)
{
	_cleanup_free_ char *path = memory_printf("%s/%s/free_hugepages", EAL_HUGE_PAGES, size);
	_cleanup_free_ char *text = NULL;
	size_t length;

	if (file_read(AT_FDCWD, path, EAL_FILE_LIMIT, &text, &length) < 0)
		return 0;
	return strtoul(text, NULL, 10);
}

/* Bytes of huge pages that nobody has. */
static uint64_t free_huge_memory(void)
{
	DIR *folder = opendir(EAL_HUGE_PAGES);
	const struct dirent *entry;
	uint64_t bytes = 0;

	while (folder && (entry = readdir(folder)) != NULL) {
		unsigned long kilobytes = 0;

		if (strncmp(entry->d_name, "hugepages-", 10) == 0)
			kilobytes = strtoul(entry->d_name + 10, NULL, 10);
		if (kilobytes)
			bytes += (uint64_t)free_pages(entry->d_name) * kilobytes * 1024;
	}
	if (folder)
		closedir(folder);
	return bytes;
}

static void add_memory(uint64_t memory, struct settings_text_vector *arguments)
{
	if (free_huge_memory() >= memory) {
		add(arguments, "--in-memory");
		return;
	}
	add(arguments, "--no-huge");
	add(arguments, "--no-shconf");
	add(arguments, "-m");
	vector_push(
		arguments, memory_printf("%llu", (unsigned long long)(memory / EAL_MEGABYTE + 1)));
}

/* "0000:03:00.0", "03:00.0", with or without "pci:" and ",key=value". */
static bool is_pci(const char *device)
{
	static const char bus[] = "pci:";

	if (strncmp(device, bus, strlen(bus)) == 0)
		device += strlen(bus);
	size_t digits = strspn(device, "0123456789abcdefABCDEF:.");

	return (device[digits] == '\0' || device[digits] == ',') && strchr(device, ':') &&
	       strchr(device, '.');
}

static void add_devices(
	const struct dataplane_settings *settings, struct settings_text_vector *arguments)
{
	bool any = false;

	vector_foreach(&settings->ports, port) {
		if (!is_pci(port->device))
			continue;
		any = true;
		add(arguments, "-a");
		add(arguments, port->device);
	}
	if (!any)
		add(arguments, "--no-pci");
}

int eal_arguments(const struct dataplane_settings *settings, uint64_t memory,
	struct settings_text_vector *ret, struct error *error)
{
	static const char *const own[] = {"--proc-type", "-v", "-h", "--help", NULL};

	if (says(settings, own))
		return error_set(error, -EINVAL, "dpdk.eal: this is no place for %s, %s or %s",
			own[0], own[1], own[3]);
	add(ret, "poise-dataplane");
	if (!says(settings, core_options))
		add_cores(settings, ret);
	if (!says(settings, memory_options))
		add_memory(memory, ret);
	if (!says(settings, device_options))
		add_devices(settings, ret);
	if (!says(settings, prefix_options))
		add(ret, "--file-prefix=poise");
	if (!says(settings, log_options)) {
		add(ret, "--log-level=warning");
		/* Its warning is of a thing of the past that nobody misses. */
		add(ret, "--log-level=lib.telemetry:error");
	}
	if (!says(settings, telemetry_options))
		add(ret, "--telemetry");
	vector_foreach(&settings->eal, text)
		add(ret, *text);
	return 0;
}

void eal_arguments_clear(struct settings_text_vector *arguments)
{
	vector_foreach(arguments, text)
		free(*text);
	vector_clear(arguments);
}

int eal_start(const struct settings_text_vector *arguments, struct error *error)
{
	/* It keeps pointers into the texts, and moves those of the array. */
	char **words = memory_new((arguments->count + 1) * sizeof(*words));

	for (size_t i = 0; i < arguments->count; i++)
		words[i] = arguments->items[i];
	if (rte_eal_init((int)arguments->count, words) < 0) {
		int r = rte_errno ? -rte_errno : -EINVAL;

		free((void *)words);
		return error_set(error, r,
			"DPDK does not start: %s (called with what `poise-dataplane --check` says)",
			rte_strerror(-r));
	}
	free((void *)words);
	return 0;
}
