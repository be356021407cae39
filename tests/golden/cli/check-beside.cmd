# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
PORT=none
. input/check.sh
# The files of a poised that runs here, and not those of /etc/poise; a PATH comes before them.
fake-poised input/poised/beside.json poise --run-dir "$RUN" check www 2>&1 | shown
fake-poised input/poised/beside.json poise --run-dir "$RUN" check tcp://203.0.113.10:80 2>&1 | shown
fake-poised input/poised/beside.json poise --run-dir "$RUN" check www input/web.yaml 2>&1 | shown
