"""Views, slices, joins and sizes of ATen as operators of ONNX.

Source: PyTorch, ``native_functions.yaml``; what may share memory with its input is in `VIEWS`.
"""

from __future__ import annotations

from functools import partial

from symconv.dialect.models.pt2.calls import Aten, Graph, Ref
from symconv.dialect.models.pt2.values import Rule
from symconv.errors import InputError, Unsupported

LAST = 2**63 - 1
"""How torch and ONNX write 'to the end'."""


def same(g: Graph, call: Aten) -> str:
    """What leaves every value as it is."""
    key = "self" if "self" in call.given else "input"
    return g.read(call.tensor(key))


def convert(g: Graph, call: Aten) -> str | None:
    """``to`` and ``_to_copy`` where the element type stays."""
    name = call.tensor("self")
    stays = name in g.metas and call.made in g.metas and g.dtype(name) == g.dtype(call.made)
    return g.read(name) if stays else None


def view(g: Graph, call: Aten) -> str | None:
    """``view`` and ``reshape`` to sizes, some of which may be computed."""
    key = "size" if "size" in call.given else "shape"
    if key not in call.given:  # as another element type
        return None
    return g.node("Reshape", [g.read(call.tensor("self")), g.sizes(call, key)], call.made)


def flatten(g: Graph, call: Aten) -> str:
    """``flatten`` of some axes to one."""
    name = call.tensor("self")
    shape = g.shape(name)
    first, last = (
        _place(call.integer(*pair), len(shape)) for pair in (("start_dim", 0), ("end_dim", -1))
    )
    after = list(shape[last + 1 :])
    if None in after:
        raise Unsupported("sizes behind what is flattened are not numbers")
    target = [*[0] * first, -1, *(n for n in after if n is not None)]
    inputs = [g.read(name), g.b.integers(f"{call.made}/shape", target)]
    return g.node("Reshape", inputs, call.made)


def _place(axis: int, rank: int) -> int:
    if not -rank <= axis < max(rank, 1):
        raise InputError(f"axis {axis} of {rank}")
    return axis % max(rank, 1)


def permute(g: Graph, call: Aten) -> str:
    """``permute``."""
    name = call.tensor("self")
    rank = len(g.shape(name))
    order = [_place(axis, rank) for axis in call.integers("dims")]
    return g.node("Transpose", [g.read(name)], call.made, perm=order)


def transpose(g: Graph, call: Aten) -> str:
    """``transpose`` of two axes, and ``t``."""
    name = call.tensor("self")
    rank = len(g.shape(name))
    order = list(range(rank))
    if call.op == "t":
        order.reverse()
    else:
        one, two = (_place(call.integer(key), rank) for key in ("dim0", "dim1"))
        order[one], order[two] = two, one
    return g.node("Transpose", [g.read(name)], call.made, perm=order)


def unsqueeze(g: Graph, call: Aten) -> str:
    """``unsqueeze``."""
    axes = g.b.integers(f"{call.made}/axes", call.integers("dim"))
    return g.node("Unsqueeze", [g.read(call.tensor("self")), axes], call.made)


def squeeze(g: Graph, call: Aten) -> str:
    """``squeeze`` of axes; those of another size than 1 stay."""
    name = call.tensor("self")
    shape = g.shape(name)
    given = call.integers("dim") if call.given.get("dim") is not None else list(range(len(shape)))
    axes = [_place(axis, len(shape)) for axis in given]
    if any(shape[axis] is None for axis in axes):
        raise Unsupported("it squeezes an axis whose size is not a number")
    ones = [axis for axis in axes if shape[axis] == 1]
    if not ones:
        return g.read(name)
    inputs = [g.read(name), g.b.integers(f"{call.made}/axes", ones)]
    return g.node("Squeeze", inputs, call.made)


def expand(g: Graph, call: Aten) -> str | None:
    """``expand``; -1 keeps a size, as 1 does in ONNX."""
    sizes = call.integers("size")
    inputs = [g.read(call.tensor("self"))]
    shape = g.b.integers(f"{call.made}/shape", [1 if n == -1 else n for n in sizes])
    return g.node("Expand", [*inputs, shape], call.made)


def slice_(g: Graph, call: Aten) -> str:
    """``slice`` along an axis."""
    ends = [call.integer("start", 0), call.integer("end", LAST)]
    axis, step = call.integer("dim", 0), call.integer("step", 1)
    names = zip(("starts", "ends", "axes", "steps"), (*ends, axis, step), strict=True)
    more = [g.b.integers(f"{call.made}/{name}", [value]) for name, value in names]
    return g.node("Slice", [g.read(call.tensor("self")), *more], call.made)


def select(g: Graph, call: Aten) -> str:
    """``select`` of one place along an axis, which goes."""
    index = g.b.constant(f"{call.made}/index", g.index(call.integer("index")))
    inputs = [g.read(call.tensor("self")), index]
    return g.node("Gather", inputs, call.made, axis=call.integer("dim"))


def cat(g: Graph, call: Aten) -> str:
    """``cat``."""
    inputs = [g.read(name) for name in call.tensors("tensors")]
    return g.node("Concat", inputs, call.made, axis=call.integer("dim", 0))


def split(g: Graph, call: Aten) -> str | None:
    """``split``, ``split_with_sizes`` and ``chunk``: all parts at once, bound here."""
    name = call.tensor("self")
    shapes = [g.shape(made) for made in call.outputs]
    axis = _place(call.integer("dim", 0), len(shapes[0]))
    parts = [shape[axis] for shape in shapes]
    if any(part is None for part in parts):
        return None
    sizes = g.b.integers(f"{call.made}/sizes", [part for part in parts if part is not None])
    inputs = [g.read(name), sizes]
    found = g.b.nodes_of("Split", inputs, call.outputs, {"axis": axis})
    for made, tensor in zip(call.outputs[1:], found[1:], strict=True):
        g.bind(made, tensor)
    return found[0]


def size_of(g: Graph, call: Aten) -> str:
    """``sym_size``: a size as a number that is computed."""
    axis = call.integer("dim")
    shape = g.node("Shape", [g.read(call.tensor("self"))], f"{call.made}/shape")
    index = g.b.constant(f"index/{axis}", g.index(axis))
    return g.node("Gather", [shape, index], call.made, axis=0)


def arithmetic(op: str, g: Graph, call: Aten) -> str:
    """Sums, products and quotients of sizes, which are not negative."""
    inputs = []
    for value in call.given.values():
        if isinstance(value, Ref):
            inputs.append(g.read(value.name))
        else:
            inputs.append(g.b.constant(f"index/{value}", g.index(int(value))))
    return g.node(op, inputs, call.made)


VIEWS = {
    *("view", "reshape", "_unsafe_view", "flatten", "permute", "transpose", "t", "unsqueeze"),
    *("squeeze", "expand", "slice", "select", "split", "split_with_sizes", "chunk", "dropout"),
    *("detach", "alias", "contiguous", "to", "feature_dropout", "unfold", "view_as", "narrow"),
}
"""Operators whose output may share the memory of their input."""

RULES: dict[str, Rule] = {
    **dict.fromkeys(("detach", "alias", "contiguous", "clone", "lift_fresh_copy"), same),
    **dict.fromkeys(("dropout", "feature_dropout", "alpha_dropout"), same),
    **dict.fromkeys(("to", "_to_copy"), convert),
    **dict.fromkeys(("view", "reshape", "_unsafe_view"), view),
    "flatten": flatten,
    "permute": permute,
    "transpose": transpose,
    "t": transpose,
    "unsqueeze": unsqueeze,
    "squeeze": squeeze,
    "expand": expand,
    "slice": slice_,
    "select": select,
    "cat": cat,
    **dict.fromkeys(("split", "split_with_sizes", "chunk"), split),
    "sym_size": size_of,
    "_operator.mul": partial(arithmetic, "Mul"),
    "_operator.add": partial(arithmetic, "Add"),
    "_operator.sub": partial(arithmetic, "Sub"),
    "_operator.floordiv": partial(arithmetic, "Div"),
}
