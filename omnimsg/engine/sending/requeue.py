"""Put batches back into the queue, or end them once the account is closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.engine.sending.batch import Batch
    from omnimsg.engine.sending.local_outcomes import LocalOutcomes
    from omnimsg.engine.sending.queue import Queue
    from omnimsg.engine.sending.wakeup import Wakeup


class Requeue:
    """Puts batches back into the queue of an account.

    Args:
        queue: The queue.
        local: Builds the outcomes of batches that cannot go back.
        wakeup: Wakes the scheduler when a batch is back.
    """

    def __init__(self, queue: Queue, local: LocalOutcomes, wakeup: Wakeup) -> None:
        self._queue = queue
        self._local = local
        self._wakeup = wakeup
        self._closed = False

    def put_back(self, batches: Sequence[Batch]) -> None:
        """Add batches of one priority in front of the queue, so that they pass the limits again."""
        if self._closed:
            for batch in batches:
                self.give_up(batch)
            return
        self._queue.put_back(batches)
        self._wakeup.soon()

    def give_up(self, batch: Batch) -> None:
        """End a batch because the client is closed."""
        batch.finish_all([self._local.client_closed(each) for each in batch.messages])

    def close(self) -> None:
        """End every batch that comes back from now on."""
        self._closed = True
