"""A claim's text, read strictly: its parts, its steps' attributes, and its sizes as numbers.

Nothing is guessed: an unknown part or attribute is refused, and so is a value of another kind.
What a step does to a shape, and whether it may, is in `symconv.recheck.shapes`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from symconv.errors import ClaimError, TooLarge
from symconv.recheck.expressions import WORDS, is_condition, names_of, value_of
from symconv.recheck.text import finite

Text = dict[str, Any]
_NEEDED = object()
ATTRIBUTES: dict[str, dict[str, Any]] = {
    "pad": {"padding": _NEEDED, "mode": "zeros", "value": 0},
    "slice": {"slices": _NEEDED},
    "flip": {"axes": _NEEDED},
    "dilate": {"dilation": _NEEDED},
    "tile": {"repeats": _NEEDED},
    "transpose": {"axes": _NEEDED},
    "conv": {"weight": _NEEDED, "stride": 1, "padding": 0, "dilation": 1, "groups": 1,
             "bias": None, "padding_mode": "zeros", "padding_value": 0},
    "conv_transpose": {"weight": _NEEDED, "stride": 1, "padding": 0, "output_padding": 0,
                       "dilation": 1, "groups": 1, "bias": None},
    "conv_as_kernel": {"weight": _NEEDED, "stride": 1, "padding": 0, "dilation": 1},
    "max_conv": {"weight": _NEEDED, "stride": 1, "padding": 0, "dilation": 1, "groups": 1},
    "max_pool": {"kernel_size": _NEEDED, "stride": None, "padding": 0, "dilation": 1,
                 "ceil_mode": False, "legality": "torch"},
    "avg_pool": {"kernel_size": _NEEDED, "stride": None, "padding": 0, "ceil_mode": False,
                 "count_include_pad": True, "legality": "torch", "dilation": 1,
                 "divisor_override": None},
    "adaptive_max_pool": {"output_size": _NEEDED},
    "adaptive_avg_pool": {"output_size": _NEEDED},
    "repeat": {"axis": _NEEDED, "count": _NEEDED},
    "clip": {"min": None, "max": None},
    "scale": {"factors": None, "factor": None},
    "divide": {"counts": _NEEDED},
    "mask": {"keep": _NEEDED},
    "split": {"sizes": _NEEDED, "part": _NEEDED, "axis": 0},
    "pointwise": {"function": _NEEDED},
    "add": {"branches": _NEEDED},
    "subtract": {"branches": _NEEDED},
    "concat": {"branches": _NEEDED, "axis": 0},
}  # fmt: skip
"""What each step may hold, with its defaults; ``rearrange`` holds a pattern and any sizes."""

FUNCTIONS = {
    "elu", "gelu", "hardsigmoid", "hardswish", "identity", "leaky_relu", "mish", "relu", "relu6",
    "selu", "sigmoid", "silu", "softplus", "tanh",
}  # fmt: skip
"""Functions that may stand as a step by their name alone."""

SIZED = ("padding", "slices", "output_padding")
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


def read_steps(steps: Any) -> list[Text]:
    """A pipeline with every attribute spelt out.

    Raises:
        ClaimError: a step or an attribute is unknown, or one is missing.
    """
    if not isinstance(steps, list):
        raise ClaimError(f"a pipeline must be a list of steps, got {steps!r:.80}")
    return [_step(step) for step in steps]


def _step(step: Any) -> Text:
    if not isinstance(step, Mapping) or not isinstance(op := step.get("op"), str):
        raise ClaimError(f"a step must be an object with an op, got {step!r:.80}")
    if op in FUNCTIONS and set(step) == {"op"}:
        return {"op": "pointwise", "function": op}
    if op == "rearrange":
        return _rearrange(step)
    if op not in ATTRIBUTES:
        raise ClaimError(f"there is no step {op!r:.80}")
    found = _spelt_out(step, ATTRIBUTES[op])
    if op == "clip":
        return {"op": "pointwise", "function": clip_name(found["min"], found["max"])}
    if op == "scale":
        found = _one_scale(found)
    _check_kinds(found)
    _check_legality(step)
    if "branches" in found:
        found["branches"] = [read_steps(branch) for branch in found["branches"]]
    return found


def _spelt_out(step: Mapping[str, Any], known: Text) -> Text:
    """The step with its defaults; a function's name may also stand under ``name``."""
    given = dict(step)
    if step["op"] == "pointwise" and "name" in given and "function" not in given:
        given["function"] = given.pop("name")
    if unknown := set(given) - {"op", *known}:
        raise ClaimError(f"{step['op']} has no attribute {', '.join(map(repr, sorted(unknown)))}")
    found = {**known, **given}
    if missing := [name for name, value in found.items() if value is _NEEDED]:
        raise ClaimError(f"{step['op']} needs {', '.join(missing)}")
    return found


def clip_name(low: Any, high: Any) -> str:
    """The name of the function that keeps values between two bounds; equal ones have one name.

    Raises:
        ClaimError: there is no bound, one is not a finite number, or they cross.

    >>> clip_name("-1/2", None), clip_name(0, 6.0)
    ('clip(-1/2, inf)', 'relu6')
    """
    ends = [None if end is None else finite(end) for end in (low, high)]
    if ends == [None, None] or (None not in ends and ends[0] > ends[1]):  # type: ignore[operator]
        raise ClaimError(f"clip needs min, max, or both, and min <= max, got {low!r}, {high!r}")
    if ends[0] == 0 and ends[1] in (None, 6):
        return "relu" if ends[1] is None else "relu6"
    words = ["-inf" if ends[0] is None else ends[0], "inf" if ends[1] is None else ends[1]]
    return f"clip({words[0]}, {words[1]})"


def is_clip(function: str) -> bool:
    """Whether a function's name is that of a clip, as `clip_name` writes it."""
    ends = function.removeprefix("clip(").removesuffix(")").split(", ")
    low, high = (None if "inf" in end else end for end in (ends[0], ends[-1]))
    try:
        return len(ends) == 2 and clip_name(low, high) == function
    except ClaimError:
        return False


def _one_scale(step: Text) -> Text:
    """A scale with its factors, or with its one factor."""
    given = {key: value for key, value in step.items() if value is not None}
    if len(given) != 2:
        raise ClaimError("scale needs factors for each axis, or one factor")
    return given


def _check_legality(step: Mapping[str, Any]) -> None:
    """Refuse what PyTorch's poolings do not have, unless ONNX's are asked for."""
    legality = step.get("legality", "torch")
    if legality not in ("torch", "onnx"):
        raise ClaimError(f"legality must be 'torch' or 'onnx', got {legality!r:.80}")
    plain = step.get("dilation", 1) == 1 and step.get("divisor_override") is None
    if step["op"] == "avg_pool" and legality == "torch" and not plain:
        raise ClaimError("PyTorch's avg_pool has no dilation and no divisor_override")


def _rearrange(step: Mapping[str, Any]) -> Text:
    if not isinstance(step.get("pattern"), str):
        raise ClaimError(f"rearrange needs a pattern, got {step.get('pattern')!r:.80}")
    for name, size in step.items():
        if name not in ("op", "pattern") and (type(size) is not int or size < 1):
            raise ClaimError(
                f"rearrange: {name} must be an integer of at least 1, got {size!r:.80}"
            )
    return dict(step)


def _check_kinds(step: Text) -> None:
    """Texts, truth values and lists are what they must be; numbers are checked with the shapes."""
    kinds: dict[str, type] = {
        "weight": str, "mode": str, "padding_mode": str, "function": str, "ceil_mode": bool,
        "count_include_pad": bool, "branches": list, "slices": list, "axes": list, "keep": list,
        "factors": list, "counts": list, "repeats": list, "legality": str,
    }  # fmt: skip
    for name, kind in kinds.items():
        if name in step and not isinstance(step[name], kind):
            raise ClaimError(f"{step['op']}: {name} cannot be {step[name]!r:.80}")
    if step.get("bias") is not None and not isinstance(step["bias"], str):
        raise ClaimError(f"{step['op']}: bias must name a weight, got {step['bias']!r:.80}")
    if "function" in step and not (step["function"].isidentifier() or is_clip(step["function"])):
        raise ClaimError(f"pointwise needs a function's name, got {step['function']!r:.80}")
    if len(step.get("branches", "  ")) < (2 if step["op"] == "subtract" else 1):
        raise ClaimError(f"{step['op']} needs branches, got {step['branches']!r:.80}")


def every_step(steps: list[Text]) -> Iterator[Text]:
    """All steps of a pipeline, those of its branches among them."""
    for step in steps:
        yield step
        for branch in step.get("branches", ()):
            yield from every_step(branch)


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
    return {**claim, "where": [], "input": {**claim["input"], "size": size}, "weights": weights,
            "left": left, "right": right}  # fmt: skip


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
