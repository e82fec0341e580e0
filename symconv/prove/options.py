"""Which options each kind of subject takes: what is asked is honoured or refused, never dropped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from symconv.errors import InputError
from symconv.layer.base import entries
from symconv.size.expr import Extent
from symconv.size.numbers import freeze

AT_A_SIZE = "a layer at a size"
FOR_ALL_SIZES = "a layer for all sizes"
NETWORK = "a network"
MATRIX_STRIDE = "a layer of matrix stride"

TAKES: dict[str, frozenset[str]] = {
    AT_A_SIZE: frozenset({"input_size", "name", "config", "symbolic", "kernel", "keep", "engine"}),
    FOR_ALL_SIZES: frozenset({"input_size", "name", "config", "engine", "where"}),
    NETWORK: frozenset({"input_size", "name", "where"}),
    MATRIX_STRIDE: frozenset({"input_size", "name", "config", "engine", "where", "kernel", "keep"}),
}
"""The kinds of subject by what they can honour."""

INSTEAD = {
    AT_A_SIZE: "leave it out",
    FOR_ALL_SIZES: "give an input_size, or leave it out",
    NETWORK: "prove one of its layers at a size, or leave it out",
    MATRIX_STRIDE: "leave it out",
}


def refuse_others(kind: str, **given: Any) -> None:
    """Refuse the options that a kind of subject does not take; None and False are not given.

    Raises:
        InputError: one is given; the message names it.

    >>> refuse_others(NETWORK, name="net", kernel=False)
    >>> refuse_others(FOR_ALL_SIZES, kernel=True)
    Traceback (most recent call last):
    symconv.errors.InputError: a layer for all sizes does not take kernel; give an input_size, \
or leave it out
    """
    asked = [name for name, value in given.items() if value is not None and value is not False]
    if other := [name for name in asked if name not in TAKES[kind]]:
        raise InputError(f"{kind} does not take {', '.join(other)}; {INSTEAD[kind]}")


def require_size(own: tuple[Extent, ...], asked: Any, what: str) -> None:
    """Refuse an input size that is not the one which a subject was made for.

    Raises:
        InputError: they differ.
    """
    if asked is None:
        return
    found, size = list(freeze(own)), list(freeze(entries(asked)))
    if size != found:
        raise InputError(f"{what} is for input_size={found}, got {size}; make one of that size")


def chosen(options: Mapping[str, Any]) -> list[str]:
    """Names of the command line's options that were given, and not as their default.

    >>> chosen({"factor": 2, "residual_stride": 1, "order": "channel", "keep": None})
    ['--factor']
    """
    defaults = (None, False, 1, "channel")
    given = (n for n, value in options.items() if value is True or value not in defaults)
    return [f"--{name.replace('_', '-')}" for name in given]
