# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016
web-server bash -c '
	. input/check.sh
	url() {
		echo "# poise check $1" | shown
		poise check "$1" 2>&1 | shown
		echo "# ends with ${PIPESTATUS[0]}"
	}
	url "tcp://127.0.0.1:$PORT"
	url tcp://127.0.0.1:1
	url "http://127.0.0.1:$PORT/healthz"
	url "http://[::1]:$PORT"
	url "https://127.0.0.1:1/"
	url tcp://127.0.0.1
	url udp://127.0.0.1
	url ping://127.0.0.1:80
	url http://www.example.com/
	url "http://127.0.0.1?query"
	url "http://127.0.0.1/with a space"
	url dns://127.0.0.1/no=name
	url smtp://127.0.0.1/mailbox
	url ftp://127.0.0.1/'
