"""One HTTP request that a provider made to us, and what its verification found.

The receiver builds it from what came over the wire. An adapter reads the raw bytes: a body that was
decoded and encoded again has another signature.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from operator import itemgetter
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qsl

import attrs

from omnimsg.adapter.tolerant_json import read_tolerantly
from omnimsg.domain.quick import quick, usually
from omnimsg.domain.redaction import hidden
from omnimsg.json_codec import JSONDecodeError, loads

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# The deepest callback in any provider's documents has 9 levels.
MAX_DEPTH = 64
# A text, also one that never ends, or a bracket. Possessive: a body of quotes would else be read
# again from each of them.
_STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[{\]}]', re.DOTALL)

_DEPTH_CHANGES = {b"[": 1, b"{": 1, b"]": -1, b"}": -1}


class Authenticity(StrEnum):
    """Whether a callback comes from the provider; everything but `GENUINE` is refused."""

    GENUINE = "genuine"
    NO_SECRET = "no_secret"  # noqa: S105 - the account has none to verify with
    UNSIGNED = "unsigned"
    WRONG_SIGNATURE = "wrong_signature"
    TOO_OLD = "too_old"
    FROM_THE_FUTURE = "from_the_future"


_get_name: Callable[[tuple[bytes, bytes]], bytes] = itemgetter(0)
_get_value: Callable[[tuple[bytes, bytes]], bytes] = itemgetter(1)


# Both without a step of Python for each of the dozen lines of a callback.


def named_in_small_letters(
    lines: Sequence[tuple[bytes, bytes]],
) -> tuple[tuple[bytes, bytes], ...]:
    """Return header lines with their names in small letters."""
    return tuple(zip(map(bytes.lower, map(_get_name, lines)), map(_get_value, lines), strict=True))


def lines_of_bytes(lines: Iterable[Iterable[Any]]) -> tuple[tuple[bytes, bytes], ...]:
    """Return header lines as pairs of `bytes`, whichever pairs of the like a server has."""
    pairs = tuple(map(tuple, lines))
    names, values = map(_get_name, pairs), map(_get_value, pairs)
    return tuple(zip(map(bytes, names), map(bytes, values), strict=True))


def _to_headers(
    lines: Iterable[tuple[bytes, bytes]],
) -> tuple[tuple[bytes, bytes], ...]:
    return named_in_small_letters(tuple(lines))


def values_by_name(headers: Sequence[tuple[bytes, bytes]]) -> dict[bytes, bytes | None]:
    """Return the value of each header line, by its name; `None` where several lines have it."""
    values: dict[bytes, bytes | None] = dict(headers)
    if len(values) < len(headers):
        names = [name for name, _ in headers]
        values |= {name: None for name in names if names.count(name) > 1}
    return values


@quick
@attrs.frozen(kw_only=True, weakref_slot=False)
class Callback:
    """One HTTP request of a provider.

    Attributes:
        body: The body, as it came.
        headers: The header lines, in order.
        url: The address as the provider called it: the configured public one, with the query.
            Behind a proxy the server sees another one, and a signature over the address fails.
        path_secret: What follows the account's own path in the address, still percent-encoded;
            `None` if nothing does. It stands for a signature where a provider has none.
    """

    make: ClassVar[Callable[..., Callback]]

    body: bytes = attrs.field(repr=hidden)
    headers: tuple[tuple[bytes, bytes], ...] = attrs.field(
        default=(), converter=_to_headers, repr=False
    )
    url: str = attrs.field(default="", repr=False)
    path_secret: bytes | None = attrs.field(default=None, repr=False)
    _values: dict[bytes, bytes | None] = attrs.field(
        default=attrs.Factory(lambda self: values_by_name(self.headers), takes_self=True),
        init=False,
        eq=False,
        repr=False,
        metadata=usually("{}"),
    )

    # What `json` has read: some adapters verify by it and parse it.
    _json_cache: list[Any] = attrs.field(
        default=attrs.Factory(lambda _: [], takes_self=True),
        init=False,
        eq=False,
        repr=False,
        metadata=usually("[]"),
    )

    def header(self, name: str) -> bytes | None:
        """Return the value of a header line, without the space around it.

        `None` if there is none, and if there are several: one would be verified and perhaps another
        one read.
        """
        value = self._values.get(name.lower().encode())
        return None if value is None else value.strip()

    def query(self, name: str) -> str | None:
        """Return a parameter of the address; `None` if there is none or several.

        Args:
            name: Its name, of characters that no address escapes.
        """
        if name not in self.url:  # a tenth of the cost, of most callbacks
            return None
        query = self.url.partition("#")[0].partition("?")[2]
        if "%" in query or "+" in query:
            try:
                pairs = parse_qsl(query, keep_blank_values=True)
            except ValueError:
                return None
        else:  # nothing is escaped in what omnimsg itself adds to an address
            pairs = [each.partition("=")[::2] for each in query.split("&")]
        found = [value for key, value in pairs if key == name]
        return found[0] if len(found) == 1 else None

    def json(self) -> Any:  # noqa: ANN401 - JSON data
        """Return the decoded body; `None` where it is no JSON or is nested too deeply.

        It never raises; `why_unread` says which of the two it is. Half a surrogate pair, or a byte
        that is no UTF-8, is U+FFFD, as of `Response.json`. Every call returns the same document.
        """
        if not self._json_cache:
            try:
                document = loads(self.body)
            except JSONDecodeError:
                document = read_tolerantly(self.body)
            self._json_cache.append(None if self.is_too_deep(document) else document)
        return self._json_cache[0]

    def why_unread(self) -> str:
        """Say why `json` gives `None`, for an `UnparsedEvent`.

        Returns:
            "nested too deeply" where more than 64 brackets are open at once; else "no JSON
            document".
        """
        depth = deepest = 0
        for token in _STRING_OR_BRACKET.finditer(self.body):
            depth += _DEPTH_CHANGES.get(token[0], 0)
            deepest = max(deepest, depth)
        return "nested too deeply" if deepest > MAX_DEPTH else "no JSON document"

    def is_too_deep(self, document: object) -> bool:
        """Return whether a document is nested deeper than any callback of a provider.

        Code that stores or prints it would need as many frames of the stack.
        """
        # Fewer brackets cannot nest deeper, and counting them is a hundred times faster.
        if self.body.count(b"[") + self.body.count(b"{") <= MAX_DEPTH:
            return False
        level: list[object] = [document]
        for _ in range(MAX_DEPTH):
            level = [
                inner
                for each in level
                if isinstance(each, (dict, list))
                for inner in (each.values() if isinstance(each, dict) else each)
            ]
            if not level:
                return False
        return any(isinstance(each, (dict, list)) for each in level)
