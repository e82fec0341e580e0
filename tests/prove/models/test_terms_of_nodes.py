"""Terms of the node tests of ONNX: with the tests' numbers in place, they give the results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from functools import reduce
from itertools import product
from typing import Any

import numpy as np
import pytest

from symconv.dialect.onnx.bind import bind
from symconv.dialect.onnx.read import model_of
from symconv.errors import SymconvError
from symconv.prove.models import moves
from symconv.prove.models.convolution import Convolution
from symconv.prove.models.pools import Pooled
from symconv.prove.models.rows import NOTHING
from symconv.prove.models.terms import Tensor, Terms
from symconv.prove.models.walk import Walk, content_key, is_number_like
from tests.helpers.onnx_nodes import NodeTest, node_tests

pytestmark = pytest.mark.once

Array = np.ndarray[Any, Any]

MOVED = (
    *("Pad", "Slice", "SpaceToDepth", "DepthToSpace", "Transpose", "Reshape", "Concat", "Split"),
    *("Gather", "Tile", "Expand", "Squeeze", "Unsqueeze", "Flatten", "Identity"),
    "Resize",
)
POOLED = (
    *("MaxPool", "AveragePool", "LpPool", "GlobalMaxPool", "GlobalAveragePool"),
    *("ReduceMean", "ReduceMax", "ReduceL1", "ReduceL2", "Max"),
)
PRODUCTS = ("Conv", "ConvTranspose")
SUMS = ("Add", "Sum")


class Opaque(LookupError):
    """A term is a function of which nothing is known."""


class Substitution:
    """Numbers in place of terms: an input's are given, a result's are computed."""

    def __init__(self, walk: Walk, given: Mapping[tuple[Any, ...], Array]) -> None:
        self.walk, self.terms = walk, walk.terms
        self.blocks = {self.terms.start(key, a.shape): a.ravel() for key, a in given.items()}

    def numbers(self, ids: Array) -> Array:
        terms, places = np.unique(ids, return_inverse=True)
        found = np.asarray([self.number(term) for term in terms.tolist()], float)
        return found[places].reshape(ids.shape)

    def number(self, term: int) -> float:
        if term < 0:
            return float(np.real(self.terms.value(term)))
        place = self.terms.blocks_in(np.asarray([term]))[0]
        start, _ = self.terms.span(place)
        if start not in self.blocks:
            self.blocks[start] = self.block(self.terms.key(place), start)
        return float(self.blocks[start][term - start])

    def block(self, key: Any, start: int) -> Array:
        applier = self.walk.applier
        if (pooled := applier.pools._by_start.get(start)) is not None:
            return np.asarray([self.pooled(pooled, row) for row in pooled.make()])
        if key in applier.linear._first:
            return self.convolved(applier.linear._first[key][2]()).ravel()
        for applied in (one for many in applier.functions._applied.values() for one in many):
            if applied.start == start and key[0] == "Add":
                a, b = np.broadcast_arrays(*(self.numbers(t.ids) for t in applied.operands))
                return np.asarray(a + b).ravel()
        raise Opaque(str(key[0]))

    def pooled(self, pooled: Pooled, row: Array) -> float:
        values = [self.number(int(term)) for term in row if term != NOTHING]
        if pooled.family == "max":
            return max(values, default=float("-inf"))
        first, *rest = values
        if pooled.family == "mean":
            return sum(rest) / first
        return float(sum(abs(v) ** first for v in rest) ** (1 / first))

    def convolved(self, one: Convolution) -> Array:
        """``(N, M, *O)``, by its definition."""
        x, w = self.numbers(one.x), self.numbers(one.w)
        out = np.zeros((len(w), *one.size))
        per_group = len(w) // one.groups
        for m, c, tap in product(
            range(len(w)), range(w.shape[1]), product(*map(range, one.kernel))
        ):
            channel = m // per_group * w.shape[1] + c
            axes = zip(tap, one.stride, one.dilation, one.size, strict=True)
            index = tuple(slice(d * k, d * k + s * (n - 1) + 1, s) for k, s, d, n in axes)
            out[m] += w[(m, c, *tap)] * x[(channel, *index)]
        return np.moveaxis(out, 0, 1)


def computed(test: NodeTest) -> list[Array]:
    """The test's outputs, from the terms of its model and the numbers of its inputs."""
    model = model_of(test.proto, test.name)
    free = [p for p in model.inputs if is_free(test, p.name)]
    held = {n: a for n, a in test.feeds.items() if n not in {p.name for p in free}}
    ports = tuple(replace(p, shape=test.feeds[p.name].shape) for p in free)
    told = replace(model, inputs=ports, constants={**model.constants, **held})
    bound, walk = bind(told), Walk(Terms())
    env = walk.run(bound)
    given: dict[tuple[Any, ...], Array] = {
        ("input", port.name): test.feeds[port.name] for port in bound.model.ports_read
    }
    given |= {
        content_key(a): a
        for a in bound.model.constants.values()
        if a.dtype != object and not is_number_like(a)
    }
    found = Substitution(walk, given)
    return [of_tensor(found, env[name]) for name in model.outputs]


def is_free(test: NodeTest, name: str) -> bool:
    first = name == test.proto.graph.node[0].input[0]
    return first or (test.feeds[name].dtype.kind == "f" and test.op not in ("Pad", "Slice"))


def of_tensor(found: Substitution, tensor: Tensor) -> Array:
    return found.numbers(tensor.ids).reshape(tensor.shape)


MOST_ENTRIES = 20_000
"""Entries of a test's tensors, added up; those of more take seconds each."""


def is_large(test: NodeTest) -> bool:
    return sum(a.size for a in test.feeds.values()) > MOST_ENTRIES


def agreement(ops: tuple[str, ...], *, large: bool = False) -> tuple[Counter[str], list[str]]:
    """How many tests of each operator agree, and the names of those that do not."""
    agreed, wrong = Counter[str](), []
    for test in node_tests(ops):
        if any(a.dtype.kind not in "fiu" for a in (*test.feeds.values(), *test.wanted.values())):
            continue
        if is_large(test) is not large:
            continue
        try:
            results = computed(test)
        except (Opaque, SymconvError):
            continue
        pairs = zip(results, test.wanted.values(), strict=True)
        if all(a.shape == b.shape and np.allclose(a, b, 1e-3, 1e-5) for a, b in pairs):
            agreed[test.op] += 1
        else:
            wrong.append(test.name)
    return agreed, wrong


def least(agreed: Counter[str], ops: tuple[str, ...]) -> int:
    return reduce(min, (agreed[op] for op in ops))


@pytest.mark.parametrize("ops", [MOVED, POOLED, PRODUCTS, SUMS], ids=lambda ops: ops[0])
def test_terms_are_right(ops: tuple[str, ...]) -> None:
    agreed, wrong = agreement(ops)
    assert wrong == []
    assert least(agreed, ops) >= 1, agreed


@pytest.mark.slow
def test_terms_of_large_tests_are_right() -> None:
    agreed, wrong = agreement((*MOVED, *POOLED, *PRODUCTS), large=True)
    assert wrong == []
    assert agreed["MaxPool"] >= 1


def test_a_wrong_move_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(moves.MOVES, "DepthToSpace", lambda x, _v, a: _other_mode(x, a))
    _, wrong = agreement(("DepthToSpace",))
    assert wrong


def _other_mode(x: Array, attributes: Mapping[str, Any]) -> Array:
    mode = "CRD" if attributes.get("mode", "DCR") == "DCR" else "DCR"
    return moves._depth_to_space(x, (), {**attributes, "mode": mode})
