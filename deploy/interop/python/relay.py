"""An independent mail server for the interoperability tests, on PyPI's `aiosmtpd`.

    python relay.py PORT SECURITY LOGIN PASSWORD CERTIFICATE KEY FILE

SECURITY is `none`, `starttls` (then AUTH PLAIN) or `tls` (then AUTH LOGIN). Whoever encrypts has to log in. Appends every
mail it took to FILE, as one JSON object a line; knows nobody whose name is `unknown`.
"""

import asyncio
import base64
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Keeper:
    def __init__(self, path):
        self.file = open(path, "w", encoding="utf-8")

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("unknown@"):
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 go on"

    async def handle_DATA(self, server, session, envelope):
        mail = {
            "hello": session.host_name,
            "encrypted": server.transport.get_extra_info("ssl_object") is not None,
            "login": session.auth_data,
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "content": base64.b64encode(envelope.original_content).decode(),
        }
        print(json.dumps(mail), file=self.file, flush=True)
        return "250 2.0.0 taken"


def main():
    if len(sys.argv) != 8:
        sys.exit("usage: python relay.py PORT SECURITY LOGIN PASSWORD CERTIFICATE KEY FILE")
    port, security, login, password, certificate, key, path = sys.argv[1:]
    keeper = Keeper(path)

    def authenticate(server, session, envelope, mechanism, data):
        known = (data.login.decode(), data.password.decode()) == (login, password)
        return AuthResult(success=known, handled=False, auth_data=mechanism)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if security != "none":
        context.load_cert_chain(certificate, key)

    def session():
        return SMTP(
            keeper,
            hostname="relay.example",
            tls_context=context if security == "starttls" else None,
            require_starttls=security == "starttls",
            authenticator=authenticate,
            auth_required=security != "none",
            # What is encrypted from the first byte looks to aiosmtpd as if it were not.
            auth_require_tls=security == "starttls",
            auth_exclude_mechanism=["LOGIN" if security == "starttls" else "PLAIN"],
        )

    async def serve():
        encryption = context if security == "tls" else None
        loop = asyncio.get_running_loop()
        server = await loop.create_server(session, "127.0.0.1", int(port), ssl=encryption)
        await server.serve_forever()

    asyncio.run(serve())


if __name__ == "__main__":
    main()
