"""Caches bounded by what they hold in bytes, and not by how many things that is.

A thousand access tables may be a megabyte or ten gigabytes.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import suppress
from functools import lru_cache, wraps
from typing import Any, Generic, ParamSpec, TypeVar, cast

Value = TypeVar("Value")
Arguments = ParamSpec("Arguments")

_FORGET: list[Callable[[], None]] = []

ENTRY = 500
"""Bytes of a key and its place in a cache, about."""


class Cache(Generic[Value]):
    """The values that were used last, together no larger than so many bytes.

    >>> known = Cache[str](most=2_000)
    >>> for name in "abc":
    ...     known.put(name, name.upper(), size=500)
    >>> known.get("a"), known.get("c"), known.size
    (None, 'C', 2000)
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.size = 0
        self._held: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()
        _FORGET.append(self.clear)

    def get(self, key: Hashable) -> Value | None:
        """The value of a key, or None."""
        try:
            found = self._held.get(key)
        except TypeError:  # it has no hash
            return None
        if found is None:
            return None
        with suppress(KeyError):  # another thread has just made room
            self._held.move_to_end(key)
        return found[0]

    def put(self, key: Hashable, value: Value, size: int) -> None:
        """Hold a value of so many bytes; those that were used longest ago make room for it.

        What is larger than half of the whole is not held: it would push out nearly all the others.
        Nor is what has no hash, as a claim has none with a list or a dictionary for an attribute.
        """
        size += ENTRY
        if size > self.most // 2 + ENTRY or not _is_hashable(key) or key in self._held:
            return
        self._held[key] = value, size
        self.size += size
        while self.size > self.most:
            _, (_, gone) = self._held.popitem(last=False)
            self.size -= gone

    def clear(self) -> None:
        """Forget everything."""
        self._held.clear()
        self.size = 0


def bytes_of_key(key: object) -> int:
    """About how many bytes a key of plain values takes: ten for each character of its text."""
    return 10 * len(repr(key))


def _is_hashable(key: Hashable) -> bool:
    try:
        hash(key)
    except TypeError:
        return False
    return True


def forget() -> None:
    """Empty every cache of this process, as whoever changes what was computed must."""
    for clear in _FORGET:
        clear()


def cached(most: int) -> Callable[[Callable[Arguments, Value]], Callable[Arguments, Value]]:
    """Remember so many small results of a function of hashable arguments.

    >>> @cached(most=8)
    ... def square(n):
    ...     print("called")
    ...     return n * n
    >>> square(3) == square(3)
    called
    True
    """

    def remembering(function: Callable[Arguments, Value]) -> Callable[Arguments, Value]:
        known: Any = lru_cache(maxsize=most)(function)
        _FORGET.append(known.cache_clear)
        return cast(Callable[Arguments, Value], known)

    return remembering


def cached_in_bytes(
    most: int, size_of: Callable[[Any], int]
) -> Callable[[Callable[Arguments, Value]], Callable[Arguments, Value]]:
    """Remember what a function of hashable arguments returned, in so many bytes.

    ``size_of`` is the size of a returned value, which must not be None.

    >>> @cached_in_bytes(10_000, len)
    ... def doubled(text):
    ...     print("called")
    ...     return text + text
    >>> doubled("ab") == doubled("ab")
    called
    True
    """

    def remembering(function: Callable[Arguments, Value]) -> Callable[Arguments, Value]:
        known = Cache[Value](most)

        @wraps(function)
        def looked_up(*args: Arguments.args, **named: Arguments.kwargs) -> Value:
            key = (args, *sorted(named.items())) if named else args
            found = known.get(key)
            if found is None:
                found = function(*args, **named)
                known.put(key, found, size_of(found))
            return found

        return looked_up

    return remembering
