# SPDX-License-Identifier: GPL-2.0-or-later
# Its name is enough, and so is what people say for true and false.
beside() {
	ASKED=1 fake-poised input/poised/flag.json poise --run-dir "$RUN" ctl checks -o json "$@" >/dev/null
	echo "$*: $?" >&2
}
beside bad
beside bad name=web
beside yes
beside bad=off web
beside web bad
beside bad=0
beside bad=perhaps
