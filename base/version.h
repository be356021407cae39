// SPDX-License-Identifier: GPL-2.0-or-later
/* The version of all programs; the Makefile reads it from here. */
#pragma once

#define POISE_VERSION "0.1.0"
