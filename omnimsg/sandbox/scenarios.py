"""Magic recipients: the last six digits of a number choose what happens to its message."""

import enum
import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final


class Scenario(enum.Enum):
    """What happens to a message, the same through every provider.

    Each emulator maps a scenario to its provider's errors and statuses, so some providers report a
    failure at once, others by a later status.
    """

    DELIVERED = "accepted, then delivered"
    READ = "accepted, delivered, then read where the channel reports reading"
    INVALID_RECIPIENT = "not delivered: no such number"
    OPTED_OUT = "not delivered: the recipient opted out"
    NOT_ON_CHANNEL = (
        "not delivered: the recipient is not on the channel; delivered by SMS and e-mail"
    )
    UNDELIVERABLE = "accepted, then undeliverable"
    EXPIRED = "accepted, then expired"
    PROVIDER_FAULT = "accepted, then failed by a fault of the provider"
    THROTTLED_ONCE = "throttled on the first attempt, accepted on the second"
    NO_FUNDS = "not delivered: the account has no funds"
    NEVER_SETTLES = "accepted, and stays sent for ever"
    WINDOW_CLOSED = "on WhatsApp: not delivered unless it is a template; else delivered"


MAGIC: Final[Mapping[str, Scenario]] = MappingProxyType(
    {
        "990001": Scenario.DELIVERED,
        "990002": Scenario.READ,
        "990003": Scenario.INVALID_RECIPIENT,
        "990004": Scenario.OPTED_OUT,
        "990005": Scenario.NOT_ON_CHANNEL,
        "990006": Scenario.UNDELIVERABLE,
        "990007": Scenario.EXPIRED,
        "990008": Scenario.PROVIDER_FAULT,
        "990009": Scenario.THROTTLED_ONCE,
        "990010": Scenario.NO_FUNDS,
        "990011": Scenario.NEVER_SETTLES,
        "990012": Scenario.WINDOW_CLOSED,
    }
)
"""The scenario of each suffix of a magic recipient."""

_SUFFIX = re.compile(r"(\d{6})(?:@.*)?\Z", re.DOTALL)


def scenario(recipient: str) -> Scenario:
    """Return the scenario of a recipient, a number or an e-mail address, by its magic suffix.

    The suffix of an e-mail address ends its local part. Without a magic suffix, the scenario is
    ``DELIVERED``.
    """
    return _magic_scenario(recipient) or Scenario.DELIVERED


def is_magic(recipient: str) -> bool:
    """Return whether a recipient ends in a magic suffix."""
    return _magic_scenario(recipient) is not None


def _magic_scenario(recipient: str) -> Scenario | None:
    return _of_mailbox(recipient) if "@" in recipient else MAGIC.get(recipient[-6:])


@lru_cache(maxsize=64)
def _of_mailbox(recipient: str) -> Scenario | None:
    found = _SUFFIX.search(recipient)
    return MAGIC.get(found[1]) if found else None


def magic_number(wanted: Scenario, prefix: str = "+2782") -> str:
    """Return a valid E.164 number whose scenario is ``wanted``."""
    suffix = next(suffix for suffix, scenario in MAGIC.items() if scenario is wanted)
    return f"{prefix}0{suffix}"
