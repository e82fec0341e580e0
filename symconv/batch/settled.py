"""From an item to its finished line, whatever comes of it."""

from __future__ import annotations

import json

from symconv.batch.items import Done, Item, Row, Work


def settled(work: Work, item: Item) -> Done:
    """The line of an item: its row as JSON, with what was asked where that is anything."""
    row = work.row(item)
    try:
        return done(work, row)
    except (TypeError, ValueError) as fault:
        return done(work, work.lost(item, "error", f"its result cannot be written: {fault}"))


def done(work: Work, row: Row) -> Done:
    """A row as a line.

    Raises:
        TypeError: it is not plain data.
    """
    asked = {"asked": dict(work.asked)} if work.asked else {}
    line = json.dumps({**row, **asked}) + "\n"
    return Done(line.encode(), str(row["verdict"]), bool(row.get("internal")))


def lost(work: Work, item: Item, verdict: str, why: str) -> Done:
    """The line of an item whose worker ended in the middle of it."""
    return done(work, work.lost(item, verdict, why))
