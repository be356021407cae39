#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""schema.py POISE ROOT: the JSON Schema is valid, takes every good file of the tree, and refuses what it must."""
import json
import pathlib
import subprocess
import sys

import jsonschema
import yaml

# Files that poise refuses, and that an editor can see are wrong.
BAD = [
    "services: {}",
    "poise: 2",
    "poise: 1\nservies: {}",
    "poise: 1\nservices: {web: {}}",
    "poise: 1\nservices: {Web: {listen: [tcp://1.1.1.1:80], destinations: []}}",
    "poise: 1\nservices: {web: {listen: 80, destinations: []}}",
    "poise: 1\nservices: {web: {listen: tcp://1.1.1.1:80, destinations: [{weight: 1}]}}",
    "poise: 1\nservices: {web: {listen: tcp://1.1.1.1:80, destinations: [], drain: 30}}",
    "poise: 1\nservices: {web: {listen: tcp://1.1.1.1:80, destinations: [], forward: full-nat}}",
    "poise: 1\nservices: {web: {listen: tcp://1.1.1.1:80, destinations: [{address: 1.1.1.2, weight: 65536}]}}",
    "poise: 1\nchecks: {a: {interval: 2s}}",
    "poise: 1\nchecks: {a: {tcp: {}, ping: {}}}",
    "poise: 1\nipvs: {sysctls: {Am: 1}}",
    "poise: 1\nprune: some",
    "poise: 1\nvrrp: {a: {interface: eth0, vrid: 256, addresses: [10.0.0.1]}}",
    "poise: 1\nvrrp: {a: {interface: eth0, vrid: 1, addresses: []}}",
    "poise: 1\nvrrp: {a: {interface: eth0, vrid: 1, addresses: [router-1]}}",
    "poise: 1\nvrrp: {a: {interface: eth0, vrid: 1, addresses: [10.0.0.1], track: {files: [{path: /a, weight: -254}]}}}",
    "poise: 1\nipvs: {sync: [{role: {folow: a}, interface: eth0}]}",
    "poise: 1\nipvs: {sync: [{role: {follow: A}, interface: eth0}]}",
    "poise: 1\ndpdk: {ports: {}}",
    "poise: 1\ndpdk: {workers: 1}",
    "poise: 1\ndpdk: {ports: {wan: {device: a card}}}",
    "poise: 1\ndpdk: {ports: {wan: {device: '0000:03:00.0', mtu: 1279}}}",
    "poise: 1\ndpdk: {ports: {wan: {device: '0000:03:00.0'}}, memory: 512}",
]


def main():
    poise, root = sys.argv[1], pathlib.Path(sys.argv[2])
    schema = json.loads(subprocess.run([poise, "schema"], check=True, capture_output=True).stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    wrong = 0

    good = sorted({*root.glob("examples/**/*.yaml"), *root.glob("tests/golden/good/**/*.yaml"),
                   *root.glob("tests/golden/cli/input/**/*.yaml")})
    for path in good:
        if path.name.startswith("."):
            continue
        for error in validator.iter_errors(yaml.safe_load(path.read_text(encoding="utf-8"))):
            print(f"{path}: {error.json_path}: {error.message[:200]}")
            wrong += 1
    for text in BAD:
        if validator.is_valid(yaml.safe_load(text)):
            print(f"the schema takes: {text}")
            wrong += 1
    if not good:
        print("no good files")
    return 1 if wrong or not good else 0


sys.exit(main())
