# SPDX-License-Identifier: GPL-2.0-or-later
# A service by its name is all its listeners.
beside() {
	ASKED=1 fake-poised input/poised/named.json poise --run-dir "$RUN" "$@"
	echo "$*: $?" >&2
}
beside drain web 10.0.0.12 --for 10m
beside drain --service web 10.0.0.12 -o json
beside drain wbe 10.0.0.12
# One of three is refused: none is drained but the one that was before.
beside drain mail 10.0.0.12
# One was drained.
beside undrain web 10.0.0.12
beside undrain tcp://203.0.113.10:80 10.0.0.12
