"""Read the answers to sends and read notices: an outcome for each message, or `None`.

The body takes precedence over the HTTP status: verdicts on single messages come with 202, 207 and
400 alike, and throttling is a 400.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeGuard

import attrs

from omnimsg.adapter import (
    CodeTable,
    Response,
    Verdict,
    code_text,
    is_blank,
    outcome_of,
    words_of,
)
from omnimsg.domain.failure import Failure
from omnimsg.domain.message import Message
from omnimsg.domain.outcome import Accepted, NotSent, Rejected
from omnimsg.domain.reason import Reason, Retry
from omnimsg_clickatell.codes import GLOBAL, MESSAGE
from omnimsg_clickatell.wire.encode import bare
from omnimsg_clickatell.wire.error_paths import field_path
from omnimsg_clickatell.wire.match_entries import (
    Entry,
    EntryMembers,
    are_in_order,
    code_of,
    match_entries,
    names_another,
)

if TYPE_CHECKING:
    from omnimsg.adapter import CodeRow
    from omnimsg.domain.outcome import Outcome

# HTTP statuses of answers with verdicts on messages, besides the 5xx of codes 18 and 19.
_DOCUMENTED_STATUSES = frozenset({200, 202, 207, 400, 401, 402, 404})

_INVALID_PARAMETER = "23"
_REQUEST_TOO_LARGE = "32"

# The reason of an invalid parameter, by its path in our message; all others are content.
_REASON_OF_PATH = {
    "to": Reason.INVALID_RECIPIENT,
    "sender": Reason.INVALID_SENDER,
    "send_at": Reason.INVALID_MESSAGE,
    "ttl": Reason.INVALID_MESSAGE,
}

_MESSAGES = EntryMembers(reference="clientMessageId", address="to", id="apiMessageId")
_EVENTS = EntryMembers(reference="clientEventId", address="messageId", id="apiEventId")


def read_send(
    messages: Sequence[Message], response: Response, table: CodeTable, account: str
) -> Sequence[Outcome | None]:
    """Read the answer to a send. The references of the messages are unique."""
    data = response.json()
    if not isinstance(data, dict):
        return [None] * len(messages)
    outcomes = _all_accepted(messages, data.get("messages"), account)
    if outcomes is not None:
        return outcomes
    references = [message.reference for message in messages]
    addresses = [bare(str(message.to)) for message in messages]
    reader = _Reader(data, response, table, account, _MESSAGES, references, messages)
    return reader.read(data.get("messages"), references, addresses)


def _all_accepted(
    messages: Sequence[Message],
    entries: Any,  # noqa: ANN401 - any JSON value
    account: str,
) -> list[Outcome | None] | None:
    """Read an answer that accepts every message, in order, as nearly every answer does.

    Any deviation gives `None`: `_Reader` then reads the answer.
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
                or message.to != f"+{entry['to']}"
                or id_.__class__ is not str
                or not id_
            ):
                return None
            outcomes.append(accepted(reference, account, id_, None, (), None, entry))
    except (KeyError, TypeError):  # a member is missing, or an entry is not an object
        return None
    return outcomes


def read_notices(
    provider_ids: Sequence[str], response: Response, table: CodeTable, account: str
) -> list[Outcome | None]:
    """Read the answer to read notices. The `clientEventId` of a notice is its index."""
    data = response.json()
    if not isinstance(data, dict):
        return [None] * len(provider_ids)
    event = data.get("event")
    entries = event.get("messageStatusUpdate") if isinstance(event, dict) else None
    reader = _Reader(data, response, table, account, _EVENTS, provider_ids)
    sent = [str(index) for index in range(len(provider_ids))]
    return reader.read(entries, sent, provider_ids)


@attrs.frozen
class _Reader:
    """Reads one answer.

    Attributes:
        data: The decoded body.
        response: The answer.
        table: The account's codes.
        account: The account's name.
        members: The names of the members that identify an entry's message.
        references: The references that the outcomes get, in order.
        messages: The messages, whose fields an error may name; empty for read notices.
    """

    data: Entry
    response: Response
    table: CodeTable
    account: str
    members: EntryMembers
    references: Sequence[str]
    messages: Sequence[Message] = ()

    def read(
        self, listed: object, sent: list[str], addresses: Sequence[str]
    ) -> list[Outcome | None]:
        """Read the outcome of each message.

        Args:
            listed: The entries of the answer.
            sent: The references that were sent, which the entries echo.
            addresses: The address of each message.
        """
        entries = listed if isinstance(listed, list) else []
        matched: Sequence[Entry | None] = entries
        if not are_in_order(sent, entries, self.members.reference):
            matched = match_entries(sent, addresses, entries, self.members)
        outcomes = [
            None
            if entry is None or names_another(entry, self.members.address, address)
            else self._outcome(index, entry)
            for index, (entry, address) in enumerate(zip(matched, addresses, strict=True))
        ]
        common = self._verdict_on_the_rest(entries) if None in outcomes else None
        if common is not None:
            outcomes = [
                outcome_of(common[0], reference, self.account, common[1])
                if outcome is None
                else outcome
                for reference, outcome in zip(self.references, outcomes, strict=True)
            ]
        return self._refused_as_a_whole(outcomes)

    def _outcome(self, index: int, entry: Entry) -> Outcome | None:
        """Read the entry of a message; one that contradicts itself gives `None`."""
        provider_id = entry.get(self.members.id)
        if (
            entry.get("accepted") is True
            and provider_id.__class__ is str
            and provider_id
            and is_blank(entry.get("error"))
        ):
            return Accepted.make(self.references[index], self.account, provider_id, raw=entry)
        if entry.get("accepted") is not False or provider_id:
            return None
        return self._refusal(index, entry)

    def _refusal(self, index: int, entry: Entry) -> Outcome | None:
        error, reference = entry.get("error"), self.references[index]
        code, description = code_of(error), _description(error)
        path = self._path(index, code, description)
        row = self._row(code, MESSAGE, GLOBAL)
        if row is not None:
            failure = row.failure(detail=description, path=path, response=self.response, raw=entry)
            if code == _INVALID_PARAMETER and row.reason is Reason.INVALID_CONTENT:
                reason = _REASON_OF_PATH.get(path or "", row.reason)
                failure = attrs.evolve(failure, reason=reason, fault=reason.fault)
            return row.outcome(reference, self.account, failure)
        if self.response.status not in _DOCUMENTED_STATUSES:
            # A server that failed may have sent the message; only a known code disproves it.
            return None
        failure = Failure(
            reason=Reason.UNKNOWN,
            retry=Retry.NEVER,
            detail=description or words_of(entry) or "refused without a known cause",
            path=path,
            code=code,
            unknown_code=code_text(code),
            http_status=self.response.status,
            raw=entry,
        )
        return outcome_of(Verdict.REJECTED, reference, self.account, failure)

    def _refused_as_a_whole(self, outcomes: list[Outcome | None]) -> list[Outcome | None]:
        """Turn code 32 of messages into what it says of their request.

        The code says that the media of the request are too large together. With one refusal for
        all messages, with 207 as with 400, the engine splits the request, until a message is alone.
        If only some messages have the code, they may pass in a smaller request, as their retry is.
        """
        refused = [each for each in outcomes if _is_too_large(each)]
        if not refused or len(outcomes) == 1:
            return outcomes
        if len(refused) == len(outcomes):
            failure = attrs.evolve(refused[0].failure, path=None, raw=self.data)
            return [attrs.evolve(each, failure=failure) for each in refused]
        return [_not_sent(each) if _is_too_large(each) else each for each in outcomes]

    def _verdict_on_the_rest(self, entries: list[Any]) -> tuple[Verdict, Failure] | None:
        """Return what the answer proves of the messages that no entry decides.

        An error of the whole request refuses them all. But if any entry was accepted, the request
        was not refused as a whole: an answer with an error status then makes them ambiguous, which
        the engine would classify as not sent by that status.
        """
        if any(_accepts(entry, self.members.id) for entry in entries):
            if self.response.status < 300:
                return None
            return Verdict.AMBIGUOUS, Failure(
                reason=Reason.INVALID_RESPONSE,
                retry=Retry.UNSAFE,
                detail="the answer is an error, but it also accepts a message",
                http_status=self.response.status,
                raw=self.data,
            )
        error = self.data.get("error")
        code, description = code_of(error), _description(error)
        is_single = len(self.references) == 1
        row = self._row(code, GLOBAL, MESSAGE) if is_single else self._row(code, GLOBAL)
        if row is None or is_blank(error):
            return None
        path = self._path(0, code, description) if is_single else None
        return row.verdict, row.failure(
            detail=description, path=path, response=self.response, raw=self.data
        )

    def _row(self, code: str | None, *levels: str) -> CodeRow | None:
        """Return the row of a code at the first level that has one."""
        if code is None:
            return None
        rows = (self.table.get(code, level) for level in levels)
        return next((row for row in rows if row is not None), None)

    def _path(self, index: int, code: str | None, description: str) -> str | None:
        return field_path(self.messages[index], code, description) if self.messages else None


def _accepts(entry: object, name: str) -> bool:
    """Return whether an entry says that its message was accepted, or has an id under that name."""
    return isinstance(entry, dict) and (entry.get("accepted") is True or bool(entry.get(name)))


def _is_too_large(outcome: Outcome | None) -> TypeGuard[Rejected]:
    return isinstance(outcome, Rejected) and outcome.failure.code == _REQUEST_TOO_LARGE


def _not_sent(refused: Rejected) -> NotSent:
    """Return the outcome of a message that may be sent again without the others."""
    failure = attrs.evolve(refused.failure, retry=Retry.SAFE)
    return NotSent(reference=refused.reference, account=refused.account, failure=failure)


def _description(error: object) -> str:
    """Return the words of an error, whatever form they have; empty if it has none."""
    text = error.get("description") if isinstance(error, dict) else error
    return text if isinstance(text, str) and text else words_of(error)
