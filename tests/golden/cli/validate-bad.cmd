# SPDX-License-Identifier: GPL-2.0-or-later
printf "poise: 1\nservies: {}\n" | poise validate -
