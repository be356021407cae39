# SPDX-License-Identifier: GPL-2.0-or-later
# A reader that goes away: no words, and no death by a signal.
gone() {
	exec 3> >(:)
	wait $!
	"$@" >&3
	echo "$1 $2: $?" >&2
	exec 3>&-
}
gone poise schema
gone poise validate -o yaml input/web.yaml
gone poise diff --live input/live.json input/web.yaml
gone poise help
