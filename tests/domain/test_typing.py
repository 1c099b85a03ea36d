"""What runs also type-checks, and what the model refuses does not: mypy --strict and pyright."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

IMPORTS = """
from datetime import UTC, datetime

from omnimsg import (
    Attachment, Autoconvert, ButtonKind, CallbackOptions, Card, CardHeight, Carousel, Channel,
    ConsentChange, ContactCard, Contacts, Direction, Email, HistoryQuery, Inline,
    Interactive, Leg, Link, ListItem, ListPicker, ListSection, Location, Media, MediaItem, Message,
    OpenUrl, Otp, Policy, Priority, Reply, Section, Status, Template, TemplateButton, Text,
    TextParameter,
)
"""

RIGHT = """
names: list[str] = ["Thandi", "19:30"]
replies: list[Reply] = [Reply("Yes"), Reply("No")]
Message("+27820001000", "Hello", channel="sms", priority="high", tags=["a"])
Message("+27820001000", "Hello", channel=Channel.SMS, priority=Priority.HIGH, tags=("a",))
Message("+27820001000", "Hello", fallback=[Leg(channel="sms")], reply_to="bird:channel/message")
Message("+27820001000", "Hello", fallback=(Leg(channel=Channel.SMS),), channel=None)
Template("ready", "en", body=names)
Template("ready", body=["Thandi", TextParameter("19:30")])
Template("ready", body=("Thandi", TextParameter("19:30")))
Template("ready", buttons=[TemplateButton(1, ButtonKind.URL, value="71")])
Template("ready", buttons=[TemplateButton(1, "url", value="71")])
Text("Hello", autoconvert="full")
Text("Hello", autoconvert=Autoconvert.FULL)
Card(title="Soup", height="tall", layout="left")
Card(title="Soup", height=CardHeight.TALL, layout=None)
Carousel([Card(title="Soup"), Card(title="Fish")], width="small")
ConsentChange(consent="opted_out", account="main", at=datetime.now(UTC), channel="sms")
Policy(account_trouble="hold", on_ambiguous="resend")
CallbackOptions(trusted_proxies=["10.0.0.0/8"])
Interactive("Will you come?", replies)
Interactive("Will you come?", (Reply("Yes"), OpenUrl("Map", "https://example.test/map")))
ListPicker("What?", "Choose", sections=[ListSection([ListItem("Soup", "soup")])])
Carousel([Card(title="Soup", actions=[Reply("Yes")]), Card(title="Fish")], suggestions=replies)
Section([Text("Tonight"), Location(-33.92, 18.42)])
Media([MediaItem("image", Link("https://example.test/a.png"))])
Contacts([ContactCard(name={"formatted_name": "Cafe"}, phones=[{"phone": "+27210000000"}])])
Otp(True, actions=[Reply("Copy")])
legs: list[Leg] = [Leg(channel="whatsapp", content=Text("Hello"), sender="Cafe", ttl=60)]
parameters: list[TextParameter] = [TextParameter("Thandi")]
buttons: list[TemplateButton] = [TemplateButton(1, ButtonKind.URL, value="71")]
Message("+27820001000", Text("Hello"), fallback=legs, metadata={"order": 1}, extras={"bird": {}})
Template("ready", header=TextParameter("Hello"), body=parameters, buttons=buttons)
HistoryQuery(channel="sms", direction="outgoing", status="failed", extras={"bird": {"page": 1}})
HistoryQuery(channel=Channel.SMS, direction=Direction.OUTGOING, status=Status.FAILED)
Email(
    subject="Table", text="Ready", cc=["ola@example.test"],
    attachments=[Attachment(Inline(b"x"), "a.txt", content_type="text/plain")],
)
"""

WRONG = """
Interactive("Will you come?", [1])
Interactive("Will you come?", "Yes")
Template("ready", body=[1])
Template("ready", buttons=["71"])
Message("+27820001000", 1)
Message("+27820001000", "Hello", tags=[1])
Message("+27820001000", "Hello", tags="vip")
Message("+27820001000", "Hello", priority=1)
Message("+27820001000", "Hello", fallback=["sms"])
Leg(channel=1)
Leg(content="Hello")
HistoryQuery(channel=1)
HistoryQuery(direction=1)
HistoryQuery(status=1)
TemplateButton(1, 2, value="71")
Text("Hello", autoconvert=1)
Card(title="Soup", height=1)
Policy(account_trouble=1)
ConsentChange(consent=1, account="main", at=datetime.now(UTC))
ContactCard(name=1, phones=[{"phone": "+27210000000"}])
Email(subject="Table", text="Ready", headers=1)
HistoryQuery(extras=1)
"""


def test_what_is_right_runs() -> None:
    """The lines that must pass the type checkers build valid values."""
    exec(IMPORTS + RIGHT, {})  # noqa: S102 - our own lines


@pytest.mark.parametrize("line", WRONG.strip().splitlines())
def test_what_is_wrong_is_refused(line: str) -> None:
    """The lines that must not pass the type checkers build nothing either."""
    with pytest.raises((ValueError, TypeError)):
        exec(IMPORTS + line, {})  # noqa: S102 - our own lines


def _mypy(path: Path) -> set[int]:
    """Return the numbers of the lines that mypy finds errors in."""
    cache = f"--cache-dir={path.parent / 'cache'}"
    return _lines_with_errors(["mypy", "--strict", cache, str(path)], rf"{path.name}:(\d+): error")


def _pyright(path: Path) -> set[int]:
    """Return the numbers of the lines that pyright finds errors in."""
    command = ["pyright", "--pythonpath", sys.executable, str(path)]
    return _lines_with_errors(command, rf"{path.name}:(\d+):\d+ - error")


def _lines_with_errors(command: list[str], pattern: str) -> set[int]:
    finished = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", *command], capture_output=True, text=True, check=False
    )
    assert finished.returncode in (0, 1), finished.stdout + finished.stderr
    return {int(number) for number in re.findall(pattern, finished.stdout)}


@pytest.mark.timeout(240)
@pytest.mark.parametrize("check", [_mypy, _pyright])
def test_type_checkers_agree_with_the_model(
    check: Callable[[Path], set[int]], tmp_path: Path
) -> None:
    """Each type checker passes every line that runs, and marks every line that is refused."""
    if find_spec(check.__name__.strip("_")) is None:
        pytest.skip("the type checker is not installed")
    path = tmp_path / "snippet.py"
    head = (IMPORTS + RIGHT).rstrip("\n") + "\n"
    wrong = WRONG.strip().splitlines()
    path.write_text(head + "\n".join(wrong) + "\n")
    first = head.count("\n") + 1

    found = check(path)

    assert set(range(first, first + len(wrong))) == found
