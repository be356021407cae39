# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016
web-server bash -c '
	. input/check.sh
	files
	say www -o json
	say weighed -o yaml
	say weighed -q --color=always'
