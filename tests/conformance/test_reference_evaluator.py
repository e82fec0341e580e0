"""ONNX's node tests by ONNX's own reference evaluator: as they are, and without their strides.

The evaluator is a part of ONNX, in NumPy, and shares no code with the runtime that the other tests
of converted nodes use.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from symconv.dialect.onnx.bind import bind
from symconv.dialect.onnx.convert import convert_locally, strided_nodes
from symconv.dialect.onnx.read import model_of
from symconv.network.disputed import WINDOWS
from tests.helpers.onnx_nodes import NodeTest, node_tests
from tests.helpers.requirements import require

pytestmark = pytest.mark.once

require("onnx")


def evaluated(proto: Any, feeds: dict[str, Any]) -> list[Any]:
    """What the reference evaluator makes of a model."""
    from onnx.reference import ReferenceEvaluator

    return [np.asarray(one) for one in ReferenceEvaluator(proto).run(None, feeds)]


def conforms(test: NodeTest) -> bool:
    """Whether the evaluator itself gives what the test wants: not of every window it does."""
    try:
        found = evaluated(test.proto, test.feeds)
    except Exception:  # noqa: BLE001 - whatever it ends with, it is no oracle there
        return False
    pairs = zip(found, test.wanted.values(), strict=True)
    return all(a.shape == b.shape and np.allclose(a, b, rtol=1e-4, atol=1e-5) for a, b in pairs)


def without_stride(test: NodeTest) -> Any:
    """The model with no strided window, or None where nothing had to be changed."""
    bound = bind(model_of(test.proto, test.name), test.sizes)
    made = convert_locally(test.proto, bound, free=False, materialised=False)
    return made.proto if made.changes and not made.left else None


def test_without_stride_the_evaluator_computes_the_same() -> None:
    tally = Counter[str]()
    for test in node_tests(WINDOWS):
        proto = without_stride(test)
        if proto is None or not conforms(test):
            continue
        tally[test.op] += 1
        assert strided_nodes(proto.graph, None) == [], test.name
        for found, wanted in zip(
            evaluated(proto, test.feeds), evaluated(test.proto, test.feeds), strict=True
        ):
            assert found.shape == wanted.shape, test.name
            assert np.allclose(found, wanted, rtol=1e-4, atol=1e-5), test.name
    assert {"Conv", "ConvTranspose", "MaxPool", "AveragePool"} <= set(tally), tally
    assert tally.total() >= 15, tally


def test_phases_in_another_order_would_be_seen() -> None:
    test = next(t for t in node_tests(["Conv"]) if t.name == "test_conv_with_strides_padding")
    proto = without_stride(test)
    concat = next(n for n in proto.graph.node if n.op_type == "Concat")
    concat.input[:] = list(concat.input)[::-1]
    (found,), (wanted,) = evaluated(proto, test.feeds), test.wanted.values()
    assert not np.allclose(found, wanted)
