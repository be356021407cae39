// SPDX-License-Identifier: GPL-2.0-or-later
/* Which form of the checksum the peer of each virtual router used last, in STATE-DIR/routers.json: `checksum: auto` mirrors it, and
 * who begins again, also after a reboot, is to speak as it did before it has heard anybody. Only version 3 over IPv4 has two.
 *
 * Written only when it is another than before: never, where all speak as RFC 9568 or as RFC 5798 says. */
#pragma once

#include "base/error.h"
#include "base/vector.h"
#include "vrrp/packet.h"

struct router_form {
	char interface[16]; /* with its NUL */
	uint8_t vrid;
	enum vrrp_checksum checksum; /* never VRRP_CHECKSUM_AUTO */
};

/* Starts zeroed. */
struct router_forms {
	VECTOR_OF(struct router_form); /* by interface and VRID */
};

/* NULL: none is known. O(log n). */
const struct router_form *router_forms_find(
	const struct router_forms *forms, const char *interface, uint8_t vrid);
/* False: it is known already. */
bool router_forms_put(struct router_forms *forms, const char *interface, uint8_t vrid,
	enum vrrp_checksum checksum);

/* Into an empty `ret`. An absent file is an empty one. -errno with words; -EINVAL: it is damaged. */
int router_forms_load(const char *directory, struct router_forms *ret, struct error *error);
int router_forms_save(const char *directory, const struct router_forms *forms, struct error *error);

/* From and to the text of the file, without I/O. The caller frees the text. */
int router_forms_parse(
	const char *text, size_t size, struct router_forms *ret, struct error *error);
char *router_forms_format(const struct router_forms *forms);

void router_forms_clear(struct router_forms *forms);
