"""Whether the broker at a port of this machine knows as many brokers as it should: brokers.py PORT COUNT.

Asks for Metadata, version 4 (Kafka protocol guide, API key 3).
"""

import socket
import struct
import sys

port, wanted = int(sys.argv[1]), int(sys.argv[2])
client = b"carillon"
request = struct.pack(">hhih", 3, 4, 1, len(client)) + client + struct.pack(">ib", 0, 0)
with socket.create_connection(("127.0.0.1", port), timeout=5) as peer:
    peer.settimeout(5)
    peer.sendall(struct.pack(">i", len(request)) + request)
    head = peer.recv(4, socket.MSG_WAITALL)
    answer = peer.recv(struct.unpack(">i", head)[0], socket.MSG_WAITALL)
_correlation, _throttle_ms, brokers = struct.unpack_from(">iii", answer)
sys.exit(0 if brokers >= wanted else f"{brokers} of {wanted} brokers")
