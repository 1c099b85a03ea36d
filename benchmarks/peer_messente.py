"""Messente's own library, which is synchronous: 16 threads share a client.

Changed settings: the host, and one connection for each thread.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from messente_api import SMS, ApiClient, Configuration, Omnimessage, OmnimessageApi
from messente_api.models.omnimessage_messages_inner import OmnimessageMessagesInner

from texts import lines

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sample import Work

WORKERS = 16
SENDER = "+27820000000"


@asynccontextmanager
async def messente_api(base_url: str) -> AsyncIterator[Work]:
    """Send omnimessages from 16 threads."""
    settings = Configuration(host=f"{base_url}/v1", username="none", password="none")  # noqa: S106
    settings.connection_pool_maxsize = WORKERS
    api = OmnimessageApi(ApiClient(settings))

    async def work(count: int) -> int:
        waiting, lock = lines(count), threading.Lock()

        def send() -> int:
            accepted = 0
            while True:
                with lock:
                    line = next(waiting, None)
                if line is None:
                    return accepted
                to, text, _ = line
                sms = OmnimessageMessagesInner(SMS(text=text, sender=SENDER))
                response = api.send_omnimessage(Omnimessage(to=to, messages=[sms]))
                accepted += bool(response.omnimessage_id)

        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(WORKERS) as pool:
            each = [loop.run_in_executor(pool, send) for _ in range(WORKERS)]
            return sum(await asyncio.gather(*each))

    yield work
