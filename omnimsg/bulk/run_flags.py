"""The flags that decide what the lines of a file become, as a results file records them.

A resumed run with other flags would send another text to the rest of the recipients, read their
numbers in another way, or send to another provider. So its flags are compared with those of the
first run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from omnimsg.bulk.encoding import known_encoding
from omnimsg.domain.phone_number import check_region

if TYPE_CHECKING:
    from pathlib import Path

    from omnimsg.bulk.source import ReadOptions

Flags: TypeAlias = Mapping[str, Any]
"""What a results file records of the flags of a run, by the name of each flag."""


def recorded_flags(
    reading: ReadOptions, *, region: str | None, account: str | None, config: Path
) -> Flags:
    """Return what a results file records of the flags of a run.

    Args:
        reading: How the file is read. Only a digest of its text is recorded.
        region: The region of numbers without a country code.
        account: The account to send through.
        config: The configuration. Only its path is recorded: whoever resumes may have corrected it.

    Raises:
        InvalidValue: The region is unknown.
        MissingExtraError: There is a region, and the package `phonenumberslite` is not installed.
    """
    text = reading.text
    return {
        "account": account,
        "config": str(config.absolute()),
        "encoding": None if reading.encoding is None else known_encoding(reading.encoding),
        "map": dict(reading.renamed),
        "region": None if region is None else check_region(region),
        "text": None if text is None else f"sha256:{hashlib.sha256(text.encode()).hexdigest()}",
    }


def other_flags(first: object, now: Flags) -> list[str]:
    """Return the flags of the first run that differ from those of a run now, in words.

    Args:
        first: The recorded flags of the first run; those that it lacks do not differ.
        now: The flags now.
    """
    if not isinstance(first, dict):
        return []
    return [
        _in_words(name, first[name], is_given=bool(now[name]))
        for name in now
        if name in first and first[name] != now[name]
    ]


def _in_words(name: str, first: object, *, is_given: bool) -> str:
    if not first:
        return f"no --{name}"
    if name == "text":
        return f"{'another' if is_given else 'a'} --text"
    if isinstance(first, dict):
        return " ".join(f"--{name} {key}={value}" for key, value in first.items())
    return f"--{name} {first}"
