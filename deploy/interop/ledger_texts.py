"""Prints "number TAB text" for every whole message of a ledger, which `carillon-loadtest ledger FILE` writes to
standard input as one JSON object a line. Segments are joined in their order."""

import json
import sys


def main():
    partial = {}
    for line in sys.stdin:
        segment = json.loads(line).get("segment")
        if segment is None:
            continue
        part = segment["part"] or {"reference": None, "total": 1, "number": 1}
        key = (segment["destination"], part["reference"])
        texts = partial.setdefault(key, {})
        texts[part["number"]] = segment["text"]
        if len(texts) == part["total"]:
            print(segment["destination"], "".join(text for _, text in sorted(texts.items())), sep="\t")
            del partial[key]


if __name__ == "__main__":
    main()
