"""Describe an error of the command line in the words of the command's other errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cyclopts.exceptions import (
    CoercionError,
    MissingArgumentError,
    RepeatArgumentError,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
    ValidationError,
)

from omnimsg.domain.nearest import nearest_name
from omnimsg.domain.redaction import mask_text
from omnimsg.domain.structuring import unknown_choice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cyclopts.exceptions import CycloptsError

# What a value of a type is called; whole numbers are read by `flags.whole_number`.
_TYPE_NAMES: dict[Any, str] = {float: "a number", bool: "true or false"}
# Where words are left over: what the user may have meant, by command.
_QUOTE_TEXT = "put a text with spaces in quotes;"
_ONE_FILE = f"name one file at a time, and {_QUOTE_TEXT}"
_LEFT_OVER = {
    "send": _QUOTE_TEXT,
    "send-many": _ONE_FILE,
    "plan": _ONE_FILE,
    "results": _ONE_FILE,
}


def describe_usage(error: CycloptsError) -> tuple[str, str]:
    """Return what is wrong with a command line, and advice."""
    command = " ".join(["omnimsg", *(error.command_chain or ())])
    what = "commands" if isinstance(error, UnknownCommandError) else "flags"
    hint = f"`{command} --help` lists the {what}"
    for kind, describe in _DESCRIPTIONS.items():
        if isinstance(error, kind):
            text, advice = describe(error)
            return mask_text(text), f"{advice} {hint}" if advice else hint
    return mask_text(" ".join(str(error).split())), hint


def _unknown_command(error: UnknownCommandError) -> tuple[str, str | None]:
    word = (error.unused_tokens or [""])[0]
    what = f"flag {word}" if word.startswith("-") else f"command {word!r}"
    return f"there is no {what}", _meant(word, error.app or ())


def _unknown_flag(error: UnknownOptionError) -> tuple[str, str | None]:
    flag = error.token.keyword or error.token.value
    if flag == "-":
        return "standard input (-) is not read here", "name a file;"
    known = (name for each in error.argument_collection for name in each.names)
    return f"there is no flag {flag}", _meant(flag, known)


def _missing(error: MissingArgumentError) -> tuple[str, str | None]:
    if error.keyword is not None:
        return f"{error.keyword} has no value", None
    return f"{_name(error)} is missing", None


def _not_a_value(error: CoercionError) -> tuple[str, str | None]:
    if error.msg is not None:
        return f"{_name(error)}: {error.msg}", None
    choices = None if error.argument is None else error.argument.get_choices()
    if choices and error.token is not None:
        return f"{_name(error)}: {unknown_choice(error.token.value, choices)}", None
    return f"{_name(error)}: must be {_TYPE_NAMES.get(error.target_type, 'another value')}", None


def _not_allowed(error: ValidationError) -> tuple[str, str | None]:
    why = error.exception_message.rstrip(".")
    return f"{_name(error)}: {why[:1].lower()}{why[1:]}", None


def _repeated(error: RepeatArgumentError) -> tuple[str, str | None]:
    return f"{error.token.keyword} is given twice", None


def _stray_words(error: UnusedCliTokensError) -> tuple[str, str | None]:
    # Only their number: the words may be the text of a message.
    count = len(error.unused_tokens or ())
    words = "1 word belongs" if count == 1 else f"{count} words belong"
    return f"{words} to no flag", _LEFT_OVER.get((error.command_chain or ("",))[0])


def _name(error: CycloptsError) -> str:
    """Return the name of the flag or argument that an error is about."""
    return "the command line" if error.argument is None else error.argument.name


def _meant(name: str, known: Iterable[str]) -> str | None:
    nearest = nearest_name(name, known)
    return f"did you mean {nearest}?" if nearest else None


_DESCRIPTIONS: dict[type[CycloptsError], Callable[[Any], tuple[str, str | None]]] = {
    UnknownCommandError: _unknown_command,
    UnknownOptionError: _unknown_flag,
    MissingArgumentError: _missing,
    CoercionError: _not_a_value,
    ValidationError: _not_allowed,
    RepeatArgumentError: _repeated,
    UnusedCliTokensError: _stray_words,
}
"""How an error of each kind is described; others are printed in the words of cyclopts."""
