# SPDX-License-Identifier: GPL-2.0-or-later
# A reader that goes away: no words, and no death by a signal.
gone() {
	{ sleep 0.2 && "$@"; echo "$1 $2: $?" >&2; } | :
}
gone poise schema
gone poise validate -o yaml input/web.yaml
gone poise diff --live input/live.json input/web.yaml
gone poise help
