"""Caches hold what was used last, in as many bytes as they may."""

from __future__ import annotations

import random
from inspect import getclosurevars
from typing import Any

import numpy as np
import pytest

from symconv.layer import window as windows
from symconv.layer.window import Window
from symconv.machine.caches import ENTRY, Cache, cached, cached_in_bytes, forget


def test_a_cache_never_holds_more_than_its_bytes() -> None:
    known, rng = Cache[int](most=20 * ENTRY), random.Random(1)
    for key in range(2_000):
        known.put(rng.randrange(100), key, rng.randrange(3 * ENTRY))
        assert known.size <= known.most
    assert known.size == sum(size for _, size in known._held.values())


def test_what_was_used_last_stays() -> None:
    known = Cache[int](most=4 * ENTRY)
    for key in range(4):
        known.put(key, key, 0)
    assert known.get(0) == 0
    known.put(4, 4, 0)
    assert [known.get(key) for key in range(5)] == [0, None, 2, 3, 4]


def test_what_would_push_out_all_the_others_is_not_held() -> None:
    known = Cache[int](most=80 * ENTRY)
    known.put("large", 1, 41 * ENTRY)
    assert known.get("large") is None
    assert known.size == 0


def test_arguments_by_position_and_by_name_are_kept_apart() -> None:
    calls = []

    @cached_in_bytes(100_000, lambda value: 8)
    def pair(a: int, b: int = 0) -> tuple[int, int]:
        calls.append((a, b))
        return a, b

    assert [pair(1, 2), pair(1, b=2), pair(1), pair(1, 2)] == [(1, 2), (1, 2), (1, 0), (1, 2)]
    assert len(calls) == 3


def test_everything_can_be_forgotten() -> None:
    calls = []

    @cached(most=4)
    def square(n: int) -> int:
        calls.append(n)
        return n * n

    assert (square(3), square(3)) == (9, 9)
    forget()
    assert square(3) == 9
    assert calls == [3, 3]


def test_long_windows_do_not_fill_the_memory() -> None:
    """A thousand axes of 4 MB each were 4 GB, when entries were counted."""
    forget()
    for size in range(50_000, 50_016):
        Window(size, 11, lo=5, hi=5).table()
    held = getclosurevars(windows._access_table).nonlocals["known"]
    assert 2**20 < held.size <= 16 * 2**20


def test_a_planted_change_is_not_hidden_by_what_was_known(monkeypatch: pytest.MonkeyPatch) -> None:
    before = Window(9, 3, lo=1, hi=1).table()
    monkeypatch.setattr(windows, "boundary_index", lambda v, *rest: np.zeros_like(v))
    assert not np.array_equal(Window(9, 3, lo=1, hi=1).table(), before)
    monkeypatch.undo()
    assert np.array_equal(Window(9, 3, lo=1, hi=1).table(), before)


def test_what_has_no_hash_is_not_held() -> None:
    known = Cache[int](most=10_000)
    odd: Any = ("claim", {"ceil_mode": {}})
    known.put(odd, 1, size=1)
    assert known.get(odd) is None
    assert known.size == 0
