# SPDX-License-Identifier: GPL-2.0-or-later
fake-poised input/poised/well.json poise --run-dir "$RUN" status -o json
