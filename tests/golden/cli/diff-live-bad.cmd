# SPDX-License-Identifier: GPL-2.0-or-later
poise diff --live no-such-file input/small.yaml; echo "{" | poise diff --live - input/small.yaml; echo "{\"state\": {}}" | poise diff --live - input/small.yaml; echo "{\"services\": []}" | poise diff --live - input/small.yaml; poise diff --live input/small.yaml input/small.yaml; poise diff --live input/live.json no-such-file
