"""A real SMTP server that records what it received and fails on command.

Prints one JSON object per line: first {"port"}, then each message or refusal as it happens. Reads one
JSON object per line: {"at": "RCPT" | "DATA", "answer": "451 4.3.0 later" | "drop", "held": true | false},
used once, in order. An answer that is held is given when {"release": true} is read. Ends with its
standard input.
"""

import argparse
import asyncio
import email
import email.policy
import json
import logging
import ssl
import sys
import warnings
from collections import deque

from aiosmtpd.smtp import SMTP, AuthResult

# The server's remarks about its clients and the tests' settings would drown out a real fault.
logging.getLogger("mail.log").setLevel(logging.CRITICAL)
warnings.simplefilter("ignore")


def tell(**event):
    print(json.dumps(event), flush=True)


class Handler:
    def __init__(self):
        self.script = deque()
        self.released = asyncio.Event()

    async def scripted(self, at):
        if self.script and self.script[0]["at"] == at:
            turn = self.script.popleft()
            if turn["held"]:
                tell(holding=at)
                await self.released.wait()
            return turn["answer"]
        return None

    async def answer(self, server, at):
        answer = await self.scripted(at)
        if answer == "drop":
            server.transport.abort()
            answer = "421 4.3.0 never seen"
        return answer

    async def handle_RCPT(self, server, session, envelope, address, options):
        refusal = await self.answer(server, "RCPT")
        if refusal:
            tell(refused=address, answer=refusal)
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        answer = await self.answer(server, "DATA")
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)

        def body(kind):
            part = message.get_body((kind,))
            return part and part.get_content()

        encrypted = server.transport.get_extra_info("ssl_object") is not None
        tell(
            answer=answer,
            sender=envelope.mail_from,
            recipients=envelope.rcpt_tos,
            tls=encrypted,
            login=session.auth_data if session.authenticated else None,
            headers=[[name, str(value)] for name, value in message.items()],
            faults=[str(fault) for part in message.walk() for fault in part.defects],
            text=body("plain"),
            html=body("html"),
        )
        return answer or "250 2.0.0 kept"


async def main():
    options = argparse.ArgumentParser()
    options.add_argument("--certificate")
    options.add_argument("--key")
    options.add_argument("--tls", choices=["none", "starttls", "implicit"], default="none")
    options.add_argument("--login", help="USER:PASSWORD that a client must give")
    options = options.parse_args()

    tls = None
    if options.tls != "none":
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(options.certificate, options.key)
    handler = Handler()

    def authenticate(server, session, envelope, mechanism, data):
        given = f"{data.login.decode()}:{data.password.decode()}"
        if given != options.login:
            tell(refused=data.login.decode(), answer="535")
            return AuthResult(success=False, handled=False)
        return AuthResult(success=True, auth_data=data.login.decode())

    def session():
        return SMTP(
            handler,
            hostname="smtp.test",
            tls_context=tls if options.tls == "starttls" else None,
            require_starttls=options.tls == "starttls",
            authenticator=authenticate if options.login else None,
            auth_required=bool(options.login),
            # The server only checks this for STARTTLS, and does not see implicit TLS.
            auth_require_tls=options.tls == "starttls",
        )

    loop = asyncio.get_running_loop()
    implicit = tls if options.tls == "implicit" else None
    server = await loop.create_server(session, "127.0.0.1", 0, ssl=implicit)
    tell(port=server.sockets[0].getsockname()[1])

    commands = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    while line := await commands.readline():
        command = json.loads(line)
        if command.get("release"):
            handler.released.set()
        else:
            handler.script.append(command)
        tell(heard=True)


asyncio.run(main())
