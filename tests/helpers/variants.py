"""Documents with one wrong value: what a damaged or a hostile file may hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

VALUES: list[Any] = [None, True, -1, 0, 2**70, 1.5, "", "same", [], [0], [1, 2, 3], {}, {"name": 3}]


def variants(value: Any) -> Iterator[Any]:
    """The object with one of its values, at whatever depth, replaced."""
    yield from VALUES
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from ({**value, key: other} for other in variants(inner))
            yield {name: entry for name, entry in value.items() if name != key}
    if isinstance(value, list):
        for place, inner in enumerate(value):
            yield from ([*value[:place], o, *value[place + 1 :]] for o in variants(inner))
