# SPDX-License-Identifier: GPL-2.0-or-later
for command in history 'drain 10.0.0.1' 'undrain 10.0.0.1' suspend resume reload 'ctl version' 'ctl events'; do
	# shellcheck disable=SC2086
	poise --run-dir "$RUN" $command
	echo "$command: $?" >&2
done
# A socket that nobody listens to any more.
mkdir -p "$RUN"
python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$RUN/poised.sock"
poise --run-dir "$RUN" history
poise --run-dir "$RUN/$(printf '%0100d' 0)" history
rm "$RUN/poised.sock"
