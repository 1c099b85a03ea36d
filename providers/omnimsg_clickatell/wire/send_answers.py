"""Answers to sends and read notices: a verdict for each message, or none.

The body decides before the HTTP status does: verdicts on single messages come with 202, 207 and
400 alike, and throttling is a 400.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.adapter import CodeTable, Response, Verdict, outcome_of
from omnimsg.domain.failure import Failure
from omnimsg.domain.message import Message
from omnimsg.domain.outcome import Accepted
from omnimsg.domain.reason import Reason, Retry
from omnimsg_clickatell.codes import GLOBAL, MESSAGE
from omnimsg_clickatell.wire.encode import bare
from omnimsg_clickatell.wire.error_paths import blame
from omnimsg_clickatell.wire.match_entries import Entry, Names, code_of, in_order, join

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.adapter import CodeRow
    from omnimsg.domain.outcome import Outcome

_MESSAGES = Names(reference="clientMessageId", address="to", id="apiMessageId")
_EVENTS = Names(reference="clientEventId", address="messageId", id="apiEventId")


def read_send(
    messages: Sequence[Message], response: Response, table: CodeTable, account: str
) -> Sequence[Outcome | None]:
    """Read the answer to a send; the references of the messages differ."""
    data = response.json()
    if not isinstance(data, dict):
        return [None] * len(messages)
    outcomes = _all_accepted(messages, data.get("messages"), account)
    if outcomes is not None:
        return outcomes
    references = [message.reference for message in messages]

    def addresses() -> list[str]:
        return [bare(str(message.to)) for message in messages]

    reader = _Reader(data, response, table, account, messages)
    return reader.read(references, references, addresses, data.get("messages"), _MESSAGES)


def _all_accepted(
    messages: Sequence[Message],
    entries: Any,  # noqa: ANN401 - any JSON value
    account: str,
) -> list[Outcome | None] | None:
    """Read an answer that accepts message by message, in order, as nearly every answer does.

    Anything else, however little, is `None` and left to `_Reader`.
    """
    if type(entries) is not list or len(entries) != len(messages):
        return None
    outcomes: list[Outcome | None] = []
    accepted = Accepted.make
    try:
        for message, entry in zip(messages, entries, strict=True):
            reference, id_ = message.reference, entry["apiMessageId"]
            if (
                entry["clientMessageId"] != reference
                or entry["accepted"] is not True
                or entry["error"]
                or type(id_) is not str
                or not id_
            ):
                return None
            outcomes.append(accepted(reference, account, id_, None, (), None, entry))
    except (KeyError, TypeError):  # a member is missing, or an entry is no object
        return None
    return outcomes


def read_notices(
    provider_ids: Sequence[str], response: Response, table: CodeTable, account: str
) -> list[Outcome | None]:
    """Read the answer to read notices, whose `clientEventId` was their position."""
    data = response.json()
    if not isinstance(data, dict):
        return [None] * len(provider_ids)
    event = data.get("event")
    listed = event.get("messageStatusUpdate") if isinstance(event, dict) else None
    reader = _Reader(data, response, table, account)
    asked = [str(position) for position in range(len(provider_ids))]
    return reader.read(provider_ids, asked, lambda: provider_ids, listed, _EVENTS)


@attrs.frozen
class _Reader:
    """One answer, and what is needed to judge it.

    Attributes:
        data: The decoded body.
        response: Where it stood.
        table: The account's codes.
        account: The account's name.
        messages: The messages, whose fields an error may be about; none for read notices.
    """

    data: Entry
    response: Response
    table: CodeTable
    account: str
    messages: Sequence[Message] = ()

    def read(
        self,
        references: Sequence[str],
        asked: list[str],
        addresses: Callable[[], Sequence[str]],
        listed: object,
        names: Names,
    ) -> list[Outcome | None]:
        """Give each message its verdict; `references` go into the outcomes, `asked` were sent."""
        entries = listed if isinstance(listed, list) else []
        found: list[Entry] | list[Entry | None] = entries
        if not in_order(asked, entries, names.reference):
            found = join(asked, addresses(), entries, names)
        outcomes: list[Outcome | None] = []
        account, id_ = self.account, names.id
        for reference, entry in zip(references, found, strict=True):
            if entry is None:
                outcomes.append(None)
                continue
            provider_id = entry.get(id_)
            if (
                entry.get("accepted") is True
                and provider_id.__class__ is str
                and provider_id
                and not entry.get("error")
            ):
                outcomes.append(Accepted.make(reference, account, provider_id, raw=entry))
            else:
                outcomes.append(self._refusal(len(outcomes), reference, entry, id_))
        if self.data.get("error") and None in outcomes:
            self._whole(references, outcomes, entries, names.id)
        return outcomes

    def _refusal(self, position: int, reference: str, entry: Entry, name: str) -> Outcome | None:
        """Read a refusal; what contradicts itself, such as one with an id, is no verdict."""
        error = entry.get("error")
        if entry.get("accepted") is not False or entry.get(name):
            return None
        code, sentence = code_of(error), _sentence(error)
        path = self._path(position, code, sentence)
        row = self._row(code, MESSAGE, GLOBAL)
        if row is not None:
            failure = row.failure(detail=sentence, path=path, response=self.response, raw=entry)
            return row.outcome(reference, self.account, failure)
        failure = Failure(
            reason=Reason.UNKNOWN,
            retry=Retry.NEVER,
            detail=sentence or "refused, without a cause that is known",
            path=path,
            code=code,
            http_status=self.response.status,
            raw=entry,
        )
        return outcome_of(Verdict.REJECTED, reference, self.account, failure)

    def _whole(
        self,
        references: Sequence[str],
        outcomes: list[Outcome | None],
        entries: list[Any],
        name: str,
    ) -> None:
        """Apply an error of the whole request to what has no verdict of its own.

        Not where any entry was accepted: then the request was not refused as a whole.
        """
        if any(
            isinstance(each, dict) and (each.get("accepted") is True or each.get(name))
            for each in entries
        ):
            return
        error = self.data["error"]
        code, sentence = code_of(error), _sentence(error)
        alone = len(references) == 1
        row = self._row(code, GLOBAL, MESSAGE) if alone else self._row(code, GLOBAL)
        if row is None:
            return
        failure = row.failure(
            detail=sentence,
            path=self._path(0, code, sentence) if alone else None,
            response=self.response,
            raw=self.data,
        )
        for position, reference in enumerate(references):
            if outcomes[position] is None:
                outcomes[position] = row.outcome(reference, self.account, failure)

    def _row(self, code: str | None, *levels: str) -> CodeRow | None:
        """Find a code at the first level that knows it."""
        if code is None:
            return None
        rows = (self.table.get(code, level) for level in levels)
        return next((row for row in rows if row is not None), None)

    def _path(self, position: int, code: str | None, sentence: str) -> str | None:
        return blame(self.messages[position], code, sentence) if self.messages else None


def _sentence(error: object) -> str:
    said = error.get("description") if isinstance(error, dict) else error
    return said if isinstance(said, str) else ""
