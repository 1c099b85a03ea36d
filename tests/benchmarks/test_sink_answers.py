"""The adapters read the sink's answers as acceptances."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from omnimsg import Accepted
from omnimsg.adapter import Context, Response
from omnimsg.config import load_config
from omnimsg.sandbox import config
from omnimsg.testing import drive
from plain_sends import messages
from sink_answers import answer

if TYPE_CHECKING:
    from omnimsg.adapter import Adapter, Request

ADAPTERS: dict[str, Adapter[Any]] = dict(load_config(config(0)).adapters)


def _answered(request: Request) -> Response:
    assert isinstance(request.body, bytes)
    return Response(*answer(request.url.encode(), request.body))


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("provider", ["bird", "clickatell", "messente"])
def test_every_message_is_accepted(provider: str, count: int) -> None:
    """The adapter reads an acceptance for each message of a request from the sink's answer."""
    adapter = ADAPTERS[provider]
    context = Context(account=provider, now=datetime.now(UTC))
    sent = list(messages(count))

    outcomes = drive(adapter.send(sent, context), _answered).value

    accepted = [each.reference for each in outcomes if isinstance(each, Accepted)]
    assert [each.reference for each in sent] == accepted


def test_a_form_is_answered() -> None:
    """Twilio's form body, which is not JSON, is answered with the message's recipient."""
    status, body = answer(b"/2010-04-01/Accounts/AC0/Messages.json", b"To=%2B1&From=a&Body=Hi")

    assert (201, "+1") == (status, orjson.loads(body)["to"])


def test_an_unknown_path_is_not_found() -> None:
    """An unknown path is a 404, so that a typo in a workload's URL is not measured."""
    assert (404, b"{}") == answer(b"/v1/nothing?x=1", b"{}")
