"""Whether the CQL server at an address knows as many nodes as it should: peers.py HOST PORT COUNT.

Says STARTUP and asks system.peers_v2 (CQL binary protocol, version 4).
"""

import socket
import struct
import sys

STARTUP, READY, QUERY, RESULT = 0x01, 0x02, 0x07, 0x08
ROWS, ONE, WITHOUT_METADATA = 2, 1, 2


def ask(peer, opcode, body):
    peer.sendall(struct.pack(">BBhBi", 4, 0, 0, opcode, len(body)) + body)
    _version, _flags, _stream, opcode, length = struct.unpack(">BBhBi", peer.recv(9, socket.MSG_WAITALL))
    return opcode, peer.recv(length, socket.MSG_WAITALL)


def text(value):
    return struct.pack(">H", len(value)) + value


host, port, wanted = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with socket.create_connection((host, port), timeout=5) as peer:
    peer.settimeout(5)
    opcode, body = ask(peer, STARTUP, struct.pack(">H", 1) + text(b"CQL_VERSION") + text(b"3.0.0"))
    if opcode != READY:
        sys.exit(f"not ready: {opcode} {body!r}")
    statement = b"SELECT peer FROM system.peers_v2"
    opcode, body = ask(peer, QUERY, struct.pack(">i", len(statement)) + statement + struct.pack(">HB", ONE, WITHOUT_METADATA))
kind, _flags, _columns, peers = struct.unpack_from(">iiii", body)
if opcode != RESULT or kind != ROWS:
    sys.exit(f"no rows: {opcode} {body!r}")
sys.exit(0 if peers + 1 >= wanted else f"{peers + 1} of {wanted} nodes")
