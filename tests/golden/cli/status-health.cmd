# SPDX-License-Identifier: GPL-2.0-or-later
set -o pipefail
fake-poised input/poised/health.json poise --run-dir "$RUN" status | sed -E 's/ \([0-9]+d( [0-9]+h)?\)/ (AGE)/'
