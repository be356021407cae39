// SPDX-License-Identifier: GPL-2.0-or-later
/* What a comparison beside a poised cannot foretell: what checks that are new to it begin with. It has each server as up of which
 * poised says nothing else, and poised may begin with down: by `initially`, or by what the check found whose place is taken. */
#pragma once

#include "base/strbuf.h"
#include "model/declared.h"
#include "reconciler/facts.h"

/* Appends a line for each of the two, where there is such a server. `facts` are poised's. */
void cli_unforetold(
	const struct declared *declared, const struct facts *facts, struct strbuf *text);
