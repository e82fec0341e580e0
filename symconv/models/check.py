"""Two model files that should be the same function: proved, refuted, or undecided with the reason.

Data flow: two files and the sizes of their inputs -> both on terms -> where all outputs are equal,
proved -> else both run by onnxruntime on random inputs: far apart, refuted, with the node at which
they part -> else the tensors that differ by rounding are taken as equal and listed, undecided.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

from symconv.crosscheck.models import Apart
from symconv.dialect.onnx.bind import bind
from symconv.dialect.onnx.load import load_onnx
from symconv.dialect.onnx.read import model_of
from symconv.errors import InputError, MissingTool, Unsupported
from symconv.machine.budget import Budget, spending
from symconv.machine.progress import reached
from symconv.models.observed import Pair, Shown, near_tensors, shown_apart
from symconv.network.bound import Sizes
from symconv.network.faces import inputs_paired
from symconv.network.model import Model
from symconv.prove.models.compare import Comparison, Parting, Product, compare_models
from symconv.prove.models.sources import weightlike_numbers

Outcome = Literal["proved", "refuted", "undecided"]
Outputs = Sequence[tuple[str, Outcome]]
Said = Callable[..., "ModelCheck"]


@dataclass(frozen=True)
class ModelCheck:
    """The verdict on two model files, and on each of their outputs.

    ``parting`` is the first tensor at which they part, ``product`` what one of its convolutions
    has and the other has not, ``shown`` the input that shows it, and ``assumed`` the tensors that
    were taken as equal, as they differ by rounding alone.
    """

    name: str
    verdict: Outcome
    outputs: tuple[tuple[str, Outcome], ...]
    sizes: dict[str, tuple[int, ...]]
    seconds: float
    reason: str = ""
    tied: tuple[str, ...] = ()
    parting: Parting | None = None
    product: Product | None = None
    shown: Shown | None = None
    assumed: tuple[Apart, ...] = ()
    nodes: int = 0

    def __bool__(self) -> bool:
        raise TypeError("a verdict is not a bool; compare check.verdict with 'proved'")


def check_models(
    original: str | Path,
    rewritten: str | Path,
    sizes: Sizes | None = None,
    *,
    budget: Budget | None = None,
) -> ModelCheck:
    """Prove or refute that two ONNX files compute the same function, at these sizes.

    It is for every input and every value of the free weights: weights of equal content are the
    same unknowns, moved ones are known by what they were moved from, and what no rule is known of
    is a function of its whole inputs.

    Args:
        original: the file that is believed.
        rewritten: the file that should compute the same.
        sizes: the dimensions of inputs, by their names, where the files leave them free.
        budget: what the verdict may cost; what exceeds it is undecided.

    Raises:
        InputError: a file is malformed, a size is missing, or the inputs differ.
        MissingTool: the onnx library is not installed.
    """
    first, second = load_onnx(original), load_onnx(rewritten)
    name = f"{Path(original).name} = {Path(rewritten).name}"
    with spending(budget):
        return check_loaded(first, second, sizes, name)


def check_loaded(first: Any, second: Any, sizes: Sizes | None, name: str) -> ModelCheck:
    """The same for two files that are loaded."""
    start = perf_counter()
    a = bind(model_of(first, "the original"), sizes)
    other = model_of(second, "the rewritten model")
    pair = Pair(first, second, a, bind(other, _renamed(a.model, other, sizes)))
    shapes = {port.name: a.shapes[port.name] for port in a.model.inputs}

    def said(verdict: Outcome, outputs: Outputs, **more: Any) -> ModelCheck:
        return ModelCheck(name, verdict, tuple(outputs), shapes, perf_counter() - start, **more)

    try:
        comparison = _compared(pair)
    except Unsupported as fault:
        none: Outputs = [(n, "undecided") for n in a.model.outputs]
        return said("undecided", none, reason=str(fault))
    outputs: Outputs = [(o.name, "proved" if o.equal else "undecided") for o in comparison.outputs]
    more = {"tied": comparison.tied, "nodes": comparison.nodes}
    if comparison.equal:
        return said("proved", outputs, **more)
    return _unequal(pair, comparison, outputs, said, more)


def _compared(pair: Pair) -> Comparison:
    """The models compared; where they are not equal, with whole numbers as free weights."""
    found = compare_models(pair.a, pair.b)
    if found.equal or not (freed := weightlike_numbers(pair.a, pair.b)):
        return found
    again = compare_models(pair.a, pair.b, freed=freed)
    return again if again.equal else found


def _renamed(first: Model, second: Model, sizes: Sizes | None) -> Sizes:
    """The sizes under the names of the second model's inputs."""
    names = dict(inputs_paired(first, second))
    known = {port.name for port in second.inputs}
    found = {names.get(name, name): size for name, size in (sizes or {}).items()}
    return {name: size for name, size in found.items() if name in known}


def _unequal(
    pair: Pair, comparison: Comparison, outputs: Outputs, said: Said, more: dict[str, Any]
) -> ModelCheck:
    parting = comparison.partings[0] if comparison.partings else None
    more = {**more, "parting": parting, "product": comparison.product}
    reached("running both models")
    try:
        shown = shown_apart(pair, None if parting is None else parting.like)
    except (MissingTool, InputError) as fault:
        return said("undecided", outputs, reason=f"{_stopped(parting)}; {fault}", **more)
    if shown is not None:
        return said("refuted", _refuted(outputs, shown), shown=shown, **more)
    near = near_tensors(pair)
    try:
        again = compare_models(pair.a, pair.b, {name: name for name in near})
    except Unsupported as fault:
        return said("undecided", outputs, reason=f"{_stopped(parting)}; {fault}", **more)
    assumed = tuple(near[name] for name in again.assumed)
    if again.partings and again.partings[0] != parting:
        shown = shown_apart(pair, again.partings[0].like)
    if shown is not None:
        more = {**more, "parting": again.partings[0], "product": again.product}
        return said("refuted", _refuted(outputs, shown), shown=shown, assumed=assumed, **more)
    if again.equal and assumed:
        return said("undecided", outputs, assumed=assumed, reason=_rounded(assumed), **more)
    left = again.partings[0] if again.partings else parting
    more = {**more, "parting": left}
    return said("undecided", outputs, assumed=assumed, reason=_stopped(left), **more)


def _refuted(outputs: Outputs, shown: Shown) -> Outputs:
    return [(name, "refuted" if name == shown.apart.name else said) for name, said in outputs]


def _stopped(parting: Parting | None) -> str:
    if parting is None:
        return "the outputs are not the same terms"
    like = "" if parting.like is None else f" against {parting.like!r} of the original"
    return f"it stopped at {parting.name!r}, made by node {parting.node!r} ({parting.op}){like}"


def _rounded(assumed: tuple[Apart, ...]) -> str:
    worst = max(assumed, key=lambda apart: apart.relative)
    if worst.ulps == 0:
        return (
            f"{len(assumed)} tensors were equal bit for bit where both models were run, and are "
            f"not proved equal, {worst.name!r} the first of them; all else is equal"
        )
    many = f"{len(assumed)} tensors differ" if len(assumed) > 1 else "one tensor differs"
    return (
        f"{many} by rounding: at most {worst.relative:.1e} of the largest value "
        f"({worst.ulps:.0f} ulps, in {worst.name!r} at {list(worst.index)}); all else is equal"
    )
