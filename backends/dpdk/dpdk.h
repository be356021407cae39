// SPDX-License-Identifier: GPL-2.0-or-later
/* The backend of `backend: dpdk`: poise-dataplane, over its socket. */
#pragma once

#include "backends/backend.h"

extern const struct backend_ops dpdk_backend;
