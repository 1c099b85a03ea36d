"""A service that runs unchanged with every provider: it sends a text, prints status and replies."""

import asyncio
import sys

from aiohttp import web

from omnimsg import Client, Event, InboundMessage, Message, Status


def say(*words: object) -> None:
    """Print a line and flush it."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


async def handle(event: Event) -> None:
    """Print an inbound message."""
    if isinstance(event, InboundMessage):
        say("reply", event.sender, event.text)


async def main(config: str, port: int) -> None:
    """Receive callbacks, send a text, and print its status after delivery."""
    async with Client.from_config(config) as client:
        runner = web.AppRunner(client.receiver(handle).aiohttp_app())
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        accepted = await client.send(Message("+27820000001", "Your table is ready"))
        status = await client.wait(accepted, Status.DELIVERED, timeout=20)
        say(status.status, status.id == accepted.id)
        await asyncio.Event().wait()


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
