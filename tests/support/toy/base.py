"""The base of Toy's operations: settings, credentials and requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import orjson
from support.toy.tables import CAPABILITIES, CODES, STATUSES

from omnimsg.adapter import Adapter, Effect, Request
from omnimsg.domain.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping


@attrs.frozen(kw_only=True)
class ToySettings:
    """The settings of a Toy account."""

    key: Secret
    callback_keys: tuple[Secret, ...] = ()


class ToyBase(Adapter[ToySettings]):
    """The facts about Toy."""

    provider = "toy"
    settings = ToySettings
    base_url = "https://api.toy.example"
    capabilities = CAPABILITIES
    codes = CODES
    statuses = STATUSES
    protected = frozenset({"key", "to"})

    def authorization(self) -> Mapping[str, str]:
        """Send the plain key."""
        return {"Authorization": f"Toy {self.account.settings.key.reveal()}"}

    def request(
        self, url: str, body: dict[str, Any] | None = None, effect: Effect = Effect.READ
    ) -> Request:
        """Build an authenticated request: a GET, or a POST with a JSON body."""
        if body is None:
            return Request("GET", url, effect=effect, authenticated=True)
        return Request(
            "POST",
            url,
            orjson.dumps(body),
            effect=effect,
            content_type="application/json",
            authenticated=True,
        )


def as_object(value: Any) -> dict[str, Any]:
    """Return an object as it is, and anything else as an empty object."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """Return a list as it is, and anything else as an empty list."""
    return value if isinstance(value, list) else []
