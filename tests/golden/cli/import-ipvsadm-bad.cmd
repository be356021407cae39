# SPDX-License-Identifier: GPL-2.0-or-later
poise import ipvsadm no-such-file; poise import ipvsadm input; poise import ipvsadm input/small.yaml; head -c 70000000 /dev/zero | poise import ipvsadm -; poise import ipvsadm - < /dev/null
echo "empty: $?" >&2
printf '# nothing\n\n' | poise import ipvsadm -
