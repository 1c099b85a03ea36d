"""The sandbox's own CPU time a message, while a client in another process sends.

Run with an account's settings as JSON, it is that client: it sends as many messages as each line of
standard input says, and prints how many were accepted.
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import plain_sends
from cores import leave_core_of_parent
from loops import stay_awake
from omnimsg.sandbox import Sandbox
from omnimsg_bird.emulator import BirdEmulator
from processes import working_for_us

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sample import Work


@asynccontextmanager
async def sandbox(_base_url: str) -> AsyncIterator[Work]:
    """Serve Bird's emulator in this process, to a client in another that does not sleep."""
    async with Sandbox([BirdEmulator]) as server:
        account = json.dumps(server.config()["accounts"]["bird"])
        async with working_for_us("sandbox_cpu.py", account) as work:
            yield work


async def send_on_request(account: dict[str, Any], *, awake: bool) -> None:
    """Send as many messages as each line of standard input says."""
    async with plain_sends.one_a_request(account["base_url"], account=account) as client:
        while line := await asyncio.to_thread(sys.stdin.readline):
            with stay_awake(awake=awake):
                accepted = await plain_sends.stream(client, plain_sends.messages(int(line)))
            print(accepted, flush=True)


if __name__ == "__main__":
    has_own_core = leave_core_of_parent()
    asyncio.run(send_on_request(json.loads(sys.argv[1]), awake=has_own_core))
