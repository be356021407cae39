# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The time for shell tests that wait; sourced by them. SECONDS and EPOCHREALTIME are the machine's clock, which whoever keeps it
# may step meanwhile: then a test gives up too early, or never.

# clock_read: into $clock, in hundredths of a second, since the machine started. It starts no process.
clock_read() {
	local uptime

	read -r uptime _ </proc/uptime
	clock=$((10#${uptime/./}))
}

# clock_since TIME: how many whole seconds ago $clock was that.
clock_since() {
	local clock

	clock_read
	echo $(((clock - $1) / 100))
}
