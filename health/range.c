// SPDX-License-Identifier: GPL-2.0-or-later
#include "health/range.h"

bool checker_range_has(const struct config_range_list *ranges, uint64_t number)
{
	vector_foreach(ranges, range)
		if (number >= range->low && number <= range->high)
			return true;
	return false;
}

void checker_range_add(const struct config_range_list *ranges, struct strbuf *text)
{
	vector_foreach(ranges, range) {
		if (range > ranges->items)
			strbuf_add(text, ", ");
		strbuf_add_number(text, range->low);
		if (range->high != range->low)
			strbuf_printf(text, "-%u", range->high);
	}
}
