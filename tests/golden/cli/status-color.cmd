# SPDX-License-Identifier: GPL-2.0-or-later
fake-poised input/poised/troubled.json poise --run-dir "$RUN" status --color=always | sed -E 's/ \([0-9]+d( [0-9]+h)?\)/ (AGE)/' | cat -v
