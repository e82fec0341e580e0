"""A model file converted to an equal one without strides, estimated first and checked last.

Data flow: a file and a region -> its nodes replaced -> what that costs, refused above a bound ->
the new file, read back and checked against the original by what checks anybody's rewrite.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from symconv.dialect.onnx.bind import bind
from symconv.dialect.onnx.convert import Change, Conversion, convert_locally
from symconv.dialect.onnx.load import MOST_BYTES, load_onnx
from symconv.dialect.onnx.read import model_of
from symconv.dialect.onnx.write import fix_sizes, mend_ranks, unsound, written_aside
from symconv.errors import InputError, InternalError, SymconvError, Unsupported
from symconv.expand.layers import weight_shape
from symconv.machine.progress import reached
from symconv.models.check import ModelCheck, check_models
from symconv.models.phased import convert_phased
from symconv.network.bound import Bound, Sizes
from symconv.network.model import Model
from symconv.network.reading import read_model
from symconv.network.regions import read_region
from symconv.network.results import NodeProof
from symconv.prove.network.models import decide_model

LARGEST = 256 * 10**6
"""Bytes above which nothing is written unless asked: the largest local forms seen have 110 MB."""

GUESSES = (224, 256, 64, 48, 16_000, 512, 128, 96)
"""Sizes that free dimensions are tried at, where none are given, to learn what depends on none."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a model file holds: nodes, parameters, multiply-adds of its windows, bytes."""

    nodes: int
    parameters: int
    multiply_adds: int | None
    bytes: int


@dataclass(frozen=True)
class Converted:
    """A converted file: what became of its strided nodes, what it costs, and the check of it."""

    path: Path
    changes: tuple[Change, ...]
    before: Estimate
    after: Estimate
    check: ModelCheck | None

    @property
    def left(self) -> tuple[Change, ...]:
        """The nodes that still have a stride."""
        return tuple(change for change in self.changes if change.became == "left strided")


def convert(
    source: str | Path,
    target: str | Path,
    sizes: Sizes | None = None,
    *,
    region: str = "local",
    max_factor: int | None = None,
    residual_stride: int = 1,
    materialised: bool = False,
    partial: bool = False,
    max_bytes: int = LARGEST,
) -> Converted:
    """Write an equal ONNX file in which no convolution or pooling has a stride.

    Each strided node alone becomes phases and a node of stride 1, or phases flow from node to node
    as far as a region says; kernels are expanded in the graph, so that the file holds each weight
    once.  What was written is read back and proved equal to the original at the sizes that are
    given or that the file states.

    Args:
        source: the ONNX file.
        target: where to write; it may not be the source.
        sizes: dimensions of inputs, by their names; they are then fixed in the new file.
        region: ``"local"``, or where phases flow: ``"core"``, ``"full"`` (the paper's network), or
            names of nodes with commas between.
        max_factor: the most phases of an axis; beyond it they are merged.
        residual_stride: the most of a stride that may stay.
        materialised: whether to write expanded kernels out instead of the nodes that make them.
        partial: whether nodes that have no form without stride may be left as they are.
        max_bytes: the most bytes that the new file may have.

    Raises:
        InputError: the file is malformed, or a size does not fit.
        Unsupported: a node has no form without stride, or the file would be too large.
        InternalError: the new file is not the original's function, a fault of symconv itself.
        MissingTool: the onnx library is not installed.

    Source: Kong and Lucey 2017, section 3.
    """
    source, target = Path(source), Path(target)
    _refuse_target(source, target)
    proto = load_onnx(source)
    model = model_of(proto, source.name)
    free = sizes is None and _has_free(model)
    bound = next(_guessed(model), None) if free else bind(model, sizes)
    if region == "local" and residual_stride == 1 and max_factor is None:
        conversion = convert_locally(proto, bound, free=free, materialised=materialised)
    else:
        layout = _Layout(source, sizes, region, max_factor, residual_stride, max_bytes)
        conversion = _flowing(proto, model, layout, free=free, materialised=materialised)
    if conversion.left and not partial:
        raise Unsupported(_left_words(source, conversion))
    after = estimate(conversion.proto, bound, conversion.proto.ByteSize())
    _refuse_size(after, max_bytes)
    if sizes is not None:
        fix_sizes(conversion.proto, sizes)
    if bound is not None:
        mend_ranks(conversion.proto, bound)
    fault = unsound(conversion.proto)
    if fault and unsound(proto) is None:
        raise InternalError(f"the converted model is not a valid one: {fault}")
    reached(f"writing {target.name}")
    before = estimate(proto, bound, source.stat().st_size)
    tried = _guessed(model) if free else iter([bind(model, sizes)])
    with written_aside(conversion.proto, target) as beside:
        check = _checked(source, beside, tried, guessed=free)
    return Converted(target, conversion.changes, before, after, check)


@dataclass(frozen=True, slots=True)
class _Layout:
    """How far phases are to flow."""

    source: Path
    sizes: Sizes | None
    region: str
    max_factor: int | None
    residual_stride: int
    max_bytes: int


def _flowing(
    proto: Any, model: Model, layout: _Layout, *, free: bool, materialised: bool
) -> Conversion:
    """The file whose phases flow, as the proof of the model lays them out."""
    if free:
        raise InputError(
            f"{layout.source} leaves sizes free, and phases that flow are written for one size; "
            f"give --size {model.inputs[0].name}=1,3,224,224"
        )
    bound = bind(model, layout.sizes)
    region = read_region(layout.region, layout.max_factor, layout.residual_stride)
    proof = decide_model(read_model(bound.model, bound.shapes, bound.values), region)
    expanded = sum(_expanded_bytes(node) for node in proof.nodes)
    if expanded > layout.max_bytes:
        raise Unsupported(
            f"expanded, the kernels of {layout.source} take {expanded:,} bytes, more than "
            f"{layout.max_bytes:,}; lower --max-factor, or raise --max-bytes"
        )
    return convert_phased(proto, bound, proof, materialised=materialised)


def _expanded_bytes(node: NodeProof) -> int:
    """Bytes in float32 of a kernel on phases."""
    expansion = None if node.of is None else node.of.expansion
    if expansion is None or not expansion.original.has_weight:
        return 0
    return 4 * prod(weight_shape(expansion.layer, len(expansion.axes)))


def _refuse_target(source: Path, target: Path) -> None:
    if source.resolve() == target.resolve():
        raise InputError(f"{target} is the model itself; write the new one elsewhere")
    if not target.parent.is_dir():
        raise InputError(f"{target.parent} is not a folder; make it first")


def _has_free(model: Model) -> bool:
    shapes = [port.shape for port in model.inputs]
    return any(s is None or any(not isinstance(d, int) for d in s) for s in shapes)


def _guesses(model: Model) -> Iterator[dict[str, tuple[int, ...]]]:
    for guess in GUESSES:
        names: dict[str, int] = {}
        yield {
            port.name: tuple(
                d
                if isinstance(d, int)
                else names.setdefault(d or f"{port.name}.{n}", 1 if n == 0 else guess)
                for n, d in enumerate(port.shape)
            )
            for port in model.inputs
            if port.shape is not None
        }


def _guessed(model: Model) -> Iterator[Bound]:
    """The model at sizes at which its nodes seem to fit each other."""
    for sizes in _guesses(model):
        try:
            yield bind(model, sizes)
        except SymconvError:
            continue


def _checked(
    source: Path, target: Path, tried: Iterator[Bound], *, guessed: bool
) -> ModelCheck | None:
    """The check of what was written, at the first sizes at which both models are run; or none."""
    for bound in tried:
        sizes = {port.name: bound.shapes[port.name] for port in bound.model.inputs}
        try:
            found = check_models(source, target, sizes)
        except InputError:
            if not guessed:
                raise
            continue  # a guess at which some node has no output
        if found.verdict == "refuted":
            raise InternalError(f"the new model is not the function of {source}: {found.parting}")
        return found
    return None


def _left_words(source: Path, conversion: Conversion) -> str:
    first, *rest = conversion.left
    more = f", and {len(rest)} more" if rest else ""
    return (
        f"{source}: node {first.node!r} ({first.op}, stride {list(first.stride)}) has no form "
        f"without stride: {first.reason}{more}; --partial leaves such nodes as they are"
    )


def _refuse_size(after: Estimate, max_bytes: int) -> None:
    if after.bytes > min(max_bytes, MOST_BYTES):
        what = "keep weights in external data" if after.bytes > MOST_BYTES else "raise --max-bytes"
        raise Unsupported(
            f"the converted model would have {after.bytes:,} bytes, {after.parameters:,} "
            f"parameters and {after.nodes:,} nodes; at most {max_bytes:,} bytes are written; {what}"
        )


def estimate(proto: Any, bound: Bound | None, size: int) -> Estimate:
    """What a loaded file holds; multiply-adds where the shapes are known."""
    nodes = sum(1 for _ in _all_nodes(proto.graph))
    parameters = sum(prod(t.dims) for t in _all_tensors(proto.graph) if t.data_type in FLOATS)
    return Estimate(nodes, parameters, _multiply_adds(proto, bound), size)


FLOATS = (1, 10, 11, 16)
"""The numbers of ONNX's floating-point types: float32, float16, float64, bfloat16."""


def _all_nodes(graph: Any) -> Iterator[Any]:
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for body in (attribute.g, *attribute.graphs):
                yield from _all_nodes(body)


def _all_tensors(graph: Any) -> Iterator[Any]:
    yield from graph.initializer
    for node in _all_nodes(graph):
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            for body in (attribute.g, *attribute.graphs):
                yield from body.initializer


def _multiply_adds(proto: Any, bound: Bound | None) -> int | None:
    if bound is None:
        return None
    try:
        here = bind(
            model_of(proto, "model"), {p.name: bound.shapes[p.name] for p in bound.model.inputs}
        )
    except SymconvError:
        return None
    total = 0
    for _, node in here.model.walk():
        shapes = [here.shapes.get(name) for name in (*node.inputs[:2], node.outputs[0])]
        x, w, y = shapes if len(shapes) == 3 else (None, None, None)
        if node.op == "Conv" and w is not None and y is not None:
            total += prod(y) * prod(w[1:])
        if node.op == "ConvTranspose" and x is not None and w is not None:
            total += prod(x) * prod(w[1:])
    return total
