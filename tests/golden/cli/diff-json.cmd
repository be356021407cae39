# SPDX-License-Identifier: GPL-2.0-or-later
poise diff -o json --live input/live.json input/small.yaml | sed "s,\"/.*/tests/,\"/tests/,"
