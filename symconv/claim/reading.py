"""Claims read from their JSON form; a fault names the part and the step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from symconv.claim.claim import Claim, Weight
from symconv.claim.steps import Step, rank_after, read_steps
from symconv.errors import ClaimError
from symconv.size.numbers import freeze
from symconv.size.text import SizeText, is_expression, names_in, read_condition


def read_claim(text: Mapping[str, Any]) -> Claim:
    """Read a claim from its JSON form.

    Raises:
        ClaimError: the text is ill-formed; the message names the claim, the part and the step.

    >>> read_claim({"name": "twice flipped", "input": {"channels": 1, "size": [5]},
    ...             "left": [{"op": "flip", "axes": [1]}, {"op": "flip", "axes": [1]}],
    ...             "right": []}).left[0]
    Flip(axes=(1,))
    """
    if not isinstance(text, Mapping):
        raise ClaimError(f"a claim must be an object, got {text!r}")
    name = text.get("name", "claim")
    try:
        return _read_claim(str(name), text)
    except ClaimError as fault:
        fault.within(f"claim {name!r}")
        raise


_PARTS = {"name", "input", "weights", "left", "right", "where", "comment", "source", "stated"}


def _read_claim(name: str, text: Mapping[str, Any]) -> Claim:
    if unknown := sorted(set(text) - _PARTS):
        raise ClaimError(
            f"unknown part {', '.join(unknown)}; parts are {', '.join(sorted(_PARTS))}"
        )
    if missing := sorted({"input", "left", "right"} - set(text)):
        raise ClaimError(f"it needs {', '.join(missing)}")
    channels, size = _read_input(text["input"])
    rank = 1 + len(size)
    return Claim(
        name,
        channels,
        size,
        _read_weights(text.get("weights", {})),
        _read_side("left", text["left"], rank),
        _read_side("right", text["right"], rank),
        _read_where(text.get("where", [])),
    )


def _read_where(conditions: Any) -> tuple[str, ...]:
    found = [conditions] if isinstance(conditions, str) else _list(conditions, "where")
    for condition in found:
        if not isinstance(condition, str):
            raise ClaimError(f"where must hold conditions such as 'H % 2 == 0', got {condition!r}")
        read_condition(condition)
    return tuple(found)


def _read_input(text: Any) -> tuple[int, tuple[SizeText, ...]]:
    if not isinstance(text, Mapping) or set(text) != {"channels", "size"}:
        raise ClaimError(f"input must be an object with channels and size, got {text!r}")
    channels, size = text["channels"], _list(text["size"], "input's size")
    if type(channels) is not int or channels < 1 or not size or not all(map(_is_size, size)):
        raise ClaimError(
            "input's channels and size must be integers of at least 1 (a size may be a name), "
            f"got {dict(text)}"
        )
    return channels, tuple(size)


def _is_size(value: Any) -> bool:
    return (type(value) is int and value >= 1) or (is_expression(value) and bool(names_in(value)))


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise ClaimError(f"{where} must be a list, got {value!r}")
    return list(value)


def _read_side(side: str, steps: Any, rank: int) -> tuple[Step, ...]:
    try:
        return read_steps(_list(steps, "the pipeline"), rank)
    except ClaimError as fault:
        fault.within(side)
        raise


def _read_weights(texts: Any) -> tuple[tuple[str, Weight], ...]:
    """All weights in the text's order; each is read after the one that it is made from."""
    if not isinstance(texts, Mapping):
        raise ClaimError(f"weights must be an object of named weights, got {texts!r}")
    read: dict[str, Weight] = {}
    ranks: dict[str, int | None] = {}
    for name in _sources_first(texts):
        source = texts[name].get("from") if isinstance(texts[name], Mapping) else None
        rank = ranks.get(source) if isinstance(source, str) else None
        try:
            read[name] = _read_weight(texts[name], rank)
        except ClaimError as fault:
            fault.within(f"weight {name!r}")
            raise
        shape = read[name].shape
        ranks[name] = rank_after(read[name].steps, rank if shape is None else len(shape))
    return tuple((name, read[name]) for name in texts)


def _sources_first(texts: Mapping[str, Any]) -> Iterator[str]:
    """The names of all weights, a source before what is made from it; a circle is cut somewhere."""
    seen: set[str] = set()
    for name in texts:
        chain, at = [], name
        while isinstance(at, str) and at in texts and at not in seen:
            seen.add(at)
            chain.append(at)
            at = texts[at].get("from") if isinstance(texts[at], Mapping) else ""
        yield from reversed(chain)


def _read_weight(text: Any, rank: int | None) -> Weight:
    """A weight from its JSON form; the one that it is made from has ``rank`` axes, if known."""
    keys = set(text) if isinstance(text, Mapping) else set()
    if keys == {"from", "steps"}:
        steps = read_steps(_list(text["steps"], "steps"), rank)
        return Weight(source=str(text["from"]), steps=steps)
    if "value" in keys and keys <= {"shape", "value"}:
        return _read_values(text)
    if not {"shape"} <= keys <= {"shape", "fill"}:
        raise ClaimError(
            "it must be {shape}, {shape, fill}, {value}, {shape, value} or {from, steps}, "
            f"got {text!r}"
        )
    return Weight(shape=_read_shape(text["shape"]), fill=_read_fill(text.get("fill")))


def _read_shape(shape: Any) -> tuple[SizeText, ...]:
    found = _list(shape, "shape")
    if not all(map(_is_size, found)):
        raise ClaimError(f"shape must hold integers of at least 1, got {found!r}")
    return tuple(found)


def _read_fill(fill: Any) -> Any:
    if isinstance(fill, list | tuple):
        raise ClaimError(f"fill must be one number, got {fill!r}; for one per entry write value")
    return fill


def _read_values(text: Mapping[str, Any]) -> Weight:
    """A constant weight whose entries are written out; the shape may be left out."""
    values = text["value"]
    if not isinstance(values, list | tuple):
        raise ClaimError(
            f"value must be nested lists, got {values!r}; for one number everywhere write fill"
        )
    return Weight(_read_shape(text["shape"]) if "shape" in text else None, freeze(values))
