# SPDX-License-Identifier: GPL-2.0-or-later
# What another program makes comes by a pipe, of the shell or with a name, or by standard input.
poise validate <(cat input/web.yaml)
echo "exit $?"
mkfifo "$SCRATCH/files"
cat input/web.yaml >"$SCRATCH/files" &
poise validate "$SCRATCH/files"
echo "exit $?"
wait
poise diff -q --live input/live.json - <input/web.yaml | tail -1
