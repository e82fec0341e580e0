"""The steps of a claim's text, read strictly: every attribute spelt out, and none that is unknown.

What a step does to a shape, and whether it may, is in `symconv.recheck.shapes`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from symconv.errors import ClaimError
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
    "cosets": {"matrix": _NEEDED, "representatives": _NEEDED, "start": _NEEDED, "size": _NEEDED},
    "within": {"matrix": _NEEDED, "start": _NEEDED, "size": _NEEDED},
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
    least, most = (None if end is None else finite(end) for end in (low, high))
    crossed = least is not None and most is not None and least > most
    if crossed or (least is None and most is None):
        raise ClaimError(f"clip needs min, max, or both, and min <= max, got {low!r}, {high!r}")
    if least == 0 and most in (None, 6):
        return "relu" if most is None else "relu6"
    return f"clip({'-inf' if least is None else least}, {'inf' if most is None else most})"


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
        "matrix": list, "representatives": list, "start": list,
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
