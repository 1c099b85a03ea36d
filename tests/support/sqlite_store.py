"""A store on an SQLite file, in the plainest form: it reads every message at every call."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from omnimsg import Handover, Tracked
from omnimsg.domain.serialization import from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from omnimsg import Names

T = TypeVar("T")
Row = tuple[int, Tracked]

_TABLES = """
create table if not exists messages (number integer primary key, value text);
create table if not exists handled (key text primary key, until text);
"""


class SqliteStore:
    """Keeps the contract of stores; its subclasses in `broken_stores` each break a rule of it.

    Args:
        path: The file, which other stores may share.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    async def find(self, names: Names) -> Tracked | None:
        """Return the state of a message."""
        return await self.transaction(lambda db: self.merged(self.found(self.rows(db), names)))

    async def update(self, names: Names, change: Callable[[Tracked | None], Tracked]) -> Tracked:
        """Change the state of a message."""

        def changed(db: sqlite3.Connection) -> Tracked:
            found = self.found(self.rows(db), names)
            new = change(self.merged(found))
            self.replace(db, found, new)
            return new

        return await self.transaction(changed)

    async def doubts(self) -> Sequence[Tracked]:
        """Return the messages that may have been sent, the oldest first."""
        rows = await self.transaction(self.rows)
        return sorted(
            (each for _, each in rows if each.handover.is_doubtful), key=lambda each: each.since
        )

    async def give_up(self, since: datetime) -> Sequence[Tracked]:
        """Give up the doubts of a time, and older ones."""

        def given_up(db: sqlite3.Connection) -> list[Tracked]:
            changed = []
            for number, each in self.rows(db):
                if each.handover is Handover.IN_DOUBT and each.since <= since:
                    new = attrs.evolve(each, handover=Handover.UNRESOLVED)
                    self.replace(db, [(number, each)], new)
                    changed.append(new)
            return changed

        return await self.transaction(given_up)

    async def is_handled(self, key: str) -> bool:
        """Return whether an event was handled before."""
        return await self.transaction(
            lambda db: bool(db.execute("select 1 from handled where key = ?", [key]).fetchall())
        )

    async def set_handled(self, key: str, at: datetime, until: datetime) -> None:
        """Remember that an event was handled."""

        def noted(db: sqlite3.Connection) -> None:
            db.execute("delete from handled where until < ?", [at.isoformat()])
            db.execute("insert or replace into handled values (?, ?)", [key, until.isoformat()])

        await self.transaction(noted)

    async def transaction(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do work with the file locked, in a thread; nothing of it stays if it raises."""
        return await asyncio.to_thread(self.done, work)

    def done(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do work with the file locked."""
        with closing(sqlite3.connect(self._path, isolation_level=None)) as db:
            db.executescript(_TABLES)
            db.execute("begin immediate")
            result = work(db)
            db.execute("commit")
            return result

    def rows(self, db: sqlite3.Connection) -> list[Row]:
        """Return all messages, in the order in which they were stored last."""
        return [
            (number, self.read(json.loads(value)))
            for number, value in db.execute("select number, value from messages order by number")
        ]

    def read(self, value: Any) -> Tracked:
        """Read what is kept of a message."""
        return from_json(Tracked, value)

    def found(self, rows: Sequence[Row], names: Names) -> list[Row]:
        """Return the messages that the names find."""
        by_id = [row for row in rows if not set(names.ids).isdisjoint(row[1].ids)]
        having = [
            row for row in rows if row[1].token == names.token is not None and row not in by_id
        ]
        known = [each for _, each in by_id]
        open_ones = [row for row in having if row[1].is_open and names.may_mean(row[1], known)]
        by_token = self.preferred(open_ones)[:1]
        if not by_token and not names.ids and not names.is_answer:
            by_token = having[-1:]
        return by_id + by_token

    def preferred(self, open_ones: Sequence[Row]) -> list[Row]:
        """Return messages that have a token, those that are certainly sent first."""
        return sorted(open_ones, key=lambda row: row[1].handover.is_doubtful)

    def merged(self, found: Sequence[Row]) -> Tracked | None:
        """Merge what was found."""
        known: Tracked | None = None
        for _, each in found:
            known = each if known is None else known.merged(each)
        return known

    def replace(self, db: sqlite3.Connection, found: Sequence[Row], new: Tracked) -> None:
        """Store a message in place of those that it was made of."""
        db.executemany("delete from messages where number = ?", [(number,) for number, _ in found])
        db.execute("insert into messages (value) values (?)", [json.dumps(to_json(new))])
