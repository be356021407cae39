# SPDX-License-Identifier: GPL-2.0-or-later
poise import ipvsadm input/clean.ipvsadm > "$SCRATCH/a.yaml" && poise export -q ipvsadm "$SCRATCH/a.yaml" | tee "$SCRATCH/b" && poise import ipvsadm "$SCRATCH/b" | cmp - "$SCRATCH/a.yaml" && poise validate -o yaml "$SCRATCH/a.yaml" | cmp - "$SCRATCH/a.yaml"
