# SPDX-License-Identifier: GPL-2.0-or-later
# More services than fit: those that are not ok, of them no more than 50, and the others counted.
python3 - >"$SCRATCH/many.json" <<'PYTHON'
import json

def service(i):
    def destination(j):
        bad = j == 2 and i % 2
        return {"address": f"10.0.{i}.{j}:80", "forward": "nat", "weight": 1, "state": "draining" if bad else "ok",
                "why": "left the files" if bad else None, "active": j, "inactive": i * 1000, "connection_rate": 0}
    return {"listen": f"tcp://203.0.113.{i}:80", "name": f"web-{i}", "scheduler": "wlc", "state": "ok", "active": 1, "inactive": 2,
            "connection_rate": 3, "byte_rate_in": 4, "byte_rate_out": 5, "destinations": [destination(j) for j in range(4)]}

print(json.dumps({"status": {"health": "well", "totals": {"services": 120, "destinations": 480, "draining": 60},
                             "services": [service(i) for i in range(120)]}}))
PYTHON
fake-poised "$SCRATCH/many.json" poise --run-dir "$RUN" status
fake-poised "$SCRATCH/many.json" poise --run-dir "$RUN" status --all | wc -l
fake-poised "$SCRATCH/many.json" poise --run-dir "$RUN" status -v | wc -l
