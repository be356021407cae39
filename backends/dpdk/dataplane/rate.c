// SPDX-License-Identifier: GPL-2.0-or-later
#include "backends/dpdk/dataplane/rate.h"

#define RATE_NS_PER_S 1e9

void rate_look(struct rate *rate, uint64_t value, uint64_t now)
{
	uint64_t grown = value > rate->value ? value - rate->value : 0;
	uint64_t speed = 0;

	if (rate->when && now > rate->when)
		speed = (uint64_t)((double)grown * RATE_NS_PER_S / (double)(now - rate->when) +
				   0.5);
	rate->value = value;
	rate->when = now;
	atomic_store_explicit(&rate->per_second, speed, memory_order_relaxed);
}

uint64_t rate_of(const struct rate *rate)
{
	return atomic_load_explicit(&rate->per_second, memory_order_relaxed);
}
