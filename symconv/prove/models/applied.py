"""Operators applied to terms: what each one is to the readers of functions, pools and kernels."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from symconv.errors import Unsupported
from symconv.network.bound import Bound
from symconv.network.model import ModelNode
from symconv.prove.models.convolution import Convolution, as_batchless, hush, zero_rows
from symconv.prove.models.linear import Linear
from symconv.prove.models.moves import padded, zero_inserted
from symconv.prove.models.pads import Axis, conv_axes, pool_axes, transpose_axes
from symconv.prove.models.pointwise import UNARY, Pointwise
from symconv.prove.models.pools import Family, Pools, windows_of
from symconv.prove.models.terms import LEAST, ZERO, Ids, Shape, Tensor, Terms

Inputs = Sequence[Tensor | None]

GLOBAL: dict[str, Family] = {
    "GlobalMaxPool": "max",
    "GlobalAveragePool": "mean",
    "GlobalLpPool": "norm",
}
REDUCED: dict[str, Family] = {
    "ReduceMax": "max",
    "ReduceMean": "mean",
    "ReduceL1": "norm",
    "ReduceL2": "norm",
}


def made_as(node: ModelNode, bound: Bound) -> str:
    """The element type of a node's first output."""
    return bound.dtypes.get(node.outputs[0], "?")


def kinds_of(node: ModelNode, bound: Bound) -> tuple[str, ...]:
    """The element types of what a node reads and makes: 1 / 2 is 0 or 0.5."""
    return tuple(
        bound.dtypes.get(name, "?") if name else "" for name in (*node.inputs, node.outputs[0])
    )


class Applier:
    """Applies the operators that more is known of than that they are functions."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.functions = Pointwise(terms)
        self.pools = Pools(terms)
        self.linear = Linear(terms)
        self._opaque: dict[Hashable, list[tuple[tuple[Tensor, ...], Tensor]]] = {}

    def pointwise(self, node: ModelNode, inputs: Inputs, bound: Bound) -> Tensor:
        """A function of each entry."""
        attributes = {k: v for k, v in node.attributes.items() if k != "training_mode"}
        if node.op in ("Add", "Sum"):
            return self._folded("Add", [t for t in inputs if t is not None], made_as(node, bound))
        said = tuple(sorted((k, str(v)) for k, v in attributes.items()))
        key = (node.op, said, kinds_of(node, bound))
        present = [t for t in inputs if t is not None]
        if node.op in UNARY and len(present) == 1:
            return self.functions.unary(key, node.op, present[0])
        if node.op == "BatchNormalization":
            return self.functions.nary(key, node.op, _by_channel(self.terms, present))
        if len(present) == 1:
            same = node.op in ("Min", "Mean", "Clip")
            return present[0] if same else self.functions.unary(key, node.op, present[0])
        absent = tuple(t is None for t in inputs)
        return self.functions.nary((*key, absent), node.op, present)

    def _folded(self, op: str, operands: Sequence[Tensor], kind: str) -> Tensor:
        """``a + b + c`` as ``(a + b) + c``."""
        total = operands[0]
        for one in operands[1:]:
            total = self.functions.nary((op, kind), op, [total, one])
        return total

    def select(self, operands: Sequence[Tensor], kind: str) -> Tensor:
        """What a condition chooses from two tensors."""
        return self.functions.nary(("If", kind), "If", operands)

    def window(self, node: ModelNode, inputs: Inputs, bound: Bound) -> Tensor | None:
        """A convolution, a pooling, a reduction or a product of matrices; None for others."""
        make = {
            "Conv": self._conv,
            "ConvTranspose": self._transposed,
            "MaxPool": self._max_pool,
            "AveragePool": self._average,
            "LpPool": self._norm,
            "Max": self._max,
            "Gemm": self._gemm,
            "MatMul": self._matmul,
        }.get(node.op)
        if node.op in GLOBAL:
            return self._global(node, inputs)
        if node.op in REDUCED:
            return self._reduced(node, inputs, bound)
        try:
            return None if make is None else make(node, inputs, bound)
        except Unsupported:  # what it means is not agreed upon: a function of its whole inputs
            return None

    def _conv(self, node: ModelNode, inputs: Inputs, bound: Bound) -> Tensor | None:
        x, w = inputs[0], inputs[1]
        if x is None or w is None:
            return None
        axes = conv_axes(node, x.shape, w.shape)
        y = self._linear(x, w, axes, node.attributes.get("group", 1))
        return self._biased(y, inputs, made_as(node, bound))

    def _transposed(self, node: ModelNode, inputs: Inputs, bound: Bound) -> Tensor | None:
        x, w = inputs[0], inputs[1]
        if x is None or w is None:
            return None
        axes = transpose_axes(node, x.shape, w.shape)
        groups = node.attributes.get("group", 1)
        m = w.shape[1] * groups
        shape = (m, w.shape[0] // groups, *w.shape[2:])
        key = ("transposed kernel", groups, w.number)
        flipped = self.terms.moved(key, w, shape, lambda: _turned(w.ids, groups))
        return self._biased(self._linear(x, flipped, axes, groups), inputs, made_as(node, bound))

    def _linear(self, x: Tensor, w: Tensor, axes: Sequence[Axis], groups: int) -> Tensor:
        """``w * x`` on every axis, without bias; a stride on one output is none."""
        numbers = tuple(a.key() for a in axes)
        key = ("convolution", numbers, groups, x.number, w.number)
        if (found := self.terms.made(key)) is not None:
            return found
        shape = (x.shape[0], w.shape[0], *(a.outputs for a in axes))

        def convolution() -> Convolution:
            signal = as_batchless(_cut(zero_inserted(x.ids, [a.holes for a in axes]), axes, ZERO))
            kernel = w.ids[:, :, None] if w.ids.ndim else w.ids
            start = self.terms.start(key, shape)
            strides = (1, *(a.stride for a in axes))
            dilations = (1, *(a.dilation for a in axes))
            return Convolution(key, signal, kernel, strides, dilations, groups, start, silent)

        silent = tuple(a.silent() for a in axes)
        zeros = w.mixed or any(one.any() for one in silent)
        lazy = self.linear.lazily(key, x, w, convolution)

        def block() -> Ids:
            found = self.terms.block(key, shape)
            if zeros:
                hush(as_batchless(found), zero_rows(w.ids), silent)
            return found

        def met() -> Ids:
            return np.moveaxis(self.linear.outputs(lazy()), 0, 1)

        # The first model's convolutions make blocks, batch first; the second's meet them.
        made = met if self.terms.second else block
        start = frozenset([self.terms.start(key, shape)])
        return self.terms.tensor(key, shape, made, distinct=not zeros, mixed=zeros, origins=start)

    def _biased(self, y: Tensor, inputs: Inputs, kind: str) -> Tensor:
        if len(inputs) < 3 or inputs[2] is None:
            return y
        return self._folded("Add", [y, _along_channels(self.terms, inputs[2], len(y.shape))], kind)

    def _max_pool(self, node: ModelNode, inputs: Inputs, bound: Bound) -> Tensor | None:
        x = inputs[0]
        if x is None or any(node.outputs[1:]):
            return None
        axes = pool_axes(node, x.shape)
        key = ("max pool", tuple(a.key() for a in axes), x.number)
        shape = (*x.shape[:2], *(a.outputs for a in axes))
        if _is_thinning(axes):
            return self._thinned(x, axes, shape)
        return self.pools.pool("max", key, [x], shape, lambda: _rows(x.ids, axes, LEAST))

    def _thinned(self, x: Tensor, axes: Sequence[Axis], shape: Shape) -> Tensor:
        """A maximum or a mean of one sample each: every so many samples, as they are."""
        ends = [(a.stride, a.stride * (a.outputs - 1) + 1) for a in axes]
        taken: tuple[Any, ...] = (slice(None),) * 2 + tuple(slice(0, end, s) for s, end in ends)
        key = ("thinned", tuple(ends), x.number)
        return self.terms.moved(key, x, shape, lambda: x.ids[taken])

    def _average(self, node: ModelNode, inputs: Inputs, bound: Bound) -> Tensor | None:
        x = inputs[0]
        if x is None:
            return None
        axes = pool_axes(node, x.shape)
        counts = bool(node.attributes.get("count_include_pad", 0))
        key = ("average pool", tuple(a.key() for a in axes), counts, x.number)
        shape = (*x.shape[:2], *(a.outputs for a in axes))
        if _is_thinning(axes):
            return self._thinned(x, axes, shape)

        def rows() -> Ids:
            terms = _rows(x.ids, axes, ZERO)
            divisors = np.asarray([self.terms.number(n) for n in _counts(axes, counts)], np.int64)
            column = np.tile(divisors, x.shape[0] * x.shape[1])
            return np.concatenate([column[:, None], terms], axis=1)

        return self.pools.pool("mean", key, [x], shape, rows)

    def _norm(self, node: ModelNode, inputs: Inputs, bound: Bound) -> Tensor | None:
        x = inputs[0]
        if x is None:
            return None
        axes, p = pool_axes(node, x.shape), self.terms.number(node.attributes.get("p", 2))
        key = ("norm pool", tuple(a.key() for a in axes), p, x.number)
        shape = (*x.shape[:2], *(a.outputs for a in axes))
        return self.pools.pool("norm", key, [x], shape, lambda: _led(p, _rows(x.ids, axes, ZERO)))

    def _max(self, node: ModelNode, inputs: Inputs, bound: Bound) -> Tensor | None:
        present = [t for t in inputs if t is not None]
        if len(present) == 1:
            return present[0]
        shape = np.broadcast_shapes(*(t.shape for t in present))
        key = ("max", tuple(sorted(t.number for t in present)))

        def rows() -> Ids:
            parts = np.broadcast_arrays(*(t.ids for t in present))
            return np.stack([part.ravel() for part in parts], axis=1)

        return self.pools.pool("max", key, present, shape, rows)

    def _global(self, node: ModelNode, inputs: Inputs) -> Tensor | None:
        x = inputs[0]
        if x is None:
            return None
        axes, exponent = tuple(range(2, len(x.shape))), node.attributes.get("p", 2)
        return self._over(GLOBAL[node.op], x, axes, keep=True, exponent=exponent)

    def _reduced(self, node: ModelNode, inputs: Inputs, bound: Bound) -> Tensor | None:
        x = inputs[0]
        if x is None:
            return None
        name = node.inputs[1] if len(node.inputs) > 1 else ""
        if name and name not in bound.values:
            return None
        asked = bound.values[name].ravel().tolist() if name else []
        if not asked and node.attributes.get("noop_with_empty_axes", 0):
            return None
        rank = len(x.shape)
        axes = tuple(sorted({int(a) % rank for a in asked} or range(rank)))
        keep, exponent = bool(node.attributes.get("keepdims", 1)), int(node.op[-1] != "1") + 1
        return self._over(REDUCED[node.op], x, axes, keep=keep, exponent=exponent)

    def _over(
        self, family: Family, x: Tensor, axes: tuple[int, ...], *, keep: bool, exponent: int
    ) -> Tensor:
        """The maximum, mean or norm over these axes."""
        key = ("reduced", family, axes, keep, exponent if family == "norm" else 0, x.number)
        shape = tuple(
            1 if n in axes else size for n, size in enumerate(x.shape) if keep or n not in axes
        )

        def rows() -> Ids:
            rest = [n for n in range(len(x.shape)) if n not in axes]
            flat = x.ids.transpose(*rest, *axes).reshape(int(np.prod(shape)), -1)
            if family == "max":
                return flat
            first = exponent if family == "norm" else flat.shape[1]
            return _led(self.terms.number(first), flat)

        return self.pools.pool(family, key, [x], shape, rows)

    def _gemm(self, node: ModelNode, inputs: Inputs, bound: Bound) -> Tensor | None:
        """``A B + C`` as a product of matrices and a sum, where nothing is scaled."""
        a, b, *rest = inputs
        scaled = node.attributes.get("alpha", 1.0) != 1 or node.attributes.get("beta", 1.0) != 1
        if a is None or b is None or scaled:
            return None
        left, right = (
            _flipped(self.terms, t) if node.attributes.get(key, 0) else t
            for key, t in (("transA", a), ("transB", b))
        )
        shape = (left.shape[0], right.shape[1])
        product = self._product(left, right, shape, made_as(node, bound))
        if not rest or rest[0] is None:
            return product
        return self._folded("Add", [product, rest[0]], made_as(node, bound))

    def _matmul(self, node: ModelNode, inputs: Inputs, bound: Bound) -> Tensor | None:
        """A product of matrices; one by a single matrix is taken row by row."""
        a, b = inputs
        if a is None or b is None or len(b.shape) != 2 or len(a.shape) < 2:
            return None
        rows = (int(np.prod(a.shape[:-1])), a.shape[-1])
        flat = self._in_shape(a, rows)
        product = self._product(flat, b, (rows[0], b.shape[1]), made_as(node, bound))
        return self._in_shape(product, (*a.shape[:-1], b.shape[1]))

    def _in_shape(self, t: Tensor, shape: Shape) -> Tensor:
        """A tensor in another shape."""
        if t.shape == shape:
            return t
        key = ("in shape", shape, t.number)
        return self.terms.moved(key, t, shape, lambda: t.ids.reshape(shape))

    def _product(self, left: Tensor, right: Tensor, shape: Shape, kind: str) -> Tensor:
        return self.whole(("", "MatMul", kind), [left, right], shape)

    def whole(self, name: tuple[Hashable, ...], inputs: Sequence[Tensor], shape: Shape) -> Tensor:
        """A function of its whole inputs: equal inputs, by number or by terms, equal outputs."""
        key = ("function", name, tuple(t.number for t in inputs))
        if (found := self.terms.made(key)) is not None:
            return found
        mine = tuple(inputs)
        first = self._opaque.setdefault(name, [])
        if self.terms.second:
            for others, result in first:
                if self._same(mine, others):
                    return self.terms.alias(key, result)
        made = self.terms.fresh(key, shape)
        if not self.terms.second:
            first.append((mine, made))
        return made

    def _same(self, mine: Sequence[Tensor], others: Sequence[Tensor]) -> bool:
        pairs = list(zip(mine, others, strict=True))
        return all(a.shape == b.shape and self._may_be(a, b) for a, b in pairs) and all(
            a.number == b.number or a.digest == b.digest for a, b in pairs
        )

    def _may_be(self, a: Tensor, b: Tensor) -> bool:
        """Whether two tensors have terms of the same blocks; cheap where they have not."""
        if a.number == b.number:
            return True
        return self.terms.blocks_of(a) <= self.terms.blocks_of(b)


def _by_channel(terms: Terms, tensors: Sequence[Tensor]) -> list[Tensor]:
    """The input, and one number per channel, along the channels' axis."""
    x, *rest = tensors
    return [x, *(_along_channels(terms, t, len(x.shape)) for t in rest)]


def _along_channels(terms: Terms, b: Tensor, rank: int) -> Tensor:
    shape = (1, b.shape[0], *(1,) * (rank - 2))
    return terms.moved(("along channels", rank, b.number), b, shape, lambda: b.ids.reshape(shape))


def _flipped(terms: Terms, t: Tensor) -> Tensor:
    key = ("Transpose", (("perm", (1, 0)),), t.number, ())
    return terms.moved(key, t, t.shape[::-1], lambda: t.ids.T)


def _turned(w: Ids, groups: int) -> Ids:
    """The kernel of a transposed convolution as one of a convolution: turned, channels swapped."""
    c, m, *taps = w.shape
    split = w.reshape(groups, c // groups, m, *taps).swapaxes(1, 2)
    flat = split.reshape(groups * m, c // groups, *taps)
    return np.flip(flat, axis=tuple(range(2, flat.ndim)))


def _cut(x: Ids, axes: Sequence[Axis], fill: int) -> Ids:
    """The signal with its pads, as far as the last window reads."""
    pads = [(0, 0), (0, 0), *(a.reach(n) for a, n in zip(axes, x.shape[2:], strict=True))]
    return padded(x, pads, "constant", fill)


def _is_thinning(axes: Sequence[Axis]) -> bool:
    """Whether every window is one sample of the signal."""
    return all(a.kernel == 1 and a.lo == 0 and not a.silent().any() for a in axes)


def _rows(x: Ids, axes: Sequence[Axis], fill: int) -> Ids:
    signal = _cut(x, axes, fill)
    seen = windows_of(
        signal, [a.kernel for a in axes], [a.stride for a in axes], [a.dilation for a in axes]
    )
    return seen.reshape(-1, seen.shape[-1])


def _led(first: int, rows: Ids) -> Ids:
    """Rows with one term in front."""
    return np.concatenate([np.full((len(rows), 1), first, np.int64), rows], axis=1)


def _counts(axes: Sequence[Axis], counts_pads: bool) -> list[int]:
    """The divisor of each output of an average."""
    total = np.ones((), np.int64)
    for axis in axes:
        total = np.multiply.outer(total, axis.counts(counts_pads))
    return [int(n) for n in total.ravel()]
