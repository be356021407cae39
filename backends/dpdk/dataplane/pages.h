// SPDX-License-Identifier: GPL-2.0-or-later
/* Large zeroed memory for tables: huge pages where the kernel has them, else ordinary ones that it is
 * asked to make huge. Touched when it is reserved, so that no packet meets a page fault, and so that it
 * lies on the NUMA node of the calling thread. */
#pragma once

#include <stddef.h>

#include "base/error.h"

/* `size` bytes, aligned to a page, in *ret. -ENOMEM with words that say how much for `what`. */
int pages_reserve(size_t size, const char *what, void **ret, struct error *error);

/* NULL is allowed; `size` as it was reserved. */
void pages_release(void *pages, size_t size);
