"""Redact the credentials, recipients and texts of messages that failures quote.

Providers quote requests: the key, the number in groups or glued to a word, the text in capitals,
each of them as it is or escaped. The engine knows all three. The provider's own words stay whole
in `raw`, which is never shown.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from omnimsg.domain.outcome import Accepted
from omnimsg.domain.quotations import CUT_OFF, cut_off
from omnimsg.domain.redaction import (
    private_texts,
    redact,
    redact_anywhere,
    redact_number,
    redact_quotations,
)
from omnimsg.domain.secret import secrets_in

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from omnimsg.adapter import Adapter
    from omnimsg.domain.events import StatusEvent
    from omnimsg.domain.failure import Failure
    from omnimsg.domain.history import PastMessage
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.domain.status import LegStatus, MessageStatus

_MIN_CREDENTIAL_LENGTH = 4

# The most characters of a provider's text that a failure or a status shows.
_MAX_SHOWN = 1_000
# What is read beyond them, so that a number or a text that crosses the end is found by its start,
# also where every character of it is escaped.
_MAX_QUOTATION = 500

_Quoted: TypeAlias = tuple[str, str | None, str | None]
"""The parts of a failure that quote an answer: detail, code, and the code that has no row."""


class Redactor:
    """Takes private values out of the failures of one account.

    Args:
        adapter: The account's adapter, which knows its credentials.
    """

    def __init__(self, adapter: Adapter[Any]) -> None:
        self._adapter = adapter

    def outcomes(self, outcomes: Sequence[Outcome], messages: Sequence[Message]) -> list[Outcome]:
        """Return outcomes whose failures show nothing private of any message.

        Several messages may have the same sentence, which may quote any of them.
        """
        if all([each.__class__ is Accepted for each in outcomes]):  # noqa: C419 - twice as fast
            return list(outcomes)
        groups: dict[_Quoted, list[Message]] = {}
        for outcome, message in zip(outcomes, messages, strict=True):
            if not isinstance(outcome, Accepted):
                groups.setdefault(_quoted(outcome.failure), []).append(message)
        redacted = {quoted: self._redact(quoted, group) for quoted, group in groups.items()}
        return [
            outcome
            if isinstance(outcome, Accepted)
            else attrs.evolve(outcome, failure=_with_quoted(outcome.failure, redacted))
            for outcome in outcomes
        ]

    def failure(self, failure: Failure, recipients: Collection[str] = ()) -> Failure:
        """Return the failure of an operation, which shows no credentials.

        Args:
            failure: The failure.
            recipients: The numbers and addresses that the operation was given.
        """
        quoted = _quoted(failure)
        return _with_quoted(failure, {quoted: self._redact_all(quoted, recipients, ())})

    def receipts(self, outcomes: Iterable[Outcome]) -> list[Outcome]:
        """Return the outcomes of read receipts, whose failures show no credentials."""
        return [
            outcome
            if isinstance(outcome, Accepted)
            else attrs.evolve(outcome, failure=self.failure(outcome.failure))
            for outcome in outcomes
        ]

    def status(self, found: MessageStatus) -> MessageStatus:
        """Return a status whose details show no credentials."""
        if not any(leg.detail for leg in found.legs):
            return found
        return attrs.evolve(found, legs=tuple(self._leg(leg, ()) for leg in found.legs))

    def past(self, found: PastMessage) -> PastMessage:
        """Return a past message whose detail shows neither credentials nor its recipient."""
        if not found.leg.detail:
            return found
        return attrs.evolve(found, leg=self._leg(found.leg, found.to))

    def report(self, event: StatusEvent) -> StatusEvent:
        """Return a report whose detail shows neither credentials nor its recipient."""
        if not event.leg.detail:
            return event
        recipients = () if event.recipient is None else (event.recipient,)
        return attrs.evolve(event, leg=self._leg(event.leg, recipients))

    def _leg(self, leg: LegStatus, recipients: Collection[str]) -> LegStatus:
        detail = self._redact_text(leg.detail, recipients, ())
        return leg if detail == leg.detail else attrs.evolve(leg, detail=detail)

    @cached_property
    def _credentials(self) -> tuple[str, ...]:
        """The account's credentials, the longest first; not short ones, which occur in words."""
        found = {each.reveal() for each in secrets_in(self._adapter.account.settings)}
        for value in self._adapter.authorization().values():
            found |= {value, value.rpartition(" ")[2]}
        long = (each for each in found if len(each) >= _MIN_CREDENTIAL_LENGTH)
        return tuple(sorted(long, key=len, reverse=True))

    def _redact(self, quoted: _Quoted, messages: Iterable[Message]) -> _Quoted:
        recipients = {each.to for each in messages if isinstance(each.to, str)}
        texts = {text for each in messages for text in _texts(each)}
        return self._redact_all(quoted, recipients, texts)

    def _redact_all(
        self, quoted: _Quoted, recipients: Collection[str], texts: Collection[str]
    ) -> _Quoted:
        detail, code, unknown = quoted
        detail = self._redact_text(detail, recipients, texts)
        if code is not None:
            # That of a table is no quotation; any other may be anybody's words.
            code = self._redact_text(code, recipients, () if unknown is None else texts)
        if unknown is not None:
            unknown = self._redact_text(unknown, recipients, texts)
        return detail, code, unknown

    def _redact_text(self, text: str, recipients: Collection[str], texts: Collection[str]) -> str:
        """Return the start of a provider's text, of any length, without what is private.

        Nothing in it forges a line of a log or controls a terminal.
        """
        if not text:
            return text
        is_cut = len(text) > _MAX_SHOWN
        # Marked as cut off, because what precedes may shrink: then the end is shown too.
        text = cut_off(text, _MAX_SHOWN + _MAX_QUOTATION)
        text = redact_quotations(
            text, secrets=self._credentials, recipients=recipients, texts=texts
        )
        text = redact_anywhere(text, self._credentials)
        # As it stands, too: the first characters may look like an escape, as in `%15551234567`.
        for recipient in recipients:
            text = redact_number(text, recipient)
        text = redact(text, texts)
        if not text.isprintable():
            text = "".join([each if each.isprintable() else " " for each in text])
        return f"{text[:_MAX_SHOWN].removesuffix(CUT_OFF)}{CUT_OFF}" if is_cut else text


def _quoted(failure: Failure) -> _Quoted:
    return failure.detail, failure.code, failure.unknown_code


def _with_quoted(failure: Failure, redacted: Mapping[_Quoted, _Quoted]) -> Failure:
    quoted = _quoted(failure)
    detail, code, unknown = redacted[quoted]
    if (detail, code, unknown) == quoted:
        return failure
    return attrs.evolve(failure, detail=detail, code=code, unknown_code=unknown)


def _texts(message: Message) -> Iterator[str]:
    return (text for _, text in private_texts((message.content, message.fallback), "message"))
