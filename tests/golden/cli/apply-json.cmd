# SPDX-License-Identifier: GPL-2.0-or-later
# With -o json there is one document for every end, also for those that come before there is a plan.
said() {
	"$@" >"$SCRATCH/said" 2>"$SCRATCH/words"
	echo "$? $(jq -cS . "$SCRATCH/said" 2>&1)"
}
nothing=(--state-dir "$SCRATCH/s" --run-dir "$SCRATCH/r")
printf 'poise: 1\nservices:\n  web: {listen: tcp://1.2.3.4:80, weigth: 1}\n' >"$SCRATCH/bad.yaml"
said poise apply -o json "${nothing[@]}" no-such-file
said poise apply -o json "${nothing[@]}" "$SCRATCH/bad.yaml"
said poise apply -o json "${nothing[@]}" --plan no-such-plan
said poise apply -o json "${nothing[@]}" --plan input/live.json
said poise apply -o json "${nothing[@]}" --plan - --dry-run
said poise apply -o json --netns no-such-namespace input/small.yaml
said poise diff -o json --live input/live.json no-such-file
said poise diff -o json --live no-such-file input/small.yaml
said poise diff -o json --live input/live.json --out /no/such/folder/plan input/small.yaml
said poise diff -o json --live input/live.json --plan input/small.yaml
