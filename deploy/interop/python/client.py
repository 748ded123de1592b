"""An independent SMPP 3.4 client for the interoperability tests, on PyPI's `smpplib`.

    python client.py HOST PORT LOGIN PASSWORD MESSAGES

Sends the file's messages ("to TAB text" a line); exit code 0 when every segment has its response and its
receipt and a reply has come.
"""

import re
import sys
import time

import smpplib.client
import smpplib.consts
import smpplib.gsm

ACCESS_NUMBER = "10690000"
DEADLINE_S = 60
ESM_RECEIPT = 0x04


class Peer:
    def __init__(self, host, port, login, password):
        self.segments = 0
        self.accepted_ids = []
        self.receipt_ids = []
        self.replies = 0
        self.client = smpplib.client.Client(host, port, timeout=5)
        self.client.set_message_sent_handler(self.on_response)
        self.client.set_message_received_handler(self.on_deliver)
        self.client.connect()
        self.client.bind_transceiver(system_id=login, password=password)

    def send(self, to, text):
        parts, coding, esm_class = smpplib.gsm.make_parts(text)
        for part in parts:
            self.segments += 1
            self.client.send_message(
                source_addr=ACCESS_NUMBER,
                destination_addr=to,
                short_message=part,
                data_coding=coding,
                esm_class=esm_class,
                registered_delivery=True,
            )

    def on_response(self, pdu):
        if pdu.status == smpplib.consts.SMPP_ESME_ROK:
            self.accepted_ids.append(pdu.message_id.decode())

    def on_deliver(self, pdu):
        text = pdu.short_message.decode("latin-1")
        if pdu.esm_class & ESM_RECEIPT:
            receipt = re.search(r"id:(\S+).*stat:DELIVRD", text)
            if receipt:
                self.receipt_ids.append(receipt.group(1))
        else:
            self.replies += 1
        return smpplib.consts.SMPP_ESME_ROK

    def complete(self):
        return (
            len(self.accepted_ids) == self.segments
            and sorted(self.receipt_ids) == sorted(self.accepted_ids)
            and self.replies > 0
        )


def main():
    if len(sys.argv) != 6:
        sys.exit("usage: python client.py HOST PORT LOGIN PASSWORD MESSAGES")
    host, port, login, password, path = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        messages = [line.rstrip("\n").split("\t", 1) for line in file]
    peer = Peer(host, int(port), login, password)
    for to, text in messages:
        peer.send(to, text)
    deadline = time.monotonic() + DEADLINE_S
    while not peer.complete() and time.monotonic() < deadline:
        peer.client.read_once()
    print(
        f"messages={len(messages)} segments={peer.segments} accepted={len(peer.accepted_ids)} "
        f"receipts={len(peer.receipt_ids)} replies={peer.replies}"
    )
    peer.client.unbind()
    peer.client.disconnect()
    sys.exit(0 if peer.complete() else 1)


if __name__ == "__main__":
    main()
