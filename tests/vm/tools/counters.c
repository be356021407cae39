// SPDX-License-Identifier: GPL-2.0-or-later
/* The counters of IPVS as poise reads them, in the words of `ipvsadm -Ln --stats --exact`: connections, packets in and out, bytes in
 * and out of each service and destination.
 *
 *	counters [SERVICE…]	of all services, or of those by key (tcp://10.1.0.100:80) */
#include <stdio.h>

#include "backends/backend.h"

static void counters_print(const char *name, const struct traffic *traffic)
{
	printf("%s %lu %lu %lu %lu %lu\n", name, traffic->connections, traffic->packets_in,
		traffic->packets_out, traffic->bytes_in, traffic->bytes_out);
}

static void counters_print_all(const struct state *state)
{
	vector_foreach(&state->services, service) {
		char text[SERVICE_KEY_TEXT_SIZE], line[2 * SERVICE_KEY_TEXT_SIZE];
		const char *place = strstr(service_key_format(&service->key, text), "://");

		place = place ? place + 3 : text;
		counters_print(place, &service->traffic);
		vector_foreach(&service->destinations, destination) {
			char endpoint[ADDRESS_ENDPOINT_LENGTH];

			snprintf(line, sizeof(line), "%s %s", place,
				destination_key_format(&destination->key, endpoint));
			counters_print(line, &destination->counts.traffic);
		}
	}
}

int main(int argc, char **argv)
{
	const struct backend_ops *ops = backend_find("ipvs");
	struct service_key keys[8];
	struct backend_scope scope = {.keys = keys, .only = argc > 1};
	_cleanup_state_ struct state state = {};
	_cleanup_error_ struct error error = {};
	struct backend *backend = NULL;

	for (int i = 1; i < argc && scope.count < ARRAY_LENGTH(keys); i++)
		if (service_key_parse(argv[i], &keys[scope.count++]) < 0)
			return 2;
	vector_sort_(keys, scope.count, sizeof(*keys), service_compare);
	int code = ops->open(NULL, &backend, &error);
	if (code == 0)
		code = ops->read(backend, &scope, &state, &error);
	if (code < 0)
		fprintf(stderr, "counters: %s\n", error_text(&error, code));
	counters_print_all(&state);
	ops->close(backend);
	return code < 0 ? 1 : 0;
}
