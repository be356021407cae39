# SPDX-License-Identifier: GPL-2.0-or-later
set -o pipefail
fake-poised input/poised/hostile.json poise --run-dir "$RUN" status | sed -E 's/ \([0-9]+d( [0-9]+h)?\)/ (AGE)/'
fake-poised input/poised/hostile.json poise --run-dir "$RUN" history
fake-poised input/poised/hostile.json poise --run-dir "$RUN" ctl help
fake-poised input/poised/hostile.json poise --run-dir "$RUN" ctl events
fake-poised input/poised/hostile.json poise --run-dir "$RUN" ctl odd value
