"""A claim's text, read strictly: its parts, its weights, and its sizes as numbers.

Nothing is guessed: an unknown part or attribute is refused, and so is a value of another kind.
Its steps are read in `symconv.recheck.steps`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from symconv.errors import ClaimError, TooLarge
from symconv.recheck.expressions import WORDS, is_condition, names_of, value_of
from symconv.recheck.ops import every_step
from symconv.recheck.steps import read_steps
from symconv.recheck.text import finite

Text = dict[str, Any]
SIZED = ("padding", "slices", "output_padding", "start", "size")
"""Attributes that may hold expressions in named sizes."""


def read_claim(text: Any) -> Text:
    """The claim with every attribute of its steps spelt out.

    Raises:
        ClaimError: a part is missing, unknown, or of the wrong kind.
    """
    need = {"name", "input", "weights", "left", "right"}
    if not isinstance(text, Mapping) or not need <= set(text) | {"name", "weights"}:
        raise ClaimError(f"a claim needs {', '.join(sorted(need))}")
    if unknown := set(text) - need - {"where"}:
        raise ClaimError(
            f"a certificate's claim has no part {', '.join(sorted(map(str, unknown)))}"
        )
    name, weights = text.get("name", "claim"), text.get("weights", {})
    if not isinstance(name, str) or not isinstance(weights, Mapping):
        raise ClaimError("a claim's name must be a text, and its weights an object")
    claim = {
        "name": name,
        "input": _input(text["input"]),
        "weights": {key: _weight(key, weight) for key, weight in weights.items()},
        "left": read_steps(text["left"]),
        "right": read_steps(text["right"]),
        "where": _conditions(text.get("where", [])),
    }
    _check_names(claim)
    _check_sized(claim)
    return claim


def _check_sized(claim: Text) -> None:
    """Refuse a number that is written as a text: an expression has a name, or operations."""
    named = bool(names(claim))
    for step in all_steps(claim):
        for value in (leaf for key in SIZED for leaf in leaves(step.get(key))):
            if isinstance(value, str) and value not in WORDS and (not named or is_number(value)):
                raise ClaimError(f"{step['op']}: expected an integer, got {value!r:.80}")


def is_number(text: str) -> bool:
    """Whether a text holds an integer alone."""
    return text.strip().lstrip("-+").isdecimal()


def _input(text: Any) -> Text:
    if not isinstance(text, Mapping) or set(text) != {"channels", "size"}:
        raise ClaimError(f"input must hold channels and size, got {text!r:.80}")
    if type(text["channels"]) is not int or text["channels"] < 1:
        raise ClaimError(f"channels must be an integer of at least 1, got {text['channels']!r:.80}")
    size = _sizes(text["size"], "input's size")
    if not size:
        raise ClaimError("the input needs a spatial axis")
    return {"channels": text["channels"], "size": size}


def _sizes(values: Any, what: str) -> list[Any]:
    if not isinstance(values, list) or not all(map(_is_size, values)):
        raise ClaimError(
            f"{what} must hold integers of at least 1, or expressions in names, got {values!r:.80}"
        )
    return list(values)


def _is_size(value: Any) -> bool:
    if isinstance(value, str):
        return value not in WORDS and bool(names_of(value)) and not is_condition(value)
    return type(value) is int and value >= 1


def _weight(name: str, text: Any) -> Text:
    where = f"weight {name!r}"
    if isinstance(text, Mapping) and set(text) == {"from", "steps"}:
        if not isinstance(text["from"], str):
            raise ClaimError(f"{where} must be from a weight's name, got {text['from']!r:.80}")
        return {"from": text["from"], "steps": read_steps(text["steps"])}
    if isinstance(text, Mapping) and {"value"} <= set(text) <= {"shape", "value"}:
        return _written(where, text)
    if not isinstance(text, Mapping) or not {"shape"} <= set(text) <= {"shape", "fill"}:
        raise ClaimError(
            f"{where} must be {{shape}}, {{shape, fill}}, {{shape, value}} or {{from, steps}}"
        )
    return {**text, "shape": _sizes(text["shape"], f"{where}: shape")}


def _written(where: str, text: Mapping[str, Any]) -> Text:
    """A weight whose entries are written out, with their shape."""
    shape: list[int] = []
    entries: list[Any] = [text["value"]]
    while isinstance(entries[0], list) and entries[0]:
        shape.append(len(entries[0]))
        if not all(isinstance(part, list) and len(part) == shape[-1] for part in entries):
            raise ClaimError(f"{where}: its value must be nested lists of one shape")
        entries = [entry for part in entries for entry in part]
    if not shape or repr(text.get("shape", shape)) != repr(shape):
        raise ClaimError(f"{where}: its value has the shape {shape}, not {text.get('shape')!r:.80}")
    for entry in entries:
        finite(entry)
    return {"shape": shape, "value": text["value"]}


def _conditions(text: Any) -> list[str]:
    found = [text] if isinstance(text, str) else text
    if not isinstance(found, list) or not all(isinstance(c, str) for c in found):
        raise ClaimError(f"where must hold conditions, got {text!r:.80}")
    if numbers := [c for c in found if not is_condition(c)]:
        raise ClaimError(f"where: {numbers[0]!r} is a number, not a condition")
    return list(found)


def all_steps(claim: Text) -> Iterator[Text]:
    """All steps of a claim, those that make its weights among them."""
    weights = [weight["steps"] for weight in claim["weights"].values() if "steps" in weight]
    for steps in (claim["left"], claim["right"], *weights):
        yield from every_step(steps)


def names(claim: Text) -> list[str]:
    """The named sizes of a claim, each once: the input's first."""
    shapes = [n for weight in claim["weights"].values() for n in weight.get("shape", ())]
    found = [name for text in (*claim["input"]["size"], *shapes) for name in names_of(text)]
    for step in all_steps(claim):
        found += [n for key in SIZED for leaf in leaves(step.get(key)) for n in names_of(leaf)]
    for step in all_steps(claim):
        found += [n for leaf in leaves(step.get("counts")) for n in names_of(leaf) if n != "i"]
    return list(dict.fromkeys(found))


def leaves(value: Any) -> Iterator[Any]:
    """Everything in lists of lists."""
    if isinstance(value, list):
        for part in value:
            yield from leaves(part)
    else:
        yield value


def _check_names(claim: Text) -> None:
    known = names(claim)
    if unknown := [n for text in claim["where"] for n in names_of(text) if n not in known]:
        raise ClaimError(f"where speaks of {unknown[0]!r}, which no size or pad names")
    if "i" in known and any(step["op"] == "divide" for step in all_steps(claim)):
        raise ClaimError("a size cannot be named 'i' beside divide, where 'i' is the position")


def at(claim: Text, sizes: Mapping[str, int]) -> Text:
    """The claim with numbers for its names.

    Raises:
        ClaimError: a condition of ``where`` is false there, or a size is below 1.
    """
    for condition in claim["where"]:
        if not value_of(condition, sizes):
            raise ClaimError(f"the claim is where {condition}, which is false at {dict(sizes)}")
    weights = {name: _weight_at(name, weight, sizes) for name, weight in claim["weights"].items()}
    size = [value_of(n, sizes) for n in claim["input"]["size"]]
    _require_sizes(size, "input")
    left, right = ([_step_at(s, sizes) for s in claim[side]] for side in ("left", "right"))
    held = {"where": [], "input": {**claim["input"], "size": size}, "weights": weights}
    return {**claim, **held, "left": left, "right": right}


def _weight_at(name: str, weight: Text, sizes: Mapping[str, int]) -> Text:
    if "from" in weight:
        return {**weight, "steps": [_step_at(step, sizes) for step in weight["steps"]]}
    shape = [value_of(n, sizes) for n in weight["shape"]]
    _require_sizes(shape, f"weight {name!r}")
    return {**weight, "shape": shape}


def _require_sizes(sizes: list[int], what: str) -> None:
    if any(n < 1 for n in sizes):
        raise ClaimError(f"{what}: every size must be at least 1, got {sizes}")


def _step_at(step: Text, sizes: Mapping[str, int]) -> Text:
    if step["op"] == "divide":
        return {"op": "scale", "factors": [_shares(entry, sizes) for entry in step["counts"]]}
    if "branches" in step:
        inner = [[_step_at(s, sizes) for s in branch] for branch in step["branches"]]
        return {**step, "branches": inner}
    if step["op"] == "rearrange":
        return step
    if step["op"] == "slice":
        _require_front(step["slices"], sizes)
    return {key: _value_at(value, sizes) if key in SIZED else value for key, value in step.items()}


def _require_front(slices: Any, sizes: Mapping[str, int]) -> None:
    """Named ends count from the front."""
    for text in leaves(slices):
        if isinstance(text, str) and value_of(text, sizes) < 0:
            raise ClaimError(f"slice: the named end {text!r} is negative at {dict(sizes)}")


def _value_at(value: Any, sizes: Mapping[str, int]) -> Any:
    if isinstance(value, list):
        return [_value_at(part, sizes) for part in value]
    named = isinstance(value, str) and value not in WORDS
    return value_of(value, sizes) if named else value


MOST_SHARES = 100_000
"""Positions of a divided axis; their counts are worked out in about a second."""


def _shares(entry: Any, sizes: Mapping[str, int]) -> list[str] | None:
    """What a count divides each position of an axis by, as factors."""
    if entry is None:
        return None
    if not isinstance(entry, list) or len(entry) != 2:
        raise ClaimError(f"divide needs [count, size] or null for each axis, got {entry!r:.80}")
    if (size := value_of(entry[1], sizes)) > MOST_SHARES:
        raise TooLarge(f"divide: an axis of {size} positions is too long to be rechecked")
    counts = [value_of(entry[0], {**sizes, "i": i}) for i in range(size)]
    if any(n < 1 for n in counts):
        raise ClaimError(f"divide: the count {entry[0]!r:.80} must be at least 1")
    return [f"1/{n}" for n in counts]
