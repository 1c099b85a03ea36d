"""Checks before a results file is opened, and errors with advice if it cannot be opened."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from omnimsg.bulk.results_format import EMPTY_FILE, Entries, ResultsError, is_start_of_header
from omnimsg.bulk.run_flags import other_flags
from omnimsg.storage.append_log import NotRegularFileError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from omnimsg.bulk.fingerprint import Fingerprint
    from omnimsg.bulk.run_flags import Flags


# A line number beyond this one is damaged.
_MAX_LINE = 1_000_000_000

_NOT_REGULAR = "is not a regular file; results must be on a disk, name one with --results"


def rescue_path(path: Path) -> Path:
    """Return the file for the known states, in case another program changes a results file."""
    return path.with_name(f"{path.name}.rescued")


def nothing_was_tried(path: Path) -> bool:
    """Return whether a results file has no attempt: a refusal of its file, or only bad lines.

    The file of messages can be sent from its start then, also after it was corrected. A header
    alone proves nothing: another run may have just begun.
    """
    try:
        entries = Entries(path, _MAX_LINE) if path.is_file() else iter(())
        first = next(entries, {})
        found = next(entries, None)
        if found is None:
            return "refused" in first
        return "bad" in found and all("bad" in each for each in entries)
    except (ResultsError, OSError):
        return False


def refuse_if_rescued(path: Path) -> None:
    """Refuse a results file beside which its last run has left a rescued one.

    Raises:
        ResultsError: There is a rescued file.
    """
    rescued = rescue_path(path)
    if rescued.exists():
        raise ResultsError(
            f"{path}: another program changed it during a run, and {rescued} has the records"
            f" of that run; --resume --results {rescued} sends the lines that are left"
        )


def refuse_other_flags(
    path: Path, source: Fingerprint, flags: Flags, unnamed: str | None = None
) -> None:
    """Refuse to resume with other flags than the first run had.

    Nothing is refused here that `ResultsFile.resume` refuses with a better reason.

    Args:
        path: The results file.
        source: The fingerprint of the file of messages.
        flags: The flags now.
        unnamed: The account of a run without `--account`; `None` if routes choose it.

    Raises:
        ResultsError: A flag differs.
    """
    try:
        first = next(Entries(path, 0), {}) if path.is_file() else {}
    except (ResultsError, OSError):
        return
    if first.get("sha256") != source.sha256 or nothing_was_tried(path):
        return
    if differing := other_flags(first.get("flags"), flags, unnamed):
        raise ResultsError(
            f"{path}: the first run had {differing}; resume with the flags of the"
            " first run, or add --allow-other-flags to send the lines that are left with these"
        )


@contextmanager
def os_errors_explained(path: Path) -> Iterator[None]:
    """Turn the usual errors of opening a results file into `ResultsError`."""
    try:
        yield
    except FileExistsError:
        raise ResultsError(f"{path}: {_why_it_exists(path)}") from None
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise ResultsError(f"{path}: there is no such folder; make it first") from None
        raise ResultsError(
            f"{path}: no such results file to resume; leave out --resume to start"
        ) from None
    except NotRegularFileError:
        raise ResultsError(f"{path}: {_NOT_REGULAR}") from None
    except BlockingIOError:
        raise ResultsError(
            f"{path}: is in use by another process; wait until that process has ended"
        ) from None


def _why_it_exists(path: Path) -> str:
    """Return why a first run cannot write to a file that is there already, with advice."""
    if not path.is_file():
        return _NOT_REGULAR
    if not path.stat().st_size:
        return EMPTY_FILE
    if not is_start_of_header(path):
        return "exists already, and is no results file; name another with --results"
    return (
        "exists already, so the file was sent before; --resume sends the lines that are left,"
        " with another file for --results every line would be sent again"
    )
