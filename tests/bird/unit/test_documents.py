"""The adapter's tables have exactly the values that Bird's documents list."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from omnimsg.adapter import Account, Context
from omnimsg.domain.channel import Channel
from omnimsg.domain.history import Direction, HistoryQuery, InteractionKind
from omnimsg.domain.reason import Reason
from omnimsg.domain.secret import Secret
from omnimsg.domain.status import Status
from omnimsg_bird import BirdAdapter, BirdSettings, codes, statuses
from omnimsg_bird.emulator.body_rules import BODY_TYPES
from omnimsg_bird.wire import bodies

DATA: dict[str, Any] = orjson.loads((Path(__file__).parents[2] / "data" / "bird.json").read_bytes())
ROWS = {(row.level, row.code) for row in codes.CODES}

# The platforms of channels that the adapter does not carry.
NOT_CARRIED = {"apple-business-chat", "facebook", "instagram", "line", "voice"}


def level(name: str) -> set[str]:
    """Return the codes of one level."""
    return {code for each, code in ROWS if each == name}


def test_rates() -> None:
    """Sends have the documented rate of POST requests, and look-ups the lower one of GETs."""
    able = BirdAdapter.capabilities

    assert DATA["requests_per_second"] == {
        "POST": able.requests_per_second,
        "GET": able.operations_per_second,
    }


def test_statuses() -> None:
    """Each documented status has a row."""
    assert set(DATA["statuses"]) == {row.name for row in statuses.STATUSES}


def test_every_status_has_a_known_meaning() -> None:
    """No documented status maps to `UNKNOWN`."""
    assert Status.UNKNOWN not in {row.status for row in statuses.STATUSES}


def test_interactions() -> None:
    """Each documented interaction has a kind; only the one without a meaning is unknown."""
    assert set(DATA["interactions"]) == set(statuses.INTERACTIONS)
    assert ["invalid"] == [
        word for word, kind in statuses.INTERACTIONS.items() if kind is InteractionKind.UNKNOWN
    ]


def test_directions() -> None:
    """Both directions are the model's own values."""
    assert set(DATA["directions"]) == set(Direction)


def test_failures() -> None:
    """Each documented failure and each family of failures has a row."""
    assert set(DATA["failures"]) | set(DATA["failure_families"]) == level("failure")


def test_sources_of_failures() -> None:
    """Each documented failure source of a supported channel has a row."""
    assert set(DATA["failure_sources"]) - NOT_CARRIED == level("source")
    assert set(DATA["failure_sources"]) >= NOT_CARRIED


@pytest.mark.parametrize(
    ("group", "reason"),
    [
        ("unknown subscriber", Reason.INVALID_RECIPIENT),
        ("unknown element of the network", Reason.UNROUTABLE),
        ("subscription or phone without SMS", Reason.RECIPIENT_UNREACHABLE),
        ("generic failure", Reason.UNKNOWN),
        ("unavailable subscriber", Reason.RECIPIENT_UNREACHABLE),
        ("network error", Reason.PROVIDER_ERROR),
    ],
)
def test_codes_of_sms(group: str, reason: Reason) -> None:
    """Each code of a group has the reason that the group's name states."""
    rows = [codes.CODES.get(code, "sms-messagebird") for code in DATA["sms_source_codes"][group]]

    assert {reason} == {None if row is None else row.reason for row in rows}


def test_no_further_codes_of_sms() -> None:
    """The table has no code that the documents do not list."""
    listed = {code for some in DATA["sms_source_codes"].values() for code in some}
    assert listed == level("sms-messagebird")


def test_statuses_of_errors() -> None:
    """Each documented HTTP status of an error has a row."""
    assert set(map(str, DATA["error_statuses"])) == level("http")


def test_bodies() -> None:
    """The emulator lists all body types in order, and the adapter writes each usable one."""
    assert DATA["body_types"] == list(BODY_TYPES)
    usable = set(DATA["body_types"]) - set(DATA["unusable_body_types"])
    kinds = set(Path(bodies.__file__).read_text(encoding="utf-8").split('"'))
    assert usable - kinds == set()


def test_every_filter_can_be_asked_for() -> None:
    """Each documented filter can be sent, by a field of the query or through extras."""
    names = [name for some in DATA["filters"].values() for name in some if name != "pageToken"]
    settings = BirdSettings(access_key=Secret("t"), workspace_id="w", channels={"sms": "c"})
    adapter = BirdAdapter(Account(name="nest", settings=settings, base_url="https://a.test"))
    query = HistoryQuery(channel=Channel.SMS, extras={"bird": dict.fromkeys(names, "x")})
    context = Context(account="nest", now=datetime(2030, 1, 1, tzinfo=UTC))

    request = next(adapter.history(query, "token", context))

    assert {*names, "pageToken"} == {name for name, _ in request.query}
