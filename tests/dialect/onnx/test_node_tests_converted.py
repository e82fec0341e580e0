"""ONNX's own node tests of windows: converted, run, and proved to be what they were."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from symconv.dialect.onnx.bind import bind
from symconv.dialect.onnx.convert import Conversion, convert_locally, strided_nodes
from symconv.dialect.onnx.read import model_of
from symconv.dialect.onnx.write import unsound
from symconv.models.check import check_loaded
from symconv.network.disputed import WINDOWS
from tests.helpers.onnx_files import run_file
from tests.helpers.onnx_nodes import NodeTest, node_tests
from tests.helpers.requirements import require

pytestmark = pytest.mark.once

require("onnxruntime")

NOT_CONVERTED = {
    "test_maxpool_with_argmax_2d_precomputed_strides": "its second output holds indices",
}
"""What has no form without stride, even where the size is known."""

AT_A_SIZE = ("depends on a size", "at known sizes", "indices")
"""Words of the reasons for which a node has no form for all sizes."""


def strided(test: NodeTest) -> bool:
    attributes = {a.name: a for a in test.proto.graph.node[0].attribute}
    return "strides" in attributes and any(s > 1 for s in attributes["strides"].ints)


def strided_tests() -> list[NodeTest]:
    return [test for test in node_tests(WINDOWS) if strided(test)]


def converted(test: NodeTest, *, free: bool, materialised: bool) -> Conversion:
    bound = bind(model_of(test.proto, test.name), test.sizes)
    return convert_locally(test.proto, bound, free=free, materialised=materialised)


def assert_same(test: NodeTest, proto: Any) -> None:
    assert unsound(proto) is None, test.name
    for found, wanted in zip(run_file(proto, test.feeds), test.wanted.values(), strict=True):
        assert found.shape == wanted.shape, test.name
        assert np.allclose(found, wanted, rtol=1e-4, atol=1e-5), test.name
    assert strided_nodes(proto.graph, None) == [], test.name
    check = check_loaded(test.proto, proto, test.sizes, test.name)
    assert check.verdict == "proved", (test.name, check.reason)


@pytest.mark.parametrize("materialised", [False, True], ids=["tied", "materialised"])
def test_at_their_sizes(materialised: bool) -> None:
    tally = Counter[str]()
    for test in strided_tests():
        made = converted(test, free=False, materialised=materialised)
        if test.name in NOT_CONVERTED:
            assert NOT_CONVERTED[test.name] in made.left[0].reason
        elif made.changes:  # a window of one output has no stride
            tally[test.op] += 1
            assert_same(test, made.proto)
    assert set(tally) == set(WINDOWS)
    assert tally.total() >= 20


def test_where_sizes_are_free() -> None:
    tally = Counter[str]()
    for test in strided_tests():
        made = converted(test, free=True, materialised=False)
        tally[made.changes[0].became] += 1
        if made.left:
            assert any(words in made.left[0].reason for words in AT_A_SIZE), test.name
        else:
            assert_same(test, made.proto)
    assert tally["converted"] >= 8


def test_phases_in_another_order_would_be_seen() -> None:
    test = next(t for t in strided_tests() if t.name == "test_conv_with_strides_padding")
    proto = converted(test, free=False, materialised=False).proto
    concat = next(n for n in proto.graph.node if n.op_type == "Concat")
    concat.input[:] = list(concat.input)[::-1]
    check = check_loaded(test.proto, proto, test.sizes, test.name)
    assert check.verdict == "refuted"
    with pytest.raises(AssertionError, match=test.name):
        assert_same(test, proto)
