"""Checks that reprs, errors and log lines show no secret, phone number or message text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.domain.errors import AmbiguousError, NotSentError, RejectedError, SendError
from omnimsg.domain.failure import Failure
from omnimsg.domain.outcome import Ambiguous, Failed, NotSent, Rejected
from omnimsg.domain.secret import Secret
from omnimsg.testing.adapters import samples
from omnimsg.testing.adapters.harness import Harness
from omnimsg.testing.adapters.leak_detection import (
    capture_logs,
    credentials_of,
    find_leaks,
    private_values,
)
from omnimsg.testing.assertions import check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omnimsg.adapter import Adapter
    from omnimsg.domain.message import Message

_ERROR_CLASSES: dict[type[Failed], type[SendError]] = {
    Rejected: RejectedError,
    NotSent: NotSentError,
    Ambiguous: AmbiguousError,
}


class RedactionChecks(Harness):
    """Reprs, errors and log lines are read by people who may not see private data."""

    @check
    def test_the_account_has_detectable_secrets(self) -> Iterator[str]:
        """The author's account has credentials that the other checks can recognise."""
        adapter = self.build_adapter()
        if adapter.authorization() and not credentials_of(adapter.account.settings, {}):
            yield f"{self.class_name}.account has no Secret of 6 characters or more in its settings"

    @check
    def test_secrets_are_declared_as_secrets(self) -> Iterator[str]:
        """A setting that holds a `Secret` is declared as one.

        Otherwise a configuration gives plain text, which the repr of the account shows.
        """
        settings = self.account().settings
        kind = type(settings)
        for field in attrs.fields(kind):
            if _holds_a_secret(getattr(settings, field.name)) and "Secret" not in str(field.type):
                yield f"`{field.name}` of {kind.__name__} holds a Secret, its type does not"

    @check
    def test_no_secret_is_shown(self) -> Iterator[str]:
        """No repr, text, error or log line of a send contains a credential."""
        adapter = self.build_adapter()
        secrets = credentials_of(adapter.account.settings, adapter.authorization())
        for name, text in self._readable_texts(adapter):
            yield from (f"{name} shows {leak}" for leak in find_leaks(text, secrets))

    @check
    def test_no_number_or_text_is_shown(self) -> Iterator[str]:
        """No repr, error or log line contains a full phone number or the text of a message."""
        private: dict[str, str] = {}
        for message in self.batch(self.batch_size):
            private |= private_values(message)
        for name, text in self._readable_texts(self.build_adapter()):
            yield from (f"{name} shows `{leak}`" for leak in find_leaks(text, private))

    @check
    def test_check_failures_show_no_private_data(self) -> Iterator[str]:
        """A failure of `check` does not show the recipient or the texts of the message."""
        adapter = self.build_adapter()
        for message in self._refusable_messages():
            failure = adapter.check(message)
            if isinstance(failure, Failure):
                text = f"{failure!r} {failure.sentence()} {failure.detail}"
                name = f"the refusal of {message.content.kind} ({failure.path})"
                for leak in find_leaks(text, private_values(message)):
                    yield f"{name} shows `{leak}`"

    def _refusable_messages(self) -> Iterator[Message]:
        """Yield messages that most adapters refuse, for their content, recipient or a field."""
        plain = self.batch(1)[0]
        for content in samples.CONTENT.values():
            yield attrs.evolve(plain, content=content)
        yield attrs.evolve(plain, to="quite.private@example.test")
        yield attrs.evolve(
            plain, sender="+37255599999", callback_url="https://hooks.example.test/x"
        )

    def _readable_texts(self, adapter: Adapter[Any]) -> Iterator[tuple[str, str]]:
        """Yield every repr, error and log line of several sends, each with its name."""
        yield "the adapter's repr", f"{adapter!r} {adapter}"
        yield "the account's repr", f"{adapter.account!r} {adapter.account}"
        context = self.context(adapter)
        yield "the context's repr", f"{context!r} {context}"
        batch = self.batch(self.batch_size)
        rows = self.code_rows(self.send_levels)
        refusals = [self.refuse_all(batch, row.code, row.level) for row in rows]
        for said in (self.mixed_answers(batch), *refusals):
            with capture_logs() as lines:
                run = self.send(batch, self.responder(said), adapter=adapter)
            yield "a log line", "\n".join(lines)
            yield "an error", "\n".join(run.violations)
            for request in run.requests:
                yield "a request's repr", f"{request!r} {request}"
            for response in run.responses:
                yield "a response's repr", f"{response!r} {response}"
            for outcome in run.driven.value if run.driven is not None else ():
                yield "an outcome's repr", f"{outcome!r} {outcome}"
                if isinstance(outcome, Failed):
                    error = _ERROR_CLASSES[type(outcome)](outcome)
                    yield "an outcome's error", f"{error!r} {error}"


def _holds_a_secret(value: object) -> bool:
    return isinstance(value, Secret) or (
        isinstance(value, tuple) and any(isinstance(each, Secret) for each in value)
    )
