"""The flags that decide what the lines of a file become, as a results file records them.

A resumed run with other flags would send another text to the rest of the recipients, read their
numbers in another way, or send to another provider. So its flags are compared with those of the
first run.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from omnimsg.bulk.encoding import known_encoding
from omnimsg.domain.phone_number import check_region

if TYPE_CHECKING:
    from omnimsg.bulk.source import ReadOptions

Flags: TypeAlias = Mapping[str, Any]
"""What a results file records of the flags of a run, by the name of each flag."""


def reading_flags(reading: ReadOptions, region: str | None) -> dict[str, Any]:
    """Return what a results file records of the flags for reading a file of messages.

    Args:
        reading: How the file is read. Only a digest of its text is recorded.
        region: The region of numbers without a country code.

    Raises:
        InvalidValue: The region is unknown.
        MissingExtraError: There is a region, and the package `phonenumberslite` is not installed.
    """
    text = None if reading.text is None else reading.text.encode(errors="surrogatepass")
    return {
        "encoding": None if reading.encoding is None else _usual_name(reading.encoding),
        "map": dict(reading.renamed),
        "region": None if region is None else check_region(region),
        "text": None if text is None else f"sha256:{hashlib.sha256(text).hexdigest()}",
    }


def recorded_flags(
    reading: ReadOptions, *, region: str | None, account: str | None, config: Path
) -> Flags:
    """Return what a results file records of the flags of a run.

    Args:
        reading: How the file is read.
        region: The region of numbers without a country code.
        account: The account to send through.
        config: The configuration. Only its path is recorded: whoever resumes may have corrected it.

    Raises:
        InvalidValue: The region is unknown.
        MissingExtraError: There is a region, and the package `phonenumberslite` is not installed.
    """
    flags = reading_flags(reading, region)
    path = printable_path(os.path.normpath(_working_directory() / config))
    return {"account": account, "config": path, **flags}


def _working_directory() -> Path:
    """Return the working directory as the shell names it.

    With its symbolic links, one of which may lead to another release of the application by now.
    """
    named, real = Path(os.environ.get("PWD", "")), Path.cwd()
    with suppress(OSError):
        if named.is_absolute() and named.samefile(real):
            return named
    return real


def printable_path(path: str) -> str:
    """Return a path as JSON can express it: its bytes need not be UTF-8."""
    return os.fsencode(path).decode(errors="backslashreplace")


def other_flags(first: object, now: Flags, unnamed: str | None = None) -> str:
    """Return in words which flags of the first run differ from those now; empty if none does.

    Args:
        first: The recorded flags of the first run; those that it lacks do not differ.
        now: The flags to compare.
        unnamed: The account of a run without `--account`; `None` if routes choose it.
    """
    if not isinstance(first, dict):
        return ""
    meant = {"account": unnamed}
    words = [
        _in_words(name, first[name], is_given=bool(now[name]))
        for name in now
        if name in first and (first[name] or meant.get(name)) != (now[name] or meant.get(name))
    ]
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def _usual_name(encoding: str) -> str:
    try:
        return known_encoding(encoding)
    except ValueError:
        return encoding  # reading the file will refuse it


def _in_words(name: str, first: object, *, is_given: bool) -> str:
    if not first:
        return f"no --{name}"
    if name == "text":
        return f"{'another' if is_given else 'a'} --text"
    if isinstance(first, dict):
        return " ".join(f"--{name} {key}={value}" for key, value in first.items())
    return f"--{name} {first}"
