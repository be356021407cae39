# SPDX-License-Identifier: GPL-2.0-or-later
# Where no terminal is: a block each time, until nobody reads on.
fake-poised input/poised/well.json poise --run-dir "$RUN" status --watch=100ms |
	head -n 14 | sed -E 's/^[0-9:]{8}/CLOCK/; s/ \([0-9]+d( [0-9]+h)?\)/ (AGE)/'
fake-poised input/poised/well.json poise --run-dir "$RUN" status --watch=100ms -o json | sed -n '3{s/,.*//;p;q}'
poise --run-dir "$RUN" status --watch=10ms
