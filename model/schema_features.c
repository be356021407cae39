// SPDX-License-Identifier: GPL-2.0-or-later
/* What this version has of the file format (model/schema.h). In a file of its own, so that a test
 * program that defines it otherwise takes the place of this one. */
#include "model/schema.h"

const unsigned int schema_features = 0;
