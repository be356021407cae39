# SPDX-License-Identifier: GPL-2.0-or-later
# A service that no file can say must not leave a file that takes everything away.
mapped='-A -t [::ffff:192.0.2.1]:80 -s rr'
echo "$mapped" | poise import ipvsadm -
echo "exit $?"
printf '%s\n--set 900 120 300\n' "$mapped" | poise import ipvsadm -
echo "exit $?"
printf '%s\n-A -t 192.0.2.1:80 -s rr\n' "$mapped" | poise import ipvsadm -
echo "exit $?"
