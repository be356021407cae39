// SPDX-License-Identifier: GPL-2.0-or-later
/* Events in the log: which level, how many lines, and what is cut off.
 *
 * Each kind of event has limits of its own, and in it the objects: neither a destination that comes and goes all the time nor the
 * diagnosis of a file, which has a line for each thing that is wrong with it, cuts off what is said of another. */
#pragma once

struct engine_event;

void event_log(const struct engine_event *event);
