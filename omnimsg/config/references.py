"""Resolve the references `env:NAME` and `file:PATH` in settings."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.domain.log_fields import log_fields

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# The size limit of a referenced file.
MAX_FILE_BYTES = 64 * 1024

# The limit of nesting of lists and tables.
MAX_DEPTH = 30

log: logging.Logger = logging.getLogger("omnimsg.config")


class FromReference(str):
    """A text from a variable or a file, which the converter also accepts as number or boolean."""

    __slots__ = ()


class FromUrl(FromReference):
    """A text from the query of a URL, which the converter also accepts as a list of one item."""

    __slots__ = ()


@attrs.frozen
class Unresolved:
    """Replaces a value whose reference cannot be resolved.

    Attributes:
        why: What is missing.
    """

    why: str


def is_reference(value: object) -> bool:
    """Return whether a value, or every item of a list, refers to a variable or a file."""
    if isinstance(value, (list, tuple)):
        return all(map(is_reference, value))
    return isinstance(value, str) and value.startswith(("env:", "file:"))


def resolve_references(value: object, *, folder: Path, depth: int = 0) -> Any:  # noqa: ANN401
    """Copy a value, and resolve the references in it.

    Args:
        value: Mappings, sequences and scalars, as TOML has them or a caller gives them.
        folder: The folder of the configuration, which a relative path starts from.
        depth: The nesting depth of the value.

    Returns:
        The copy, with a `FromReference` or an `Unresolved` in place of each reference.

    Raises:
        ValueError: The value is nested too deeply.
    """
    if depth > MAX_DEPTH:
        raise ValueError(f"is nested more than {MAX_DEPTH} levels deep")
    if isinstance(value, Mapping):
        return {
            str(key): resolve_references(each, folder=folder, depth=depth + 1)
            for key, each in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [resolve_references(each, folder=folder, depth=depth + 1) for each in value]
    if isinstance(value, str) and is_reference(value):
        kind = FromUrl if isinstance(value, FromUrl) else FromReference
        try:
            return kind(resolve_reference(value, folder=folder))
        except ValueError as error:
            return Unresolved(str(error))
    return value


def resolve_reference(
    text: str, *, folder: Path, environment: Mapping[str, str] = os.environ
) -> str:
    """Return the value of a reference `env:NAME` or `file:PATH`; any other text unchanged.

    Args:
        text: The text in the configuration.
        folder: The folder of the configuration, which a relative path starts from.
        environment: The environment variables.

    Raises:
        ValueError: The variable is not set or is empty; the file cannot be read or is empty; the
            value is in quotation marks.
    """
    if not is_reference(text):
        return text
    source, _, name = text.partition(":")
    if source == "file":
        return _unquoted(_read_value(folder / name), f"the file {folder / name}")
    # A name that is not printable ASCII counts as not set.
    value = environment.get(name, "") if name.isprintable() and name.isascii() else ""
    if not value:
        plain = name.strip(" ${}%")
        if plain != name and plain:
            raise ValueError(f"is no name of an environment variable; write env:{plain}")
        raise ValueError(f"the environment variable {name} is not set")
    return _unquoted(value, f"the environment variable {name}")


def _unquoted(value: str, where: str) -> str:
    """Refuse a value in quotation marks.

    A shell removes those of a file of variables; `docker run --env-file` and others keep them.
    """
    if len(value) > 1 and value[0] in "\"'" and value[-1] == value[0]:
        raise ValueError(
            f"{where} has its value in quotation marks, which nothing removes; set it without them"
        )
    return value


def _read_value(path: Path) -> str:
    try:
        content = _read_regular_file(path)
        value = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"the file {path} is not UTF-8") from None
    except OSError as error:
        raise ValueError(f"the file {path} cannot be read ({type(error).__name__})") from None
    if len(content) > MAX_FILE_BYTES:
        raise ValueError(f"the file {path} has more than {MAX_FILE_BYTES // 1024} KiB")
    # Editors and `echo` end a file with a newline, which is not part of the value.
    value = value.rstrip("\r\n")
    if not value:
        raise ValueError(f"the file {path} is empty")
    return value


def _read_regular_file(path: Path) -> bytes:
    """Read a regular file, at most one byte more than allowed."""
    if "\0" in str(path):
        raise ValueError("the name of the file has a NUL character")
    with open(path, "rb", opener=_open_at_once) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError(f"the file {path} is a pipe or a device")
        return file.read(MAX_FILE_BYTES + 1)


def _open_at_once(path: str, flags: int) -> int:
    """Open a file without blocking, even if it is a pipe without a writer."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def leaves(value: object) -> Iterator[object]:
    """Yield the values in a resolved setting that are neither tables nor lists."""
    if isinstance(value, (dict, list)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from leaves(each)
    else:
        yield value


def warn_if_readable_by_everybody(path: Path) -> None:
    """Log a warning, once for each file, if all users of this machine can read the file."""
    try:
        mode, file = path.stat().st_mode, path.absolute()
    except (OSError, ValueError):
        return
    if os.name == "posix" and mode & stat.S_IROTH:
        _warn(path, file)


@lru_cache(maxsize=256)
def _warn(path: Path, _file: Path) -> None:
    """Log the warning; a relative path names another file after a change of the directory."""
    log.warning(
        "%s holds a secret and can be read by every user of this machine; `chmod 600 %s` fixes it",
        path,
        path,
        extra=log_fields(file=str(path)),
    )
