"""Print the log of omnimsg on standard error, in the style of the command's own lines."""

from __future__ import annotations

import logging
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from omnimsg.cli.output import print_error, print_warning, sanitize
from omnimsg.cli.streams import OutputError, writing

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Lines(logging.Handler):
    """Prints records; it looks up standard error each time, which a progress bar replaces."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._print(self.format(record), record.levelno)
        except Exception:  # noqa: BLE001 - whoever logs must not fail, as with other handlers
            self.handleError(record)

    def _print(self, text: str, level: int) -> None:
        with suppress(OutputError), writing(sys.stderr):
            if level >= logging.ERROR:
                print_error(text)
            elif level >= logging.WARNING:
                print_warning(text)
            else:
                sys.stderr.write(f"{sanitize(text)}\n")


@contextmanager
def log_lines(*, verbose: bool) -> Iterator[None]:
    """Print warnings and errors of the log; if verbose, a line for each request too."""
    handler = _Lines()
    log = logging.getLogger("omnimsg")
    level = log.level
    if verbose:
        log.setLevel(logging.DEBUG)
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)


@contextmanager
def unlogged(*names: str) -> Iterator[None]:
    """Do not print the log of some parts, whose failures a display reports; verbose, print it."""
    log = logging.getLogger("omnimsg")
    is_verbose = log.level == logging.DEBUG
    handlers = [each for each in log.handlers if isinstance(each, _Lines) and not is_verbose]

    def is_other(record: logging.LogRecord) -> bool:
        return not record.name.startswith(names)

    for each in handlers:
        each.addFilter(is_other)
    try:
        yield
    finally:
        for each in handlers:
            each.removeFilter(is_other)
