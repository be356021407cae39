# SPDX-License-Identifier: GPL-2.0-or-later
# Nothing was ever in force: status does not say that anything stays so.
set -o pipefail
fake-poised input/poised/unbacked.json poise --run-dir "$RUN" status | sed -E 's/ \([0-9]+d( [0-9]+h)?\)/ (AGE)/'
