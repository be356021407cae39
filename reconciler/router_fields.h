// SPDX-License-Identifier: GPL-2.0-or-later
/* A virtual router of the files as JSON, to be compared with another one (router_diff.h): one that poised keeps with one that is
 * declared.
 *
 * It has the keys of poise.yaml(5), from the tables of model/schema.h, so that a key that is new there is compared too. What is as
 * by default is not in it, written or not: the same router is the same JSON, however it was written. A password is "set", and never
 * leaves. */
#pragma once

#include <jansson.h>

#include "model/config.h"
#include "model/schema.h"

/* Room for the keys of the mappings around one, with their dots. */
#define ROUTER_KEY_SIZE 128

/* {"name": "edge", "fields": {"interface": "eth0", …}}: a new reference.
 *
 * nonce: a random text of who will compare, NULL: none. With it, one that has a password has a "proof" too, which is the same
 * for the same password of a router of the same name, and under another nonce another: HMAC-SHA256. Passwords have 8 characters and can
 * be guessed from it, so it is for nobody who may not read the files. */
json_t *router_to_json(const struct config_router *router, const char *nonce);

/* What holds where the key is not written, as above; NULL: nothing does. A new reference. */
json_t *router_field_default(const struct schema_key *key);
