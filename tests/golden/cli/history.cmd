# SPDX-License-Identifier: GPL-2.0-or-later
ASKED=1 fake-poised input/poised/history.json poise --run-dir "$RUN" history -n 3
fake-poised input/poised/history.json poise --run-dir "$RUN" history -v
fake-poised input/poised/well.json poise --run-dir "$RUN" history
ASKED=1 fake-poised input/poised/history.json poise --run-dir "$RUN" history -n 0 -o json
poise --run-dir "$RUN" history -n some
