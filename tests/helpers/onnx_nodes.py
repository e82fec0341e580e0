"""ONNX's own node tests: one node, its inputs, and the outputs that it should have."""

from __future__ import annotations

import warnings
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from tests.helpers.requirements import require

Arrays = dict[str, np.ndarray[Any, Any]]


@dataclass(frozen=True)
class NodeTest:
    """One of the tests: the model, what it is given and what it should give, by name."""

    name: str
    proto: Any
    feeds: Arrays
    wanted: Arrays

    @property
    def op(self) -> str:
        """The operator."""
        return str(self.proto.graph.node[0].op_type)

    @property
    def sizes(self) -> dict[str, tuple[int, ...]]:
        """The shapes of the inputs."""
        return {name: array.shape for name, array in self.feeds.items()}


@cache
def _every() -> tuple[NodeTest, ...]:
    require("onnx")
    from onnx.backend.test.case.node import collect_testcases

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tests of ONNX overflow on purpose
        collected = collect_testcases(None)
    return tuple(map(_test, (case for case in collected if len(case.model.graph.node) == 1)))


def _test(case: Any) -> NodeTest:
    inputs, outputs = case.data_sets[0]
    if not _are_arrays(inputs, outputs):
        return NodeTest(case.name, case.model, {}, {})
    graph = case.model.graph
    feeds, wanted = (
        {value.name: np.asarray(array) for value, array in zip(values, arrays, strict=False)}
        for values, arrays in ((graph.input, inputs), (graph.output, outputs))
    )
    return NodeTest(case.name, case.model, feeds, wanted)


def _are_arrays(*groups: Any) -> bool:
    return all(isinstance(one, np.ndarray | np.generic) for group in groups for one in group)


def node_tests(ops: Collection[str]) -> list[NodeTest]:
    """The tests of these operators whose inputs and outputs are arrays."""
    return [test for test in _every() if test.op in ops and test.wanted]
