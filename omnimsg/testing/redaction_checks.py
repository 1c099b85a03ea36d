"""Checks that no secret, number or text is shown where somebody might read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.domain.errors import AmbiguousError, NotSentError, RejectedError, SendError
from omnimsg.domain.failure import Failure
from omnimsg.domain.outcome import Ambiguous, Failed, NotSent, Rejected
from omnimsg.testing import samples
from omnimsg.testing.harness import Harness, hold
from omnimsg.testing.leak_detection import credentials_of, leaks, logged, private_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omnimsg.adapter import Adapter
    from omnimsg.testing.scripted_answers import Said

_ERRORS: dict[type[Failed], type[SendError]] = {
    Rejected: RejectedError,
    NotSent: NotSentError,
    Ambiguous: AmbiguousError,
}


class RedactionChecks(Harness):
    """Reprs, errors and log lines are read by people who need not know."""

    def test_the_account_has_secrets_to_look_for(self) -> None:
        """The author's account holds credentials that the other checks can recognise."""
        adapter = self.build()
        known = credentials_of(adapter.account.settings, {})

        if adapter.authorization() and not known:
            hold([f"{self._name}.account has no Secret of 6 characters or more in its settings"])

    def test_no_secret_is_shown(self) -> None:
        """No repr, text, error or log line of anything that passes holds a credential."""
        adapter = self.build()
        secrets = credentials_of(adapter.account.settings, adapter.authorization())

        hold(
            [
                f"{name} shows {each}"
                for name, text in self._shown(adapter)
                for each in leaks(text, secrets)
            ]
        )

    def test_no_number_and_no_text_is_shown(self) -> None:
        """No repr, error or log line holds a full number or the words of a message."""
        adapter = self.build()
        private: dict[str, str] = {}
        for each in self.batch(self.several):
            private |= private_words(each)

        hold(
            [
                f"{name} shows `{each}`"
                for name, text in self._shown(adapter)
                for each in leaks(text, private)
            ]
        )

    def test_refusals_before_sending_show_nothing(self) -> None:
        """What `check` says names the field, never what stood in it."""
        adapter = self.build()
        broken: list[str] = []
        for message in self._refused(adapter):
            failure = adapter.check(message)
            private = private_words(message)
            if isinstance(failure, Failure):
                broken += [
                    f"the refusal of {message.content.kind} ({failure.path}) shows `{each}`"
                    for each in leaks(f"{failure!r} {failure.sentence()} {failure.detail}", private)
                ]
        hold(broken)

    def _refused(self, adapter: Adapter[Any]) -> Iterator[Any]:
        base = self.batch(1)[0]
        for content in samples.PLAIN.values():
            yield attrs.evolve(base, content=content)
        yield attrs.evolve(base, to="quite.private@example.test")
        yield attrs.evolve(base, sender="+37255599999", callback_url="https://hooks.example.test/x")

    def _shown(self, adapter: Adapter[Any]) -> Iterator[tuple[str, str]]:
        """Yield every text that somebody might read of a send, by name."""
        batch = self.batch(self.several)
        context = self.context(adapter)
        whole: list[list[Said]] = [
            [self.refuse(each, row.code, row.level) for each in batch]
            for row in self.rows(self.request_levels | self.message_levels)
        ]
        things: dict[str, object] = {
            "adapter": adapter,
            "account": adapter.account,
            "context": context,
        }
        for name, thing in things.items():
            yield f"the {name}'s repr", f"{thing!r} {thing}"
        answers: list[list[Said]] = [self.said_variously(batch), *whole]
        for said in answers:
            with logged() as lines:
                run = self.send(batch, self.tell(said), adapter=adapter)
            yield "a log line", "\n".join(lines)
            yield "an error", "\n".join(run.broken)
            if run.driven is None:
                continue
            for request in run.driven.requests:
                yield "a request's repr", f"{request!r} {request}"
            for response in run.driven.responses:
                yield "a response's repr", f"{response!r} {response}"
            for outcome in run.driven.value:
                yield "an outcome's repr", f"{outcome!r} {outcome}"
                if isinstance(outcome, Failed):
                    error = _ERRORS[type(outcome)](outcome)
                    yield "an outcome's error", f"{error!r} {error}"
