# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016
web-server bash -c '
	. input/check.sh
	files
	say www
	say tcp://203.0.113.11:80
	say "127.0.0.1:$PORT"
	say ::1
	say slow
	say weighed
	say 127.0.0.1:1 --check reached
	say 127.0.0.77:1 --check login
	say www --check reached
	echo none of yours >"$SCRATCH/weight"
	say 127.0.0.2
	echo "# what poised may not read"
	echo 7 >"$SCRATCH/weight"
	chmod 000 "$SCRATCH/weight"
	say 127.0.0.2'
