# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For the cases of `poise check`: beside a web server, with its port and all times out of what is compared.

# The text without them; each time is one.
shown() {
	sed -e "s/$PORT/PORT/g" -e 's/ *[0-9]*\.[0-9] ms/  TIME/' -e 's/\(milliseconds"\{0,1\}: \)[0-9.]*/\1TIME/'
}

# checks.in as this machine has it.
files() {
	# The user of poised reads it.
	chmod a+x "$SCRATCH"
	rm -f "$SCRATCH/weight"
	echo 7 >"$SCRATCH/weight"
	sed -e "s/PORT/$PORT/g" -e "s,SCRATCH,$SCRATCH,g" input/checks.in >"$SCRATCH/checks.yaml"
}

# say ARGUMENT…: of `poise check`, with the files, what it ends with.
say() {
	local columns
	echo "# poise check $*" | shown
	poise check "$@" "$SCRATCH/checks.yaml" 2>"$SCRATCH/error" >"$SCRATCH/said"
	echo "# ends with $?" >>"$SCRATCH/error"
	cat "$SCRATCH/said" "$SCRATCH/error" | shown
	columns=$(wc -L <"$SCRATCH/said")
	[[ $columns -le 100 ]] || echo "# has lines of $columns columns"
}
