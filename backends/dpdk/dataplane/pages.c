// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory of tables that are read at random, a line of it for each packet: what counts is how many of
 * its pages the processor can remember (TLB). So the order of preference is: huge pages that were set
 * aside at boot; ordinary memory aligned to a huge page, which the kernel is asked to make of huge ones;
 * whatever it gives. The length is rounded to huge pages in either case, so that a release need not know
 * which it was.
 *
 * Pages are populated by madvise(), which says that there is no memory where a write would end the
 * process by a signal (a huge page that a control group does not grant). Kernels before 5.14 do not
 * know that: pages are written there. Of ordinary memory neither says that there is no more: the kernel
 * would end some process of the machine to have it, after a minute in which nothing gets any. So more than
 * it says to be available is refused before. */
#include "backends/dpdk/dataplane/pages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

#define PAGES_MEMINFO_LIMIT ((size_t)1 << 20)
#define PAGES_HUGE          ((size_t)2 << 20)
/* log2 of the size, as mmap() takes it. */
#define PAGES_HUGE_FLAGS (MAP_HUGETLB | (21 << MAP_HUGE_SHIFT))

static size_t pages_length(size_t size)
{
	size_t unit = size >= PAGES_HUGE ? PAGES_HUGE : (size_t)sysconf(_SC_PAGESIZE);

	return (size + unit - 1) / unit * unit;
}

static void *pages_map(size_t length, int flags)
{
	void *pages = mmap(
		NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	return pages == MAP_FAILED ? NULL : pages;
}

static bool pages_populate(uint8_t *pages, size_t length)
{
	size_t step = (size_t)sysconf(_SC_PAGESIZE);

	if (!madvise(pages, length, MADV_POPULATE_WRITE))
		return true;
	if (errno != EINVAL)
		return false;
	for (size_t i = 0; i < length; i += step)
		*(volatile uint8_t *)(pages + i) = 0;
	return true;
}

/* Ordinary memory; what lies before and behind the huge pages in it is given back. */
static void *pages_map_aligned(size_t length)
{
	uint8_t *all, *pages;

	if (length < PAGES_HUGE)
		return pages_map(length, 0);
	all = pages_map(length + PAGES_HUGE, 0);
	if (!all)
		return NULL;
	pages = all + (-(uintptr_t)all & (PAGES_HUGE - 1));
	if (pages > all)
		munmap(all, (size_t)(pages - all));
	munmap(pages + length, (size_t)(all + PAGES_HUGE - pages));
	/* A kernel without huge pages refuses: then they are small. */
	madvise(pages, length, MADV_HUGEPAGE);
	return pages;
}

/* NULL when there is no memory; then nothing is left mapped. A length of 0 is one that wrapped, and is
 * never mapped. */
static void *pages_populated(void *pages, size_t length)
{
	if (!pages || pages_populate(pages, length))
		return pages;
	munmap(pages, length);
	return NULL;
}

/* In MiB, as the kernel estimates it (proc(5), MemAvailable); SIZE_MAX where it does not say. */
static size_t pages_available(void)
{
	_cleanup_free_ char *text = NULL;
	const char *line;
	size_t size, kilobytes;

	if (file_read(AT_FDCWD, "/proc/meminfo", PAGES_MEMINFO_LIMIT, &text, &size) < 0)
		return SIZE_MAX;
	line = strstr(text, "MemAvailable:");
	return line && sscanf(line, "MemAvailable: %zu kB", &kilobytes) == 1 ? kilobytes >> 10
									     : SIZE_MAX;
}

int pages_reserve(size_t size, const char *what, void **ret, struct error *error)
{
	size_t length = pages_length(size), available = 0;
	void *pages = NULL;

	if (length >= PAGES_HUGE)
		pages = pages_populated(pages_map(length, PAGES_HUGE_FLAGS), length);
	if (!pages)
		available = pages_available();
	if (!pages && length >> 20 <= available)
		pages = pages_populated(pages_map_aligned(length), length);
	if (!pages)
		return error_set(error, -ENOMEM,
			"not enough memory for %s: %zu MiB, of which %zu are available", what,
			(size >> 20) + 1, available);
	*ret = pages;
	return 0;
}

void pages_release(void *pages, size_t size)
{
	if (pages)
		munmap(pages, pages_length(size));
}
