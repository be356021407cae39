# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Nothing of it gets as far as a server.
PORT=8080
. input/check.sh
files
say wwv
say nothing-like-it
say tcp://203.0.113.99:80
say sctp://203.0.113.10:80
say 127.0.0.4
say 127.0.0.9
say 127.0.0.4 --check wbe
say 127.0.0.4 --check reached
say http://127.0.0.1/ --check web
say http://127.0.0.1/
