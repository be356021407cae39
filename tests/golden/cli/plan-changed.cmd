# SPDX-License-Identifier: GPL-2.0-or-later
# A saved plan that no longer is what poise wrote is refused before the machine is looked at.
poise diff -q --live input/live.json --out "$SCRATCH/plan.json" input/web.yaml > "$SCRATCH/text"
sed 's/"backend": "ipvs"/"backend": "ipfs"/' "$SCRATCH/plan.json" > "$SCRATCH/backend.json"
sed '/"declared": /s/quorum: 2/quorum: 3/; /"declared": /s/203\.0\.113/198.51.100/' "$SCRATCH/plan.json" > "$SCRATCH/declared.json"
poise apply --plan "$SCRATCH/backend.json"
poise apply --plan "$SCRATCH/declared.json"
