// SPDX-License-Identifier: GPL-2.0-or-later
/* The forms of model/state.h's objects and of a memory, for the documents that hold them
 * (plan_json.c, record.c). Private to reconciler/. */
#pragma once

#include "reconciler/json_form.h"

extern const struct json_form state_form_service_attributes;     /* struct service_attributes */
extern const struct json_form state_form_destination_attributes; /* struct destination_attributes */
extern const struct json_form state_form_timeouts;               /* struct timeouts */
extern const struct json_form state_form_sync;                   /* struct sync_daemon */
extern const struct json_form state_form_memory;                 /* struct memory */
extern const struct json_form state_form_port_address_key;       /* struct port_address_key */
extern const struct json_form
	state_form_port_address_attributes;                /* struct port_address_attributes */
extern const struct json_form state_form_route_attributes; /* struct data_route_attributes */

extern const struct json_form_type state_form_route_key; /* struct data_route_key, as a text */

extern const struct json_form_type state_form_drains; /* the drains of a struct memory */

/* Whether a text may name a file below net/ipv4/vs. */
bool state_form_is_sysctl_name(const char *text);
/* Whether a text may be its value: printable, blanks allowed. */
bool state_form_is_sysctl_value(const char *text);
