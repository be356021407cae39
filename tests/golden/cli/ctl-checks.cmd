# SPDX-License-Identifier: GPL-2.0-or-later
fake-poised input/poised/health.json poise --run-dir "$RUN" ctl checks
fake-poised input/poised/health.json poise --run-dir "$RUN" ctl checks --color=always | cat -v | head -n 3
fake-poised input/poised/health.json poise --run-dir "$RUN" ctl checks -o json | head -c 60
