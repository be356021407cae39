# SPDX-License-Identifier: GPL-2.0-or-later
fake-poised input/poised/ctl.json poise --run-dir "$RUN" ctl help
fake-poised input/poised/ctl.json poise --run-dir "$RUN" ctl help -o json
