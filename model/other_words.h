// SPDX-License-Identifier: GPL-2.0-or-later
/* Keys of other programs' files (keepalived.conf(5), haproxy.cfg, ipvsadm's words) and those that everybody tries, and what serves
 * for them here: for the hint at a key that no row of the schema has (decode.c). */
#pragma once

#include "model/schema.h"

struct other_word {
	const struct schema_mapping *mapping; /* where it would stand */
	const char *word;
	const char *key;  /* of that mapping, which says it here; NULL: none of it does */
	const char *hint; /* NULL: it is `key`, and no more is to be said */
};

/* NULL: nobody has such a word for that mapping. Static. */
const struct other_word *other_words_find(const struct schema_mapping *mapping, const char *word);

const struct other_word *other_words_all(size_t *count);
