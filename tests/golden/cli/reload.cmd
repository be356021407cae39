# SPDX-License-Identifier: GPL-2.0-or-later
beside() {
	ASKED=1 fake-poised "input/poised/reload-$1.json" poise --run-dir "$RUN" "${@:2}"
	echo "$1: $?" >&2
}
beside good reload
beside good reload --force --confirm-timeout 1m
beside awaits reload --confirm-timeout 1m
beside good reload -q
beside good reload --confirm-timeout 1ms
beside rejected reload
beside held reload
beside held reload -o json
