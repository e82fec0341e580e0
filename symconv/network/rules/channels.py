"""Nodes that act along some axes alone, alike at every position of the others.

The axes that they act along are not linked, so that these carry no phases; all others are.
"""

from __future__ import annotations

from dataclasses import replace

from symconv.network.rules.base import (
    Link,
    NoRule,
    Rule,
    RuleOf,
    Shape,
    Site,
    agree,
    from_front,
    is_number,
    linked,
)

JOINED = 13
"""The opset since which a softmax is over one axis."""


def along(site: Site, *axes: int) -> Rule:
    """Read a function along these axes that keeps the shape."""
    shape = site.shape()
    kept = [axis for axis in range(len(shape)) if axis not in axes]
    return Rule("channels", site.outputs_alike(shape), linked(0, kept))


def along_one(site: Site) -> Rule:
    """Read a function along one axis, the last one if nothing is said.

    Before opset 13 a softmax was over that axis and all behind it.
    """
    rank = len(site.shape())
    axis = site.axis("axis", -1, rank)
    joined = site.node.op != "LpNormalization" and site.number("since", JOINED) < JOINED
    rule = along(site, *(range(axis, rank) if joined else (axis,)))
    return replace(rule, partial=site.node.op == "LpNormalization")


def cumulated(site: Site) -> Rule:
    """Read a cumulated sum along an axis that is an input."""
    (axis,) = site.numbers(1, "axes")
    return along(site, from_front(axis, len(site.shape())))


def response_norm(site: Site) -> Rule:
    """Read a local response normalisation: over neighbouring channels."""
    return along(site, 1)


def layer_norm(site: Site) -> Rule:
    """Read a layer normalisation, over an axis and all behind it.

    A scale may vary along axes in front of these, where it is another one at each position.
    """
    rank = len(site.shape())
    first = site.axis("axis", -1, rank)
    shape = site.shape()
    for slot in (1, 2):
        front = site.shape(slot)[: first - rank] if site.has(slot) else ()
        if any(not is_number(size, 1) for size in front):
            raise NoRule("its scale varies along axes that it does not normalise", shape)
    reduced = (*shape[:first], *(1,) * (rank - first))
    outputs = (shape, *(reduced,) * (len(site.node.outputs) - 1))
    return Rule("channels", outputs, linked(0, range(first)))


def best_place(site: Site) -> Rule:
    """Read an ArgMax or ArgMin: where along an axis."""
    shape = site.shape()
    axis = site.axis("axis", 0, len(shape))
    if site.number("keepdims", 1):
        out = (*shape[:axis], 1, *shape[axis + 1 :])
        return Rule("channels", (out,), linked(0, _without(len(shape), axis)))
    out = (*shape[:axis], *shape[axis + 1 :])
    kept = _without(len(shape), axis)
    return Rule("channels", (out,), linked(0, kept, range(len(kept))))


def _without(rank: int, axis: int) -> list[int]:
    return [other for other in range(rank) if other != axis]


def concat(site: Site) -> Rule:
    """Read a concatenation; along the other axes all sizes agree."""
    slots = [n for n in range(len(site.node.inputs)) if site.has(n)]
    shapes = [site.shape(slot) for slot in slots]
    rank = len(shapes[0])
    axis = site.axis("axis", 0, rank)
    if any(len(shape) != rank for shape in shapes):
        raise NoRule("it joins tensors of different ranks")
    kept = _without(rank, axis)
    conditions = [
        t for s in shapes[1:] for other in kept for t in agree(shapes[0][other], s[other])
    ]
    out = list(shapes[0])
    out[axis] = sum(shape[axis] for shape in shapes)
    links = tuple(link for slot in slots for link in linked(slot, kept))
    return Rule("channels", (tuple(out),), links, conditions=tuple(dict.fromkeys(conditions)))


def split(site: Site) -> Rule:
    """Read a split of one axis into parts."""
    shape = site.shape()
    axis = site.axis("axis", 0, len(shape))
    sizes = site.numbers(1, "sizes") if site.has(1) else _even_parts(site, shape[axis])
    outputs = tuple((*shape[:axis], size, *shape[axis + 1 :]) for size in sizes)
    if len(outputs) != len(site.node.outputs):
        raise NoRule(f"it has {len(site.node.outputs)} outputs and {len(outputs)} sizes")
    return Rule("channels", outputs, linked(0, _without(len(shape), axis)))


def _even_parts(site: Site, size: object) -> list[int]:
    """Equal parts, the last one shorter where they do not fit."""
    if not isinstance(size, int):
        raise NoRule("it splits an axis of named size into parts without sizes")
    count = len(site.node.outputs)
    part = -(-size // count)
    return [*(part,) * (count - 1), size - part * (count - 1)]


def gather(site: Site) -> Rule:
    """Read a choice of places along one axis, which may be computed."""
    shape, indices = site.shape(), site.shape(1)
    axis = site.axis("axis", 0, len(shape))
    out = (*shape[:axis], *indices, *shape[axis + 1 :])
    moved = len(indices) - 1
    kept = _without(len(shape), axis)
    return Rule("channels", (out,), linked(0, kept, [a if a < axis else a + moved for a in kept]))


def matrix_product(site: Site) -> Rule:
    """Read a product of matrices: rows of the first and columns of the second stay apart."""
    a, b = site.shape(0), site.shape(1)
    if min(len(a), len(b)) < 2:
        raise NoRule("it multiplies by a vector")
    rank = max(len(a), len(b))
    batch, conditions, links = [], list(agree(a[-1], b[-2])), []
    for axis in range(-rank, -2):
        sizes = [(n, s) for n, s in enumerate((a, b)) if len(s) >= -axis]
        wide = [(n, s[axis]) for n, s in sizes if not is_number(s[axis], 1)]
        batch.append(wide[0][1] if wide else 1)
        conditions += [text for _, size in wide[1:] for text in agree(wide[0][1], size)]
        links += [Link(n, axis + len((a, b)[n]), axis + rank) for n, _ in wide]
    links += [Link(0, len(a) - 2, rank - 2), Link(1, len(b) - 1, rank - 1)]
    out: Shape = (*batch, a[-2], b[-1])
    return Rule("channels", (out,), tuple(links), conditions=tuple(dict.fromkeys(conditions)))


def affine(site: Site) -> Rule:
    """Read a Gemm: rows of the first matrix stay apart, what it contracts has no phases."""
    a, b = site.shape(0), site.shape(1)
    if len(a) != 2 or len(b) != 2:
        raise NoRule("it multiplies what are no matrices")
    turned = bool(site.number("transA", 0)), bool(site.number("transB", 0))
    rows, columns = a[int(turned[0])], b[int(not turned[1])]
    links = [Link(0, int(turned[0]), 0), Link(1, int(not turned[1]), 1)]
    if site.has(2):
        c = site.shape(2)
        links += [
            Link(2, axis, axis + 2 - len(c)) for axis, n in enumerate(c) if not is_number(n, 1)
        ]
    return Rule("channels", ((rows, columns),), tuple(links))


def tile(site: Site) -> Rule:
    """Read a repetition; axes that it leaves alone carry phases."""
    shape, repeats = site.shape(), site.numbers(1, "repeats")
    if len(shape) != len(repeats):
        raise NoRule("it has not one count for each axis")
    out = tuple(size * n for size, n in zip(shape, repeats, strict=True))
    return Rule("channels", (out,), linked(0, [a for a, n in enumerate(repeats) if n == 1]))


RULES: dict[str, RuleOf] = {
    **dict.fromkeys(("Softmax", "LogSoftmax", "Hardmax", "LpNormalization"), along_one),
    **dict.fromkeys(("ArgMax", "ArgMin"), best_place),
    "CumSum": cumulated,
    "LRN": response_norm,
    "LayerNormalization": layer_norm,
    "Concat": concat,
    "Split": split,
    "Gather": gather,
    "MatMul": matrix_product,
    "Gemm": affine,
    "Tile": tile,
}
