// SPDX-License-Identifier: GPL-2.0-or-later
/* Lists of numbers and ranges that a check wants: 200-299, 404. Private to health/. */
#pragma once

#include "base/strbuf.h"
#include "model/config.h"

bool checker_range_has(const struct config_range_list *ranges, uint64_t number);
/* "200-299, 404". Appends. */
void checker_range_add(const struct config_range_list *ranges, struct strbuf *text);
