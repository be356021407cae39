// SPDX-License-Identifier: GPL-2.0-or-later
/* The file format of versions to come: linked with this, poise has all that model/schema.h knows.
 * tests/golden/ahead has the cases; nothing of it is installed. */
#include "model/schema.h"

const unsigned int schema_features = SCHEMA_FEATURE_VRRP;
