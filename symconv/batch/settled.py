"""From an item to its finished line, whatever comes of it."""

from __future__ import annotations

import json
import os

from symconv.batch.items import Done, Item, Row, Work
from symconv.errors import named_fault


def settled(work: Work, item: Item) -> Done:
    """The line of an item: its row as JSON, with what was asked where that is anything.

    Work of a user's may fork this process and return in both.  The copy ends here, before it
    answers on the connection that it shares, or writes to the same file.
    """
    process = os.getpid()
    try:
        return _written(work, item)
    finally:
        if os.getpid() != process:
            os._exit(0)


def settled_apart(work: Work, item: Item) -> Done:
    """The same in a worker, where Ctrl-C is the parent's: whatever is raised is the item's fault.

    It stays here, as it may not be fit to travel.
    """
    try:
        return settled(work, item)
    except BaseException as fault:  # noqa: BLE001 - one item of many stops none of the others
        return lost(work, item, "error", named_fault(fault))


def _written(work: Work, item: Item) -> Done:
    row = work.row(item)
    try:
        return done(work, item, row)
    except (TypeError, ValueError) as fault:
        return lost(work, item, "error", f"its result cannot be written: {fault}")


def done(work: Work, item: Item, row: Row) -> Done:
    """A row as a line.

    Raises:
        TypeError: it is not plain data.
    """
    asked = {"asked": dict(work.asked)} if work.asked else {}
    line = json.dumps({**row, **asked}) + "\n"
    return Done(item.index, line.encode(), str(row["verdict"]), bool(row.get("internal")))


def lost(work: Work, item: Item, verdict: str, why: str) -> Done:
    """The line of an item whose worker ended in the middle of it."""
    return done(work, item, work.lost(item, verdict, why))
