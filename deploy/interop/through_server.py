"""Sends all messages of a file through a running server and waits until each is delivered and two replies have come.

    python through_server.py URL API-KEY MESSAGES

MESSAGES holds lines of "number TAB text". Errors when anything is missing after a minute.
"""

import json
import sys
import time
import urllib.request

DEADLINE_S = 60
REPLIES = 2


def call(url, key, path, body=None, media_type="application/x-ndjson"):
    request = urllib.request.Request(url + path, data=body)
    request.add_header("Authorization", f"Bearer {key}")
    if body is not None:
        request.add_header("Content-Type", media_type)
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


def whole_replies(events):
    """How many replies are complete; a long one comes in parts."""
    complete = 0
    parts = {}
    for event in events:
        part = event.get("part") or {"reference": event["id"], "total": 1, "number": 1}
        key = (event["from"], part["reference"])
        parts.setdefault(key, set()).add(part["number"])
        complete += len(parts[key]) == part["total"]
    return complete


def main():
    if len(sys.argv) != 4:
        sys.exit("usage: python through_server.py URL API-KEY MESSAGES")
    url, key, path = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        messages = [dict(zip(("to", "text"), line.rstrip("\n").split("\t", 1))) for line in file]
    body = "\n".join(json.dumps(message) for message in messages).encode()
    answer = call(url, key, "/v1/messages/batch", body)
    if answer["refused"]:
        sys.exit(f"refused: {answer['refused']}")
    waiting = {line["id"] for line in answer["accepted"]}
    deadline = time.monotonic() + DEADLINE_S
    replies = 0
    while waiting or replies < REPLIES:
        if time.monotonic() > deadline:
            views = [call(url, key, f"/v1/messages/{id}") for id in waiting]
            sys.exit(f"after {DEADLINE_S} s: {replies} replies; not delivered: {json.dumps(views, ensure_ascii=False)}")
        waiting = {id for id in waiting if call(url, key, f"/v1/messages/{id}")["status"] != "delivered"}
        replies = whole_replies(call(url, key, "/v1/replies")["events"])
        time.sleep(0.1)
    print(f"messages={len(messages)} delivered={len(messages)} replies={replies}")


if __name__ == "__main__":
    main()
