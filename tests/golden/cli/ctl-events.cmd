# SPDX-License-Identifier: GPL-2.0-or-later
fake-poised input/poised/ctl.json poise --run-dir "$RUN" ctl events
fake-poised input/poised/ctl.json poise --run-dir "$RUN" ctl events -o json
fake-poised input/poised/ctl.json poise --run-dir "$RUN" ctl events --color=always 2>/dev/null | cat -v
