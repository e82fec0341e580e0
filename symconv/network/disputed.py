"""Windows that ONNX's text and its runtimes read differently, so that nothing is said of them.

``auto_pad`` is deprecated, and its readers agree on plain windows alone.  Where ``SAME`` would need
negative pads, onnxruntime crops the input, by half in front.  Of a pooling it leaves dilations out
of the pads, and rounds up under ``VALID`` and ``ceil_mode``, on which the text has no effect.  A
transposed convolution whose window spans less than its stride it gives fewer outputs.
Source: the ONNX operator specifications; onnxruntime 1.32, ``pool_attributes.h``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

POOLS = ("AveragePool", "LpPool", "MaxPool")
"""Poolings that move a window."""

WINDOWS = ("Conv", "ConvTranspose", *POOLS)
"""Operators that move a window, with or without a stride."""


def disputed(op: str, attributes: Mapping[str, Any], kernel: Sequence[int]) -> str | None:
    """Return why readers make two things of a node's window; None where they make one.

    >>> disputed("MaxPool", {"auto_pad": "SAME_UPPER", "dilations": [2]}, [3])
    'readers make two things of auto_pad=SAME_UPPER beside dilations; write pads'
    >>> disputed("MaxPool", {"auto_pad": "SAME_UPPER", "strides": [2]}, [3])
    """
    auto = attributes.get("auto_pad") or "NOTSET"
    auto = auto.decode(errors="replace") if isinstance(auto, bytes) else auto
    beside = next(_beside(op, auto, attributes, kernel), None)
    return beside and f"readers make two things of auto_pad={auto} beside {beside}; write pads"


def _beside(
    op: str, auto: str, attributes: Mapping[str, Any], kernel: Sequence[int]
) -> Iterator[str]:
    """What a padding in words does not go with."""
    is_pool, is_same = op in POOLS, auto.startswith("SAME")
    strides = attributes.get("strides") or (1,) * len(kernel)
    dilations = attributes.get("dilations") or (1,) * len(kernel)
    axes = list(zip(kernel, strides, dilations, strict=True))
    if is_pool and auto == "VALID" and attributes.get("ceil_mode"):
        yield "ceil_mode"
    if is_pool and is_same and any(d > 1 and k > 1 for k, _, d in axes):
        yield "dilations"
    if op == "ConvTranspose":
        yield from _beside_transposed(attributes, axes) if is_same else ()
    elif is_same and any(s - (d * (k - 1) + 1) > 1 for k, s, d in axes):
        # One sample that no window needs lies at the end, whoever crops it; of two, one in front.
        yield "a kernel so far below its stride"


def _beside_transposed(
    attributes: Mapping[str, Any], axes: Sequence[tuple[int, int, int]]
) -> Iterator[str]:
    if attributes.get("output_shape"):
        return
    if any(attributes.get("output_padding") or ()):
        yield "an output_padding"
    if any(d * (k - 1) + 1 < s for k, s, d in axes):
        yield "a window that spans less than its stride"


MORE = "it asks for more outputs than there are, which readers add in two places"
"""Why a transposed convolution whose asked pads are None is left alone."""


def asked_pads(total: int, *, upper: bool) -> tuple[int, int] | None:
    """Return the pads that a transposed convolution takes off; None where readers disagree.

    The odd one is in front unless SAME_UPPER.  A single output that is missing stands at the end.
    Source: ONNX, ``ConvTranspose``.

    >>> asked_pads(3, upper=True), asked_pads(-1, upper=False), asked_pads(-1, upper=True)
    ((1, 2), (0, -1), None)
    """
    if total < (0 if upper else -1):
        return None
    less = total // 2
    return (less, total - less) if upper else (total - less, less)
