"""Steps: the words in which pipelines are written, as frozen values with a JSON form.

A step maps one tensor to another.  Data has axes ``(channel, *spatial)`` and no batch; weights have
PyTorch's layout.  All steps are gathers except the four convolutions, the two poolings, `Scale`,
`Mask`, `Pointwise`, and `Add` and `Concat`, which join branches.  What a step *means* is in
`symconv.relation`.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from symconv.claim.entries import check_entries
from symconv.errors import ClaimError
from symconv.layer.pointwise import POINTWISE
from symconv.size.expressions import evaluate, is_expression, names_in
from symconv.size.numbers import Number, freeze, thaw

POSITION = "i"
"""The name of the position in the counts of `Divide`."""


@dataclass(frozen=True)
class Step:
    """One step of a pipeline."""

    op: ClassVar[str] = ""

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            object.__setattr__(self, field.name, freeze(getattr(self, field.name)))

    def to_dict(self) -> dict[str, Any]:
        """The step's JSON form; attributes at their default are left out."""
        attributes = {
            field.name: thaw(getattr(self, field.name))
            for field in dataclasses.fields(self)
            if getattr(self, field.name) != field.default
        }
        return {"op": self.op, **attributes}

    @classmethod
    def from_attributes(cls, attributes: Mapping[str, Any]) -> Step:
        """Make the step from its JSON attributes (all keys but ``op``)."""
        known = {field.name for field in dataclasses.fields(cls)}
        required = {f.name for f in dataclasses.fields(cls) if f.default is dataclasses.MISSING}
        if unknown := sorted(set(attributes) - known):
            raise ClaimError(
                f"{cls.op} has no attribute {', '.join(map(repr, unknown))}; "
                f"it has {', '.join(sorted(known)) or 'none'}"
            )
        if missing := sorted(required - set(attributes)):
            raise ClaimError(f"{cls.op} needs {', '.join(missing)}")
        check_entries(cls.op, attributes)
        return cls(**attributes)


@dataclass(frozen=True)
class Rearrange(Step):
    """An einops pattern with the sizes of its factors."""

    pattern: str
    sizes: tuple[tuple[str, int], ...] = ()
    op: ClassVar[str] = "rearrange"

    def to_dict(self) -> dict[str, Any]:
        """The sizes stand beside the pattern, as einops writes them."""
        return {"op": self.op, "pattern": self.pattern, **dict(self.sizes)}

    @classmethod
    def from_attributes(cls, attributes: Mapping[str, Any]) -> Step:
        """Read the pattern; every other key is a factor's size."""
        sizes = {name: size for name, size in attributes.items() if name != "pattern"}
        if not isinstance(attributes.get("pattern"), str):
            raise ClaimError(f"rearrange needs a pattern, got {attributes.get('pattern')!r}")
        for name, size in sizes.items():
            if type(size) is not int or size < 1:
                raise ClaimError(
                    f"rearrange: {name} must be an integer of at least 1, got {size!r}"
                )
        return cls(attributes["pattern"], tuple(sizes.items()))


@dataclass(frozen=True)
class Pad(Step):
    """Pads ``[lo, hi]`` on every axis; negative ones crop; ``value`` fills mode ``zeros``."""

    padding: tuple[tuple[Any, Any], ...]
    mode: str = "zeros"
    value: Number = 0
    op: ClassVar[str] = "pad"


@dataclass(frozen=True)
class Slice(Step):
    """Python's ``[start, stop, step]`` on every axis; null for a part left out.

    A negative number counts from the back, as in Python.  A named end, such as ``"N - 3"``, counts
    from the front: at sizes where it is negative the claim makes no sense.
    """

    slices: tuple[tuple[Any, Any, Any], ...]
    op: ClassVar[str] = "slice"


@dataclass(frozen=True)
class Flip(Step):
    """The named axes read from their end."""

    axes: tuple[int, ...]
    op: ClassVar[str] = "flip"


@dataclass(frozen=True)
class Dilate(Step):
    """Zeros between samples: a factor on every axis."""

    dilation: tuple[int, ...]
    op: ClassVar[str] = "dilate"


@dataclass(frozen=True)
class Tile(Step):
    """Every axis repeated whole, as ``numpy.tile``."""

    repeats: tuple[int, ...]
    op: ClassVar[str] = "tile"


@dataclass(frozen=True)
class Transpose(Step):
    """Axes permuted, as ``numpy.transpose``."""

    axes: tuple[int, ...]
    op: ClassVar[str] = "transpose"


@dataclass(frozen=True)
class ConvStep(Step):
    """A convolution whose weight (and bias) are named tensors of the claim."""

    weight: str
    stride: Any = 1
    padding: Any = 0
    dilation: Any = 1
    groups: int = 1
    bias: str | None = None
    padding_mode: str = "zeros"
    padding_value: Number = 0
    op: ClassVar[str] = "conv"


@dataclass(frozen=True)
class ConvTransposeStep(Step):
    """A transposed convolution whose weight (and bias) are named tensors of the claim."""

    weight: str
    stride: Any = 1
    padding: Any = 0
    output_padding: Any = 0
    dilation: Any = 1
    groups: int = 1
    bias: str | None = None
    op: ClassVar[str] = "conv_transpose"


@dataclass(frozen=True)
class KernelConvStep(Step):
    """A convolution with the operands swapped: the pipeline's tensor is the kernel.

    For ``x`` of shape ``(C, *N)`` and the named ``w`` of ``(M, C, *K)``, zero outside ``[0, K)``:
    ``y[m, o] = sum_c sum_j x[c, j] * w[m, c, s*o + d*j - lo]`` over ``0 <= j < N``, of shape
    ``(M, *O)`` with ``O = (K + lo + hi - d*(N-1) - 1)//s + 1 >= 1`` an axis.  No groups, no bias.

    Raises:
        ClaimError: the padding is a word such as ``"same"``.
    """

    weight: str
    stride: Any = 1
    padding: Any = 0
    dilation: Any = 1
    op: ClassVar[str] = "conv_as_kernel"

    def __post_init__(self) -> None:
        super().__post_init__()
        entries = self.padding if isinstance(self.padding, tuple) else (self.padding,)
        if words := [e for e in entries if isinstance(e, str) and not is_expression(e)]:
            raise ClaimError(f"{self.op}: padding must be in numbers, got {words[0]!r}")


@dataclass(frozen=True)
class MaxConvStep(Step):
    """A maximum over the live taps of a constant 0/1 weight in a convolution's layout.

    Output channel ``m`` is the maximum of ``x[c, s*o + d*k - lo]`` over all ``c`` of its group and
    all ``k`` at which ``weight[m, c, k]`` is not zero: a max pooling on phases.
    """

    weight: str
    stride: Any = 1
    padding: Any = 0
    dilation: Any = 1
    groups: int = 1
    op: ClassVar[str] = "max_conv"


@dataclass(frozen=True)
class MaxPoolStep(Step):
    """Max pooling of each channel; pads are ``-inf``."""

    kernel_size: Any
    stride: Any = None
    padding: Any = 0
    dilation: Any = 1
    ceil_mode: bool = False
    op: ClassVar[str] = "max_pool"


@dataclass(frozen=True)
class AvgPoolStep(Step):
    """Average pooling of each channel."""

    kernel_size: Any
    stride: Any = None
    padding: Any = 0
    ceil_mode: bool = False
    count_include_pad: bool = True
    op: ClassVar[str] = "avg_pool"


@dataclass(frozen=True)
class Scale(Step):
    """Each axis multiplied by a factor a position; null leaves an axis as it is."""

    factors: tuple[tuple[Number, ...] | None, ...]
    op: ClassVar[str] = "scale"


@dataclass(frozen=True)
class Divide(Step):
    """Each axis divided, at position ``i``, by a count that depends on it; null leaves an axis.

    An entry is ``[count, size]``: an expression in ``i`` and named sizes that is at least 1 for
    ``0 <= i < size``, and the axis's size.  With numbers for the names it is a `Scale`.
    """

    counts: tuple[tuple[Any, Any] | None, ...]
    op: ClassVar[str] = "divide"

    @classmethod
    def from_attributes(cls, attributes: Mapping[str, Any]) -> Step:
        """Read the counts; without named sizes the step is a `Scale`."""
        step = super().from_attributes(attributes)
        entries = step.counts if isinstance(step.counts, tuple) else (0,)  # type: ignore[attr-defined]
        for entry in entries:
            if entry is not None and (not isinstance(entry, tuple) or len(entry) != 2):
                raise ClaimError(f"divide needs [count, size] or null for each axis, got {entry!r}")
        named = {name for e in entries if e for text in e for name in names_in(text)}
        return step.at({}) if named <= {POSITION} else step  # type: ignore[attr-defined]

    def at(self, sizes: Mapping[str, int]) -> Scale:
        """The step at these sizes."""
        return Scale(tuple(None if e is None else _shares(*e, sizes) for e in self.counts))


def _shares(count: Any, size: Any, sizes: Mapping[str, int]) -> tuple[str, ...]:
    found = [evaluate(count, {**sizes, POSITION: i}) for i in range(evaluate(size, sizes))]
    if any(n < 1 for n in found):
        raise ClaimError(f"divide: the count {count!r} must be at least 1, got {min(found)}")
    return tuple(f"1/{n}" if n > 1 else "1" for n in found)


@dataclass(frozen=True)
class Mask(Step):
    """Each axis kept where its entry is 1 and zeroed where it is 0; null keeps an axis."""

    keep: tuple[tuple[int, ...] | None, ...]
    op: ClassVar[str] = "mask"


@dataclass(frozen=True)
class Split(Step):
    """One part of an axis cut into consecutive ones, as ``torch.split(x, sizes, axis)[part]``."""

    sizes: Any
    part: int
    axis: int = 0
    op: ClassVar[str] = "split"


@dataclass(frozen=True)
class Pointwise(Step):
    """A function of each value alone, by its name; `symconv.layer.pointwise` says what is known of it."""

    function: str
    op: ClassVar[str] = "pointwise"

    @classmethod
    def from_attributes(cls, attributes: Mapping[str, Any]) -> Step:
        """Read the function's name, which may also stand under ``name``."""
        given = {("function" if key == "name" else key): v for key, v in attributes.items()}
        name = given.get("function")
        if not isinstance(name, str) or not name.isidentifier():
            raise ClaimError(f"pointwise needs a function by name, such as 'relu', got {name!r}")
        return super().from_attributes(given)


@dataclass(frozen=True)
class Branching(Step):
    """A step that runs several pipelines on the same tensor; use one of its subclasses."""

    branches: tuple[tuple[Step, ...], ...]

    def to_dict(self) -> dict[str, Any]:
        """The step's JSON form, its branches written out."""
        written = [[step.to_dict() for step in branch] for branch in self.branches]
        return {**super().to_dict(), "branches": written}

    @classmethod
    def from_attributes(cls, attributes: Mapping[str, Any]) -> Step:
        """Read the branches as pipelines, and the rest as usual."""
        branches = attributes.get("branches")
        if not isinstance(branches, list | tuple) or not branches:
            raise ClaimError(f"{cls.op} needs branches, a list of pipelines, got {branches!r}")
        check_entries(cls.op, {"branches": branches})
        return super().from_attributes({**attributes, "branches": tuple(map(read_steps, branches))})


@dataclass(frozen=True)
class Add(Branching):
    """The sum of the branches."""

    op: ClassVar[str] = "add"


@dataclass(frozen=True)
class Concat(Branching):
    """The branches side by side along an axis, in their order."""

    axis: int = 0
    op: ClassVar[str] = "concat"


STEPS: dict[str, type[Step]] = {
    step.op: step
    for step in (
        Rearrange, Pad, Slice, Flip, Dilate, Tile, Transpose, ConvStep, ConvTransposeStep,
        KernelConvStep, MaxConvStep, MaxPoolStep, AvgPoolStep, Scale, Divide, Mask, Split,
        Pointwise, Add, Concat,
    )
}  # fmt: skip


def read_step(text: Mapping[str, Any]) -> Step:
    """Read one step from its JSON form.

    Raises:
        ClaimError: no such step, an unknown attribute, or one that is missing.

    >>> read_step({"op": "flip", "axes": [1]})
    Flip(axes=(1,))
    """
    if not isinstance(text, Mapping) or not isinstance(text.get("op"), str):
        raise ClaimError(f"a step must be an object with an 'op', got {text!r}")
    if text["op"] in POINTWISE and set(text) == {"op"}:
        return Pointwise(text["op"])
    step = STEPS.get(text["op"])
    if step is None:
        near = difflib.get_close_matches(text["op"], STEPS, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(STEPS))}"
        raise ClaimError(f"there is no step {text['op']!r}; {hint}")
    return step.from_attributes({key: value for key, value in text.items() if key != "op"})


def read_steps(texts: Iterable[Mapping[str, Any]]) -> tuple[Step, ...]:
    """Read a pipeline; a fault names the step's place, counted from 0."""
    steps = []
    for place, text in enumerate(texts):
        try:
            steps.append(read_step(text))
        except ClaimError as fault:
            raise ClaimError(f"step {place}: {fault}") from None
    return tuple(steps)


def flat(steps: Iterable[Step]) -> Iterator[Step]:
    """All steps of a pipeline, those of its branches included."""
    for step in steps:
        yield step
        if isinstance(step, Branching):
            for branch in step.branches:
                yield from flat(branch)
