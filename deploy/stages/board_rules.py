"""Writes every expression of a Grafana board on standard input as a rule of Prometheus, so that promtool can check it.

Grafana's own words stand in expressions: an interval, and variables between the quotes of a label."""

import json
import sys


def expressions(part):
    if isinstance(part, dict):
        for name, field in part.items():
            if name == "expr":
                yield field
            else:
                yield from expressions(field)
    elif isinstance(part, list):
        for field in part:
            yield from expressions(field)


found = sorted(set(expressions(json.load(sys.stdin))))
if not found:
    sys.exit("the board has no expression")
rules = [
    {"record": f"board:{number}", "expr": text.replace("$__rate_interval", "1m")}
    for number, text in enumerate(found)
]
json.dump({"groups": [{"name": "board", "rules": rules}]}, sys.stdout)
