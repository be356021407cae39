# SPDX-License-Identifier: GPL-2.0-or-later
# A plan that is saved to what is no file goes there, and it stays what it is; through a link it goes to the file.
mkfifo "$SCRATCH/pipe"
cat "$SCRATCH/pipe" >"$SCRATCH/read" &
poise diff -q --out "$SCRATCH/pipe" --live input/live.json input/small.yaml >"$SCRATCH/text"
wait
stat -c %F "$SCRATCH/pipe"
python3 -c 'import json, sys; print(sorted(json.load(open(sys.argv[1])))[0])' "$SCRATCH/read"
echo old >"$SCRATCH/file"
ln -s file "$SCRATCH/link"
poise diff -q --out "$SCRATCH/link" --live input/live.json input/small.yaml >"$SCRATCH/text"
stat -c %F "$SCRATCH/link"
cmp "$SCRATCH/file" "$SCRATCH/read"
