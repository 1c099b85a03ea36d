"""The observer that logs events for operators, without numbers, texts or secrets."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import attrs

from omnimsg.domain.log_fields import log_fields
from omnimsg.engine.leg_events import LegState
from omnimsg.engine.observers import Observer

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.engine.leg_events import LegChanged
    from omnimsg.engine.observers import CircuitChanged, Paused, RetryEvent

log: logging.Logger = logging.getLogger("omnimsg.engine")

# A shorter pause than this, in seconds, is everyday rate limiting.
_MIN_LOGGED_PAUSE = 1.0


class LogObserver(Observer):
    """Logs open circuits, pauses, retries, and people who were reached twice by fallback legs.

    Args:
        provider_of: Returns the provider of an account, by its name; `None` where it is unknown.
        on_retry: Called for each retry, in place of the log.
    """

    def __init__(
        self,
        provider_of: Callable[[str], str | None],
        on_retry: Callable[[RetryEvent], None] | None = None,
    ) -> None:
        self._provider_of = provider_of
        self._on_retry = on_retry

    def circuit_changed(self, event: CircuitChanged) -> None:
        """Warn when messages are held back, and when they no longer are."""
        if event.failure is None:
            log.warning(
                "sending through %s has resumed",
                event.subject,
                extra=log_fields(
                    account=event.account,
                    provider=self._provider_of(event.account),
                    subject=event.subject,
                ),
            )
            return
        # Without the detail and the path, which are about one message.
        sentence = attrs.evolve(event.failure, detail="", path=None).sentence()
        log.warning(
            "sending through %s is suspended: %s; one batch tries again every %g s",
            event.subject,
            sentence,
            event.probe_every,
            extra=log_fields(
                account=event.account,
                provider=self._provider_of(event.account),
                subject=event.subject,
                reason=event.failure.reason.value,
                code=event.failure.code,
                http_status=event.failure.http_status,
                request_id=event.failure.request_id,
                wait=event.probe_every,
            ),
        )

    def paused(self, event: Paused) -> None:
        """Warn of a pause of a second or more."""
        if event.seconds >= _MIN_LOGGED_PAUSE:
            log.warning(
                "the provider asked account %r to wait: nothing is sent for %g s",
                event.account,
                event.seconds,
                extra=log_fields(
                    account=event.account,
                    provider=self._provider_of(event.account),
                    wait=event.seconds,
                ),
            )

    def leg_changed(self, event: LegChanged) -> None:
        """Warn that two legs of a message were delivered."""
        if event.state is LegState.REACHED_TWICE:
            log.warning(
                "a message reached its recipient twice: leg %d through account %r was delivered,"
                " and another of its legs too",
                event.leg,
                event.account,
                extra=log_fields(
                    account=event.account,
                    provider=self._provider_of(event.account),
                    reference=event.reference,
                    leg=event.leg,
                ),
            )

    def retry_scheduled(self, event: RetryEvent) -> None:
        """Log a retry at INFO, and a warning where somebody may get a message twice."""
        if self._on_retry is not None:
            self._on_retry(event)
            return
        if not event.doubtful and not log.isEnabledFor(logging.INFO):
            # Masking the references of a batch takes time.
            return
        if event.is_look_up:
            log.info(
                "%d messages through account %r may have been sent; they are looked up again in"
                " %.2f s",
                len(event.references),
                event.account,
                event.wait,
                extra=log_fields(
                    account=event.account,
                    provider=self._provider_of(event.account),
                    references=[*event.references],
                    count=len(event.references),
                    attempt=event.attempt,
                    attempts=event.attempts,
                    wait=event.wait,
                    reason=event.failure.reason.value,
                ),
            )
            return
        log.info(
            "trying again through account %r in %.2f s, attempt %d of %d, messages %d: %s, code %r,"
            " HTTP %s",
            event.account,
            event.wait,
            event.attempt,
            event.attempts,
            len(event.references),
            event.failure.reason.value,
            event.failure.code,
            event.failure.http_status,
            extra=log_fields(
                account=event.account,
                provider=self._provider_of(event.account),
                references=[*event.references],
                count=len(event.references) or 1,
                attempt=event.attempt,
                attempts=event.attempts,
                wait=event.wait,
                reason=event.failure.reason.value,
                code=event.failure.code,
                http_status=event.failure.http_status,
                request_id=event.failure.request_id,
            ),
        )
        if event.doubtful:
            log.warning(
                "%d messages that may have been sent through account %r are sent again",
                len(event.doubtful),
                event.account,
                extra=log_fields(
                    account=event.account,
                    provider=self._provider_of(event.account),
                    references=[*event.doubtful],
                    count=len(event.doubtful),
                ),
            )
