# SPDX-License-Identifier: GPL-2.0-or-later
set -o pipefail
ASKED=1 fake-poised input/poised/well.json poise --run-dir "$RUN" status web mail | sed -E 's/ \([0-9]+d( [0-9]+h)?\)/ (AGE)/'
