# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016
web-server bash -c '
	. input/check.sh
	files
	say 127.0.0.1:1 --check missing
	say 127.0.0.1:1 --check from-six'
