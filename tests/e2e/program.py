"""A program that runs unchanged with every provider; only its configuration names one."""

import asyncio
import sys

from omnimsg import Client, Media, Message, Template

SAID = {
    "text": Message("+27820000001", "Your table is ready"),
    "template": Message(
        "+27820000001", Template("table_ready", "en", body=("Thandi", "19:30")), channel="whatsapp"
    ),
    "media": Message(
        "+27820000001",
        Media.link("image", "https://example.test/menu.png", caption="Tonight"),
        channel="whatsapp",
    ),
}


async def main(config: str, what: str) -> None:
    """Send one message and print its id and status."""
    async with Client.from_config(config) as client:
        accepted = await client.send(SAID[what])
        status = await client.status(str(accepted.id))
        sys.stdout.write(f"{accepted.id} {status.status}\n")


asyncio.run(main(*sys.argv[1:]))
