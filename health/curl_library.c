// SPDX-License-Identifier: GPL-2.0-or-later
/* Opening libcurl.
 *
 * Linked the usual way it would cost every start of `poise` some twenty libraries (TLS, LDAP, Kerberos, …), and every process
 * of poised their attack surface, for what one of them does. The header still gives the types: each pointer is declared with the
 * type of the function that it stands for, so the compiler checks the calls as if they were direct.
 *
 * It stays loaded: OpenSSL leaves things behind that run at the process's end. */
#include "health/curl_library.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/macros.h"

#define CURL_LIBRARY_NAME "libcurl.so.4"

#define CURL_LIBRARY_SYMBOL_(name) {"curl_" #name, offsetof(struct curl_library, name)},
static const struct curl_library_symbol {
	const char *name;
	size_t offset;
} curl_library_symbols[] = {CURL_LIBRARY_FUNCTIONS(CURL_LIBRARY_SYMBOL_)};
#undef CURL_LIBRARY_SYMBOL_

int curl_library_open(struct curl_library *ret, struct error *error)
{
	void *handle = dlopen(CURL_LIBRARY_NAME, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);

	if (!handle)
		return error_set(error, -ENOENT, "libcurl is missing: apt install libcurl4");
	for (size_t i = 0; i < ARRAY_LENGTH(curl_library_symbols); i++) {
		const struct curl_library_symbol *symbol = &curl_library_symbols[i];
		void *address = dlsym(handle, symbol->name);

		if (!address)
			return error_set(
				error, -ENOENT, "libcurl is too old: it has no %s", symbol->name);
		memcpy((char *)ret + symbol->offset, &address, sizeof(address));
	}
	if (ret->global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return error_set(error, -ENOENT, "libcurl does not start");
	return 0;
}

void curl_library_close(const struct curl_library *library)
{
	library->global_cleanup();
}
