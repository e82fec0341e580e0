"""Which options each kind of subject takes: what is asked is honoured or refused, never dropped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from symconv.errors import InputError

AT_A_SIZE = "a layer at a size"
FOR_ALL_SIZES = "a layer for all sizes"
NETWORK = "a network"
MATRIX_STRIDE = "a layer of matrix stride"
MODEL = "a model file"

TAKES: dict[str, frozenset[str]] = {
    AT_A_SIZE: frozenset({"input_size", "name", "config", "symbolic", "kernel", "keep", "engine"}),
    FOR_ALL_SIZES: frozenset({"input_size", "name", "config", "engine", "where"}),
    NETWORK: frozenset({"input_size", "name", "where"}),
    MODEL: frozenset({"input_size", "kernel", "keep", "where"}),
    MATRIX_STRIDE: frozenset({"input_size", "name", "config", "engine", "where", "kernel", "keep"}),
}
"""The kinds of subject by what they can honour."""

INSTEAD = {
    AT_A_SIZE: "leave it out",
    FOR_ALL_SIZES: "give an input_size, or leave it out",
    NETWORK: "prove one of its layers at a size, or leave it out",
    MATRIX_STRIDE: "leave it out",
    MODEL: "leave it out",
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


def chosen(options: Mapping[str, Any]) -> list[str]:
    """Names of the command line's options that were given, and not as their default.

    >>> chosen({"factor": 2, "residual_stride": 1, "order": "channel", "keep": None})
    ['--factor']
    """
    defaults = (None, False, 1, "channel")
    given = (n for n, value in options.items() if value is True or value not in defaults)
    return [f"--{name.replace('_', '-')}" for name in given]
