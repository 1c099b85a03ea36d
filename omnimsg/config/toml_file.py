"""Read a TOML file, and explain encodings of Windows programs that TOML does not allow."""

from __future__ import annotations

import codecs
import os
import re
import tomllib
from typing import TYPE_CHECKING, Any

from omnimsg.domain.errors import ConfigError
from omnimsg.domain.stray_characters import name_of_character, printable, unseen_in_line

if TYPE_CHECKING:
    from pathlib import Path

# The variable that names the configuration, and the file that is used if it is not set.
CONFIG_VARIABLE = "OMNIMSG_CONFIG"
DEFAULT_FILE = "omnimsg.toml"

# The size limit of a configuration.
MAX_CONFIG_BYTES = 4 * 1024 * 1024

_FIRST_FILE = "`omnimsg sandbox --print-config > {path}` makes a first one"

# Where an error of `tomllib` is.
_POSITION = re.compile(r"\(at line ([0-9]+), column ([0-9]+)\)")

# A URL, whose two slashes a `Path` makes one, or the content of a file: both may hold a key.
_holds_values = re.compile(r'\w\w:/|[\n"{]').search
_of_a_shell = re.compile(r"~|\$\w|\$\{|%\w+%").match
_NO_PATH = (
    "configuration: is a URL or text where the path of a file belongs, and is not shown; a URL"
    " belongs into OMNIMSG_URL"
)
_SAVE_AS_UTF8 = (
    "save it as UTF-8; in PowerShell: `... | Out-File -Encoding utf8 {name}` instead of `> {name}`"
)


def path_from_environment() -> str:
    """Return the path in `OMNIMSG_CONFIG`, or `omnimsg.toml` in the working directory.

    Raises:
        ConfigError: The variable is not set, and the working directory has no such file.
    """
    named = os.environ.get(CONFIG_VARIABLE)
    if not named and not os.path.lexists(DEFAULT_FILE):
        raise ConfigError(
            f"{DEFAULT_FILE}: no such file in the working directory, and {CONFIG_VARIABLE} names no"
            f" other; {_FIRST_FILE.format(path=DEFAULT_FILE)}"
        )
    return named or DEFAULT_FILE


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file; a UTF-8 byte order mark at its start is ignored.

    Raises:
        ConfigError: The file does not exist, cannot be read, or is not TOML.
    """
    text = _read_text(path)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: is not TOML: {error}{_cause(str(error), text)}") from None
    except RecursionError:
        raise ConfigError(f"{path}: is not TOML: it is nested too deeply") from None
    except ValueError:
        # A number with thousands of digits, or a time that does not exist.
        raise ConfigError(f"{path}: is not TOML: a number or a time is out of range") from None


def _cause(error: str, text: str) -> str:
    """Return what stands where an error of `tomllib` points to, if it is easily overlooked."""
    if error.startswith(("Unescaped '\\'", "Invalid hex value")):
        return "; write / in a path, or put the text in single quotes"
    place = _POSITION.search(error)
    if place is None:
        return ""
    line = [*text.split("\n"), ""][int(place[1]) - 1]
    found = line[int(place[2]) - 1 : int(place[2])]
    if found and (not found.isascii() or not found.isprintable()) and found != "\r":
        return f": it has {name_of_character(found)} there; write the usual character, or remove it"
    if error.startswith("Invalid value") and found.isalpha():
        return "; put text in quotation marks, and write true and false in small letters"
    return ""


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_CONFIG_BYTES + 1)
    except (OSError, ValueError) as error:
        if _holds_values(path.as_posix().strip('"')):
            raise ConfigError(_NO_PATH) from None
        if isinstance(error, FileNotFoundError):
            what = f"{printable(str(path))}: no such file"
            raise ConfigError(f"{what}; {_advice_on_name(path)}") from None
        raise ConfigError(f"{path}: cannot be read ({type(error).__name__})") from None
    if len(data) > MAX_CONFIG_BYTES:
        raise ConfigError(f"{path}: has more than {MAX_CONFIG_BYTES // 1024**2} MiB")
    save = _SAVE_AS_UTF8.format(name=path.name)
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in data[:4]:
        raise ConfigError(f"{_undecodable(path)}: it is UTF-16, and TOML is UTF-8; {save}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{_undecodable(path)}: line {line} is not UTF-8; {save}") from None


def _advice_on_name(path: Path) -> str:
    """Return what to do about a file that is not there."""
    name = str(path)
    unseen = unseen_in_line(name)
    if unseen:
        return f"look at its name: {unseen}"
    if name[0] in "\"'" and name[-1] == name[0]:
        return "its name is in quotation marks; remove them where it is set"
    if _of_a_shell(name):
        return "only a shell replaces the start of its name; write the whole path"
    if not path.parent.is_dir():
        return "there is no such folder either; check the path"
    return _FIRST_FILE.format(path=path)


def _undecodable(path: Path) -> str:
    return f"{path}: cannot be read ({UnicodeDecodeError.__name__})"
