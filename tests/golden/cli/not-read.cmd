# SPDX-License-Identifier: GPL-2.0-or-later
# What lies in a directory and is not read is said, by every command that reads files.
cd "$SCRATCH" && rm -rf tree && mkdir -p tree/conf.d
good=$(printf 'poise: 1\nservices: {web: {listen: fwmark://1, destinations: [10.0.0.1]}}')
echo "$good" > tree/poise.yaml
echo "$good" | tee tree/other.yaml tree/main.yml > tree/conf.d/ten.yml
poise validate tree
poise validate -q tree
poise validate -o json tree
# An empty conf.d, and only files that are not read.
rm tree/poise.yaml tree/conf.d/ten.yml tree/main.yml
poise validate tree
echo "$good" | poise validate - -
