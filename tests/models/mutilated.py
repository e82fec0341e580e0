"""Files that are no models, each by its name: what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.helpers.onnx_files import file_of, graph, node, random_weight, value
from tests.helpers.requirements import require

onnx: Any = require("onnx")

Change = Callable[[Any], None]

SIZE = (1, 2, 9, 9)


def good() -> Any:
    """Two strided windows, between them what most operators are."""
    nodes = [
        node("Conv", ["x", "w", "b"], ["c"], strides=[2, 2], pads=[1, 1, 1, 1]),
        node("Relu", ["c"], ["r"]),
        node("MaxPool", ["r"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
        node("Transpose", ["p"], ["t"], perm=[0, 2, 3, 1]),
        node("Reshape", ["t", "shape"], ["f"]),
        node("Gather", ["f", "places"], ["g"], axis=1),
        node("Pad", ["g", "pads"], ["q"]),
        node("Slice", ["q", "starts", "ends", "axes", "steps"], ["s"]),
        node("Concat", ["s", "s"], ["y"], axis=1),
    ]
    constants = {
        "w": random_weight(4, 2, 3, 3),
        "b": random_weight(4, seed=1),
        "shape": np.asarray([1, -1]),
        "places": np.asarray([3, 1, 2]),
        "pads": np.asarray([0, 1, 0, 1]),
        "starts": np.asarray([0]),
        "ends": np.asarray([5]),
        "axes": np.asarray([1]),
        "steps": np.asarray([2]),
    }
    return file_of(nodes, {"x": SIZE}, ["y"], constants)


def branched() -> Any:
    """An If whose condition is an input."""
    out = value("t", SIZE), value("e", SIZE)
    bodies = {
        "then_branch": graph([node("Relu", ["x"], ["t"])], [], [out[0]]),
        "else_branch": graph([node("Neg", ["x"], ["e"])], [], [out[1]]),
    }
    made = graph(
        [node("If", ["k"], ["y"], **bodies)],
        [value("x", SIZE), value("k", [], "bool")],
        [value("y", SIZE)],
    )
    opset = [onnx.helper.make_opsetid("", 18)]
    return onnx.helper.make_model(made, opset_imports=opset, ir_version=8)


def _node(proto: Any, op: str) -> Any:
    return next(n for n in proto.graph.node if n.op_type == op)


def _tensor(proto: Any, name: str) -> Any:
    return next(t for t in proto.graph.initializer if t.name == name)


def attribute(op: str, key: str, new: Any) -> Change:
    """Another value of an attribute."""

    def change(proto: Any) -> None:
        found = _node(proto, op)
        kept = [a for a in found.attribute if a.name != key]
        del found.attribute[:]
        found.attribute.extend([*kept, onnx.helper.make_attribute(key, new)])

    return change


def constant(name: str, *new: Any) -> Change:
    """Other numbers in a constant."""

    def change(proto: Any) -> None:
        array = np.asarray(new[0] if len(new) == 1 else new)
        _tensor(proto, name).CopyFrom(onnx.numpy_helper.from_array(array, name))

    return change


def tensor(name: str, **fields: Any) -> Change:
    """Other fields of a tensor."""

    def change(proto: Any) -> None:
        found = _tensor(proto, name)
        for key, new in fields.items():
            if key == "dims":
                found.dims[:] = new
            else:
                setattr(found, key, new)

    return change


def external(**entries: str) -> Change:
    """A weight that is said to be kept in another file."""

    def change(proto: Any) -> None:
        found = _tensor(proto, "w")
        found.ClearField("raw_data")
        found.data_location = onnx.TensorProto.EXTERNAL
        for key, text in entries.items():
            found.external_data.add(key=key, value=text)

    return change


def reads(op: str, place: int, name: str) -> Change:
    """A node that reads another tensor."""

    def change(proto: Any) -> None:
        _node(proto, op).input[place] = name

    return change


def named(op: str, new: str) -> Change:
    """A node that makes a tensor of another name."""

    def change(proto: Any) -> None:
        _node(proto, op).output[0] = new

    return change


def operator(op: str, new: str, domain: str = "") -> Change:
    """Another operator."""

    def change(proto: Any) -> None:
        found = _node(proto, op)
        found.op_type, found.domain = new, domain

    return change


def opset(version: int) -> Change:
    """Another opset."""

    def change(proto: Any) -> None:
        proto.opset_import[0].version = version

    return change


def port(**fields: Any) -> Change:
    """Another type of the input."""

    def change(proto: Any) -> None:
        kind = proto.graph.input[0].type
        if "dims" in fields:
            for d, size in zip(kind.tensor_type.shape.dim, fields["dims"], strict=True):
                d.dim_value = size
        if "element" in fields:
            kind.tensor_type.elem_type = fields["element"]
        if "sequence" in fields:
            kind.sequence_type.elem_type.tensor_type.elem_type = 1

    return change


def cleared(what: str) -> Change:
    """A field left out."""

    def change(proto: Any) -> None:
        owner = proto if what == "opset_import" or what == "graph" else proto.graph
        owner.ClearField(what)

    return change


def _twice(proto: Any) -> None:
    proto.graph.node.append(proto.graph.node[0])


def _sparse(proto: Any) -> None:
    proto.graph.sparse_initializer.add().dims[:] = [3]


def _backwards(proto: Any) -> None:
    nodes = list(proto.graph.node)[::-1]
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)


def _nested(depth: int) -> Change:
    def change(proto: Any) -> None:
        inner = proto.graph
        for _ in range(depth):
            inner = (
                inner.node.add(op_type="If", input=["k"], output=["z"])
                .attribute.add(name="then_branch", type=onnx.AttributeProto.GRAPH)
                .g
            )

    return change


CHANGES: dict[str, Change] = {
    **{f"strides {v}": attribute("Conv", "strides", v) for v in ([0, 0], [-2, 2], [2], [2] * 3)},
    **{f"stride of a pool {v}": attribute("MaxPool", "strides", v) for v in ([0, 2], [2], [-1, 1])},
    **{f"pads {v}": attribute("Conv", "pads", v) for v in ([1, 1], [1] * 5, [-9, -9, -9, -9])},
    **{f"dilations {v}": attribute("Conv", "dilations", v) for v in ([0, 1], [99, 1], [1])},
    **{f"group {v}": attribute("Conv", "group", v) for v in (0, 3, -1)},
    **{f"kernel {v}": attribute("Conv", "kernel_shape", v) for v in ([2, 2], [3], [0, 0])},
    **{f"kernel of a pool {v}": attribute("MaxPool", "kernel_shape", v) for v in ([99, 1], [2])},
    "a stride in text": attribute("Conv", "strides", "two"),
    "a stride in floating point": attribute("Conv", "strides", [2.0, 2.0]),
    "an auto_pad of no meaning": attribute("Conv", "auto_pad", "FOO"),
    "a ceil_mode in text": attribute("MaxPool", "ceil_mode", "yes"),
    "an unknown attribute": attribute("Conv", "colour", 3),
    "an order of too few axes": attribute("Transpose", "perm", [0, 1]),
    "an order with an axis twice": attribute("Transpose", "perm", [0, 1, 1, 2]),
    "an axis that is not there": attribute("Concat", "axis", 9),
    "a Gather on an axis that is not there": attribute("Gather", "axis", 4),
    "a mode of Pad of no meaning": attribute("Pad", "mode", "mirror"),
    "a Reshape that does not fit": constant("shape", 1, 7),
    "a Reshape of two unknowns": constant("shape", -1, -1),
    "a Gather beyond the end": constant("places", 3, 99, 2),
    "pads of another rank": constant("pads", 0, 1),
    "pads that cut all": constant("pads", 0, -99, 0, 0),
    "a step of 0": constant("steps", [0]),
    "a Slice on an axis that is not there": constant("axes", [7]),
    "a Slice with two starts": constant("starts", 0, 1),
    "pads beyond all bounds": constant("pads", 0, 2**60, 0, 0),
    "a shape beyond all bounds": constant("shape", 2**40, 2**40),
    "a weight of integers": constant("w", np.ones((4, 2, 3, 3), np.int64)),
    "a weight of texts": constant("w", np.asarray([["a", "b"]])),
    "a weight of other channels": constant("w", random_weight(4, 5, 3, 3)),
    "a weight of another rank": constant("w", random_weight(4, 2, 3)),
    "a scalar weight": constant("w", np.float32(3)),
    "an empty weight": constant("w", np.zeros((0, 2, 3, 3), np.float32)),
    "a bias of another length": constant("b", random_weight(5)),
    "a bias that is a matrix": constant("b", random_weight(4, 4)),
    "dimensions beyond its bytes": tensor("w", dims=[4, 2, 300, 300]),
    "dimensions beyond all bounds": tensor("w", dims=[2**40, 2**40, 2, 2]),
    "a negative dimension": tensor("w", dims=[-4, 2, 3, 3]),
    "fewer dimensions than bytes": tensor("w", dims=[4, 2, 3, 1]),
    "bytes cut off": tensor("w", raw_data=b"\0\0\0"),
    "no bytes": tensor("w", raw_data=b""),
    **{f"element type {n} of a weight": tensor("w", data_type=n) for n in (0, 8, 99)},
    "data outside its folder": external(location="../secret.bin"),
    "data at an absolute path": external(location="/etc/passwd"),
    "data in a file that is not there": external(location="missing.bin"),
    "data in its folder": external(location="."),
    "data without a location": external(offset="0"),
    "data at a place that is no number": external(location="bad.onnx", offset="x"),
    "data at a negative place": external(location="bad.onnx", offset="-4"),
    "data beyond the end": external(location="bad.onnx", offset="999999999"),
    "data of too many bytes": external(location="bad.onnx", length="99999999999999"),
    "data of too few bytes": external(location="bad.onnx", length="8"),
    "a tensor that nothing makes": reads("Relu", 0, "nowhere"),
    "a weight that is not there": reads("Conv", 1, "nowhere"),
    "no weight": reads("Conv", 1, ""),
    "a node that reads what it makes": reads("Relu", 0, "r"),
    "a cycle of three": reads("Conv", 0, "p"),
    "an operator's input left out": reads("Relu", 0, ""),
    "a tensor that is made twice": named("Relu", "c"),
    "an input that is made": named("Relu", "x"),
    "a constant that is made": named("Relu", "w"),
    "a node that is there twice": _twice,
    "nodes in the wrong order": _backwards,
    "an output that nothing makes": named("Concat", "other"),
    "an unknown operator": operator("Relu", "Relux"),
    "an operator without a name": operator("Relu", ""),
    "an operator that is random": operator("Relu", "Bernoulli"),
    "an operator of too many inputs": operator("Conv", "Relu"),
    "an operator of too few inputs": operator("Relu", "Conv"),
    **{f"opset {n}": opset(n) for n in (0, 1, 6, -3)},
    "no opset": cleared("opset_import"),
    "no graph": cleared("graph"),
    "no outputs": cleared("output"),
    "no nodes": cleared("node"),
    "no inputs": cleared("input"),
    "no weights": cleared("initializer"),
    "a sparse weight": _sparse,
    "an input of another size": port(dims=[1, 3, 9, 9]),
    "an input too small": port(dims=[1, 2, 1, 1]),
    "an input beyond all bounds": port(dims=[1, 2, 2**40, 2**40]),
    **{f"an input of element type {n}": port(element=n) for n in (0, 7, 8, 99)},
    "an input that is a sequence": port(sequence=True),
    **{f"{n} branches inside each other": _nested(n) for n in (1, 40)},
}


def _cut_branch(proto: Any) -> None:
    del proto.graph.node[0].attribute[1]


def _empty_branch(proto: Any) -> None:
    proto.graph.node[0].attribute[0].g.Clear()


def _blind_branch(proto: Any) -> None:
    proto.graph.node[0].attribute[0].g.node[0].input[0] = "nowhere"


def _wide_branch(proto: Any) -> None:
    body = proto.graph.node[0].attribute[0].g
    body.output.append(body.output[0])


OF_BRANCHES: dict[str, Change] = {
    "a branch left out": _cut_branch,
    "a branch without a graph": _empty_branch,
    "a branch that reads what is not there": _blind_branch,
    "a branch of two outputs": _wide_branch,
}

GOOD = good().SerializeToString()

BYTES: dict[str, bytes] = {
    "nothing": b"",
    "a text": b"This is a convolution.\n",
    "zeros": bytes(1000),
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "an archive": b"PK\x03\x04" + bytes(range(256)),
    "a pickle": b"\x80\x04\x95\x0f\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94.",
    "JSON": b'{"op": "conv"}',
    **{f"the first {n} in 16": GOOD[: len(GOOD) * n // 16] for n in range(1, 16)},
}


def mutilated() -> dict[str, bytes]:
    """The bytes of each file."""
    found = dict(BYTES)
    for make, changes in ((good, CHANGES), (branched, OF_BRANCHES)):
        for name, change in changes.items():
            proto = make()
            change(proto)
            found[name] = proto.SerializeToString()
    return found
