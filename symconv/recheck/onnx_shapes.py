"""Shapes that a certificate states, against those that the onnx library infers of the file.

Windows, and nodes with bodies, are left out of what is inferred: their outputs are given as they
are stated, and windows are compared by their forms.  So is what a file holds: its values are looked
at where they are few.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from math import prod
from typing import Any

from symconv.recheck.expressions import names_of
from symconv.recheck.facts import CertificateError
from symconv.recheck.onnx_nodes import OnnxFile
from symconv.recheck.onnx_values import FAULTS, FOLDED, MOST_ENTRIES, Shapes, Unread, Values


def check_held(file: OnnxFile, shapes: Shapes, written: Mapping[str, Sequence[Any]]) -> None:
    """Refuse another shape of what the file holds, or another size than it fixes of an input.

    A size that is ``written`` with a name may be any: the file is then read at other sizes.

    Raises:
        CertificateError: there is one.
    """
    for name, tensor in file.held.items():
        if name in shapes and [*shapes[name]] != [*tensor.dims]:
            raise CertificateError(
                f"the file holds {name!r} of shape {[*tensor.dims]}, not {[*shapes[name]]}"
            )
    for port in _ports(file.graph, {*file.held}):
        sizes = _sizes(port)
        if port.name in shapes and sizes is not None:
            texts = written[port.name]
            if len(sizes) == len(texts):
                sizes = [0 if names_of(one) else n for n, one in zip(sizes, texts, strict=True)]
            _check_shape("reads", port.name, sizes, shapes[port.name])


def _ports(graph: Any, held: Collection[str]) -> Iterator[Any]:
    """The inputs of a graph and of the bodies inside it."""
    yield from (port for port in graph.input if port.name not in held)
    for node in graph.node:
        for attribute in node.attribute:
            yield from _ports(attribute.g, held)


def _sizes(port: Any) -> list[int] | None:
    """The sizes of a tensor; 0 for one that is open, None where nothing is known of them."""
    tensor = port.type.tensor_type
    return [max(d.dim_value, 0) for d in tensor.shape.dim] if tensor.HasField("shape") else None


def _check_shape(verb: str, name: str, sizes: Sequence[int], stated: Sequence[int]) -> None:
    fits = len(sizes) == len(stated)
    if not fits or any(n not in (0, m) for n, m in zip(sizes, stated, strict=True)):
        raise CertificateError(f"the file {verb} {name!r} of shape {[*sizes]}, not {[*stated]}")


def check_inferred(
    file: OnnxFile, shapes: Shapes, given: Collection[str], values: Values
) -> list[str] | None:
    """Refuse a shape that is not the one inferred; the tensors ``given`` are taken as stated.

    Returns what the file makes of which no shape was inferred; None where none could be of any.

    Raises:
        CertificateError: one is another.
    """
    from onnx import shape_inference

    alone = _at_sizes(file, shapes, given, values)
    try:
        found = shape_inference.infer_shapes(alone, data_prop=True).graph
    except (
        *FAULTS,
        shape_inference.InferenceError,
    ):  # of a file that the library does not understand nothing is inferred
        return None
    known = {value.name for value in (*alone.graph.input, *alone.graph.initializer)}
    for value in found.value_info:
        sizes = _sizes(value)
        if sizes is not None and value.name in shapes and value.name not in known:
            _check_shape("makes", value.name, sizes, shapes[value.name])
            known |= {value.name} if 0 not in sizes else set()
    return [name for name in shapes if name in file.makers and name not in known]


def _at_sizes(file: OnnxFile, shapes: Shapes, given: Collection[str], values: Values) -> Any:
    """The file with these shapes of its inputs, and without what is large or not inferred."""
    import onnx

    graph, worked = file.graph, dict(_worked_out(file, values))
    kept = [node for node in graph.node if not _is_cut(node, {*given, *worked})]
    cut = [node for node in graph.node if _is_cut(node, given)]
    small = [t for t in graph.initializer if not t.data_location and prod(t.dims) <= MOST_ENTRIES]
    made = [onnx.numpy_helper.from_array(array, name) for name, array in worked.items()]
    ports = [*_open(file, shapes), *_large(file), *_stated(file, cut, shapes)]
    alone = onnx.helper.make_graph(kept, "sizes", ports, [], [*small, *made])
    opsets = file.proto.opset_import
    return onnx.helper.make_model(alone, opset_imports=opsets, ir_version=file.proto.ir_version)


def _worked_out(file: OnnxFile, values: Values) -> Iterator[tuple[str, Any]]:
    """What nodes read beside their data, where it is worked out from constants and sizes."""
    for name in {name for node in file.graph.node for name in [*node.input][1:] if name}:
        maker = file.makers.get(name)
        if maker is not None and maker.op in FOLDED and len(maker.outputs) == 1:
            with suppress(Unread):
                yield name, values.of(name)


def _is_cut(node: Any, given: Collection[str]) -> bool:
    """Whether a node is left out of what is inferred."""
    bodies = any(attribute.g.node or attribute.g.output for attribute in node.attribute)
    return bodies or any(name in given for name in node.output)


def _open(file: OnnxFile, shapes: Shapes) -> Iterator[Any]:
    """The file's inputs, with the shapes that are stated."""
    import onnx

    for port in file.ports:
        kind, shape = port.type.tensor_type.elem_type, shapes.get(port.name)
        known = onnx.helper.make_tensor_value_info(port.name, kind, shape)
        yield port if shape is None else known


def _large(file: OnnxFile) -> Iterator[Any]:
    """What the file holds and is too large to be looked at, as inputs."""
    import onnx

    for tensor in file.graph.initializer:
        if tensor.data_location or prod(tensor.dims) > MOST_ENTRIES:
            dims = [*tensor.dims]
            yield onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, dims)


def _stated(file: OnnxFile, cut: Sequence[Any], shapes: Shapes) -> Iterator[Any]:
    """What is left out, as inputs; taken for float32 where the file does not say its type."""
    import onnx

    values = (*file.graph.value_info, *file.graph.output)
    kinds = {value.name: value.type.tensor_type.elem_type for value in values}
    for name in (name for node in cut for name in node.output if name):
        kind = kinds.get(name) or onnx.TensorProto.FLOAT
        yield onnx.helper.make_tensor_value_info(name, kind, shapes.get(name))
