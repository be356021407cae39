# SPDX-License-Identifier: GPL-2.0-or-later
# Whoever starts poise may have closed what it writes to: no file that it opens gets that, and it says what it can.
poise diff --live input/live.json --out "$SCRATCH/saved" input/web.yaml >&- 2>"$SCRATCH/words"
echo "without an output: $?"
cat "$SCRATCH/words"
poise validate input/web.yaml <&- >&- 2>&-
echo "with nothing: $?"
poise validate input/nowhere.yaml 2>&-
echo "without a place for errors: $?"
python3 -c 'import json, sys; json.load(open(sys.argv[1])); print("the file is whole")' "$SCRATCH/saved"
