"""Checks of `verify` and `parse`: forgeries are refused, events are right, nothing is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest import SkipTest

import attrs

from omnimsg.adapter import Authenticity
from omnimsg.domain.events import (
    InboundMessage,
    InteractionEvent,
    StatusEvent,
    UnparsedEvent,
)
from omnimsg.domain.secret import Secret
from omnimsg.domain.serialization import event_from_json, event_to_json
from omnimsg.json_codec import dumps, loads
from omnimsg.testing.adapters import fuzz
from omnimsg.testing.adapters.harness import Harness
from omnimsg.testing.adapters.leak_detection import MIN_LENGTH, credentials_of, find_leaks
from omnimsg.testing.adapters.samples import NOW
from omnimsg.testing.adapters.status_checks import UNKNOWN_ROW
from omnimsg.testing.assertions import assert_no_violations, check, differences

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from omnimsg.adapter import Adapter, Callback
    from omnimsg.domain.events import Event

_EVENTS = (StatusEvent, InboundMessage, InteractionEvent, UnparsedEvent)
_JUNK = (b"", b"0", b"\xff\xfe\x00", "ключ".encode(), b"=" * 64, b"a" * 10_000)


class CallbackChecks(Harness):
    """Anyone can call a public address, and a provider repeats callbacks without an answer."""

    @check
    def test_callbacks_are_genuine(self) -> Iterator[str]:
        """A callback of the provider is genuine, and `callback_problem` is `None`."""
        adapter, callbacks = self._receiving()
        for name, callback in callbacks:
            authenticity = self._verify(adapter, callback)
            if authenticity is not Authenticity.GENUINE:
                yield f"{name}: is {authenticity!r}"
        if adapter.callback_problem() is not None:
            yield "`callback_problem` says that nothing can be genuine"

    @check
    def test_forged_callbacks_are_refused(self) -> Iterator[str]:
        """No callback is genuine with a missing or changed proof, or with another body."""
        adapter, callbacks = self._receiving()
        yield from self._accepted_forgeries(adapter, callbacks, "")

    @check
    def test_nothing_is_genuine_without_a_secret(self) -> Iterator[str]:
        """Without secrets, `verify` gives `NO_SECRET`, and `callback_problem` names a problem.

        `WRONG_SIGNATURE` for a genuine callback shows that the adapter compares with the signature
        of an empty key: it would accept any callback that is signed with an empty key.
        """
        _, callbacks = self._receiving()
        for how, settings, is_secret_left in _without_secrets(self.account().settings):
            adapter = self.build_adapter(settings=settings)
            is_proven = False
            for name, callback in callbacks:
                authenticity = self._verify(adapter, callback)
                if is_secret_left and authenticity is Authenticity.GENUINE:
                    # A secret that the settings require is still there, and proves it.
                    is_proven = True
                elif authenticity is not Authenticity.NO_SECRET:
                    yield f"{name}, {how}: is {authenticity!r}, should be `NO_SECRET`"
            yield from self._accepted_forgeries(adapter, callbacks, f"{how}, ")
            if not is_proven and adapter.callback_problem() is None:
                yield f"{how}: `callback_problem` names no problem"

    @check
    def test_callbacks_give_events(self) -> Iterator[str]:
        """Every documented callback gives events of the account, with the provider's raw data."""
        adapter, callbacks = self._receiving()
        for name, callback in callbacks:
            events, found = self._parse(adapter, callback)
            yield from (f"{name}: {each}" for each in found)
            for index, event in enumerate(events):
                for what, is_wrong in (
                    ("is unparsed", isinstance(event, UnparsedEvent)),
                    ("has no `raw`", event.raw is None),
                    ("has another provider", event.provider != adapter.provider),
                ):
                    if is_wrong:
                        yield f"{name}: event {index} {what}"

    @check
    def test_keys_are_stable_and_distinct(self) -> Iterator[str]:
        """A callback gives the same keys whenever it arrives; other events have other keys.

        Reports of several statuses are several events: with one key all but the first are dropped.
        """
        adapter, callbacks = self._receiving()
        later = attrs.evolve(self.context(adapter), now=NOW.replace(year=NOW.year + 1))
        seen: dict[str, str] = {}
        for name, callback in callbacks:
            keys = [each.key for each in self._parse(adapter, callback)[0]]
            if keys != [each.key for each in adapter.parse(callback, later)]:
                yield f"{name}: has another key when it arrives later"
            for key in keys:
                other = seen.setdefault(key, name)
                if other != name or keys.count(key) > 1:
                    yield f"{name}: has the key of {other}"
        reports: dict[str, str] = {}
        for row in self.adapter_class.statuses:
            for event in self._parse(adapter, self.report(row, NOW))[0]:
                other = reports.setdefault(event.key, row.name)
                if other != row.name:
                    yield f"a report of {row.name!r}: has the key of that of {other!r}"

    @check
    def test_reports_follow_the_status_table(self) -> Iterator[str]:
        """A report has its row's status and reason; a status without a row is kept."""
        adapter, _ = self._receiving()
        for row in (*self.adapter_class.statuses, UNKNOWN_ROW):
            name = f"status {row.name!r}"
            events, found = self._parse(adapter, self.report(row, NOW))
            yield from (f"{name}: {each}" for each in found)
            event = events[0] if events else None
            if not isinstance(event, StatusEvent):
                yield f"{name}: gave {type(event).__name__}"
                continue
            latest = event.leg.timeline.latest
            reason = event.reason if row is UNKNOWN_ROW else row.reason
            yield from differences(
                name,
                ("the status", event.status, row.status),
                ("the reason", event.reason, reason),
                ("the name", latest and latest.provider_status, row.name),
                ("the time", event.at, NOW),
            )

    @check
    def test_reports_name_their_message(self) -> Iterator[str]:
        """A report has an id, a reference or a token of the message; else it is of no use.

        With `carries_reference` in the capabilities it has the reference.
        """
        adapter, callbacks = self._receiving()
        for name, callback in callbacks:
            for event in self._parse(adapter, callback)[0]:
                if not isinstance(event, StatusEvent):
                    continue
                if event.message_id is None and event.reference is None and event.token is None:
                    yield f"{name}: names no message"
                elif event.message_id and event.message_id.account != adapter.account.name:
                    yield f"{name}: names a message of another account"
                if adapter.capabilities.carries_reference and event.reference is None:
                    yield f"{name}: has no reference; `carries_reference` promises it"

    @check
    def test_parse_survives_broken_callbacks(self) -> Iterator[str]:
        """Whatever is in body and query, the events are of the account and have a JSON form."""
        adapter, callbacks = self._receiving()
        for name, callback in callbacks:
            for how, broken in _broken(callback):
                _, found = self._parse(adapter, broken)
                yield from (f"{name}, {how}: {each}" for each in found)

    @check
    def test_events_show_no_private_data(self) -> Iterator[str]:
        """No repr of a callback or an event contains a credential, a number or a text."""
        adapter, callbacks = self._receiving()
        secrets = credentials_of(adapter.account.settings, {})
        for name, callback in callbacks:
            events, _ = self._parse(adapter, callback)
            private = dict(secrets)
            for event in events:
                private |= _private_texts(event)
            shown = f"{callback!r} {callback} {events!r} {events}"
            yield from (f"{name}: shows `{each}`" for each in find_leaks(shown, private))

    def _receiving(self) -> tuple[Adapter[Any], list[tuple[str, Callback]]]:
        """Return the adapter and the author's callbacks; skip if the adapter reads no callbacks.

        Raises:
            AssertionError: The author supplies no callback.
        """
        adapter = self.build_adapter()
        if not adapter.receives():
            raise SkipTest("the adapter reads no callbacks")
        callbacks = list(self.callbacks(NOW).items())
        assert_no_violations([] if callbacks else [f"{self.class_name}.callbacks gives none"])
        return adapter, callbacks

    def _verify(self, adapter: Adapter[Any], callback: Callback) -> Authenticity | str:
        """Verify a callback; return the text of an error that `verify` raises."""
        try:
            return adapter.verify(callback, self.context(adapter))
        except Exception as error:  # noqa: BLE001 - what the check looks for
            return f"raised {type(error).__name__}: {error}"

    def _parse(
        self, adapter: Adapter[Any], callback: Callback
    ) -> tuple[Sequence[Event], list[str]]:
        """Parse a callback.

        Returns:
            The events, and the violations.
        """
        try:
            events = adapter.parse(callback, self.context(adapter))
        except Exception as error:  # noqa: BLE001 - what the check looks for
            return (), [f"raised {type(error).__name__}: {error}"]
        if not events:
            return (), ["gave no event, so the callback is lost"]
        violations: list[str] = []
        given: Sequence[Any] = events
        for event in given:
            if not isinstance(event, _EVENTS):
                violations.append(f"gave {type(event).__name__}, which is no event")
            elif event.account != adapter.account.name:
                violations.append("gave an event of another account")
            else:
                violations += _json_violations(event)
        return events, violations

    def _accepted_forgeries(
        self, adapter: Adapter[Any], callbacks: list[tuple[str, Callback]], setting: str
    ) -> Iterator[str]:
        """Yield the forgeries that the adapter does not refuse."""
        for name, callback in callbacks:
            for how, forged in self._forgeries(callback):
                authenticity = self._verify(adapter, forged)
                if authenticity not in _REFUSED:
                    yield f"{name}, {setting}{how}: is {authenticity!r}"

    def _forgeries(self, callback: Callback) -> Iterator[tuple[str, Callback]]:
        """Yield forgeries of a callback, as someone without the secret could send them."""
        headers, secret = callback.headers, callback.path_secret
        yield "with no proof", attrs.evolve(callback, headers=(), path_secret=None)
        for junk in _JUNK:
            junk_headers = [(name, junk) for name, _ in headers]
            yield "with junk", attrs.evolve(callback, headers=junk_headers, path_secret=junk)
        for index, (name, value) in enumerate(headers):
            others = [each for at, each in enumerate(headers) if at != index]
            for how, changed in (
                (f"without {name.decode()}", others),
                (f"with {name.decode()} cut", [*others, (name, value[:-1])]),
                (f"with {name.decode()} twice", [*headers, (name, value)]),
            ):
                yield how, attrs.evolve(callback, headers=changed)
        if secret is not None:
            yield "with a cut path", attrs.evolve(callback, path_secret=secret[:-1])
            yield "with a longer path", attrs.evolve(callback, path_secret=secret + b"a")
        if self.signs_body:
            yield "with another body", attrs.evolve(callback, body=callback.body + b" ")
            yield "with no body", attrs.evolve(callback, body=b"")


_REFUSED = frozenset(Authenticity) - {Authenticity.GENUINE}


def _broken(callback: Callback) -> Iterator[tuple[str, Callback]]:
    """Yield a callback with a broken body, or with changed fields in the query of its address."""
    for how, body in fuzz.broken_bodies(callback.body):
        yield how, attrs.evolve(callback, body=body)
    address, mark, query = callback.url.partition("?")
    for how, changed in fuzz.form_mutations(query):
        yield f"in the query {how}", attrs.evolve(callback, url=f"{address}{mark}{changed}")


def _json_violations(event: Event) -> list[str]:
    try:
        same = event_from_json(loads(dumps(event_to_json(event)))) == event
    except Exception as error:  # noqa: BLE001 - what the check looks for
        return [f"gave an event whose JSON form raised {type(error).__name__}: {error}"]
    return [] if same else ["gave an event that its JSON form changes"]


def _without_secrets(settings: Any) -> Iterator[tuple[str, Any, bool]]:  # noqa: ANN401 - its class
    """Yield the settings with every secret emptied: each list is empty, or holds an empty secret.

    Yields:
        How the secrets were emptied, the settings, and whether they keep a secret because they
        refuse an empty one.
    """
    for how, in_list in (("without secrets", ()), ("with empty secrets", (Secret(""),))):
        emptied, is_secret_left = settings, False
        for field in attrs.fields(type(settings)):
            value = getattr(settings, field.name)
            if isinstance(value, Secret):
                empty: object = Secret("")
            elif isinstance(value, tuple) and any(isinstance(each, Secret) for each in value):
                empty = in_list
            else:
                continue
            try:
                emptied = attrs.evolve(emptied, **{field.name: empty})
            except ValueError:
                is_secret_left = True
        yield how, emptied, is_secret_left


def _private_texts(event: Event) -> dict[str, str]:
    names = ("sender", "to", "sender_name", "text")
    found = {getattr(event, name, None): name for name in names}
    return {
        value.lstrip("+"): name
        for value, name in found.items()
        if isinstance(value, str) and len(value) >= MIN_LENGTH
    }
