// SPDX-License-Identifier: GPL-2.0-or-later
/* libcurl, opened at run time by whoever probes: everybody else starts without it, and without what it brings along. */
#pragma once

#include <curl/curl.h>

#include "base/error.h"

/* What is used of it, as the name behind "curl_". */
#define CURL_LIBRARY_FUNCTIONS(F)                                                                  \
	F(global_init)                                                                             \
	F(global_cleanup)                                                                          \
	F(easy_init)                                                                               \
	F(easy_cleanup)                                                                            \
	F(easy_reset)                                                                              \
	F(easy_setopt)                                                                             \
	F(easy_getinfo)                                                                            \
	F(easy_strerror)                                                                           \
	F(multi_init)                                                                              \
	F(multi_cleanup)                                                                           \
	F(multi_setopt)                                                                            \
	F(multi_add_handle)                                                                        \
	F(multi_remove_handle)                                                                     \
	F(multi_assign)                                                                            \
	F(multi_socket_action)                                                                     \
	F(multi_info_read)                                                                         \
	F(slist_append)                                                                            \
	F(slist_free_all)

#define CURL_LIBRARY_MEMBER_(name) __typeof__(curl_##name) *name;
struct curl_library {
	CURL_LIBRARY_FUNCTIONS(CURL_LIBRARY_MEMBER_)
};
#undef CURL_LIBRARY_MEMBER_

/* Opens and initialises it. -ENOENT: it is not installed, or is another than this was built for; with words. */
int curl_library_open(struct curl_library *ret, struct error *error);
/* Once for each opening that succeeded. */
void curl_library_close(const struct curl_library *library);
