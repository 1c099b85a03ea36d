"""A client that was closed leaves nothing behind in its event loop."""

from __future__ import annotations

import gc
import weakref

import pytest
from support.adapters import FakeTransport, texts, tiny
from support.routed import saying

from omnimsg import AmbiguousError, Client

pytestmark = pytest.mark.anyio


async def test_a_doubt_keeps_no_closed_client_alive() -> None:
    """The timer that would give the doubt up after a day ends with the client."""
    client = Client([tiny()], transport=lambda _: FakeTransport(saying("who-knows")))
    client.on_status(lambda _: None)  # messages are tracked from now on
    with pytest.raises(AmbiguousError):
        await client.send(texts(1)[0])
    (doubt,) = await client.doubts()
    await client.aclose()

    is_kept = weakref.ref(client._delivery.tracker)  # noqa: SLF001 - what the timer would keep
    del client
    gc.collect()

    assert (None, "r0") == (is_kept(), doubt.reference)
