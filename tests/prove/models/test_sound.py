"""What would be a false proof or a false refutation, and is neither."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from symconv.models.check import ModelCheck, check_loaded
from symconv.prove.models import linear, separable, windows
from symconv.prove.models.convolution import Convolution
from symconv.prove.models.guesses import Place
from symconv.prove.models.rows import RowTable
from symconv.prove.models.terms import Terms
from tests.helpers.onnx_files import file_of, graph, node, random_weight, value
from tests.helpers.requirements import require

onnx: Any = require("onnx")
require("onnxruntime")

W = random_weight(4, 3, 3, 3)
SIZE = {"x": (1, 3, 8, 8)}


def verdict(first: Any, second: Any) -> ModelCheck:
    return check_loaded(first, second, None, "pair")


def strided(**attributes: Any) -> Any:
    asked = {"strides": [2, 2], "pads": [1, 1, 1, 1], **attributes}
    return file_of([node("Conv", ["x", "w"], ["y"], **asked)], SIZE, ["y"], {"w": W})


def converted(proto: Any) -> Any:
    from symconv.dialect.onnx.bind import bind
    from symconv.dialect.onnx.convert import convert_locally
    from symconv.dialect.onnx.read import model_of

    return convert_locally(proto, bind(model_of(proto, "m")), free=False).proto


def test_numbers_of_every_type_are_what_they_are() -> None:
    ml_dtypes = require("ml_dtypes")
    terms, plain = Terms(), np.asarray([0.5, -0.25, 2.0, 0.0])
    wanted = terms.numbers(plain).tolist()
    for dtype in (ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn, np.float16, np.float64):
        assert terms.numbers(plain.astype(dtype)).tolist() == wanted
    assert len(set(terms.numbers(np.asarray(["a", "b", "0.5"])).tolist()) - set(wanted)) == 3


def test_kernels_in_bfloat16_are_not_cut_to_integers() -> None:
    def half(scale: float) -> Any:
        kernel = (np.full((4, 3, 3, 3), scale)).astype(require("ml_dtypes").bfloat16)
        conv = node("Conv", ["h", "w"], ["z"])
        nodes = [node("Cast", ["x"], ["h"], to=16), conv, node("Cast", ["z"], ["y"], to=1)]
        output = value("y", [1, 4, 6, 6])
        return file_of(nodes, SIZE, [output], {"w": kernel}, opset=22)

    assert verdict(half(0.5), half(0.5)).verdict == "proved"
    assert verdict(half(0.5), half(0.25)).verdict != "proved"


def test_a_reduction_over_axes_that_are_an_input_is_a_function_of_them() -> None:
    def reduced(first: str, second: str) -> Any:
        nodes = [
            node("ReduceMean", ["x", first], ["p"], keepdims=0),
            node("ReduceMax", ["x", second], ["q"], keepdims=0),
        ]
        ports = [value("x", [2, 3]), value("a", [1], "int64"), value("b", [1], "int64")]
        outputs = [value("p", ["n"]), value("q", ["m"])]
        made = graph(nodes, ports, outputs)
        opset = [onnx.helper.make_opsetid("", 18)]
        return onnx.helper.make_model(made, opset_imports=opset, ir_version=8)

    check = verdict(reduced("a", "b"), reduced("b", "a"))
    assert check.verdict != "proved"


def test_outputs_of_another_type_are_not_equal() -> None:
    def counted(dtype: str) -> Any:
        nodes = [node("Identity", ["c"], ["y"]), node("Relu", ["x"], ["z"])]
        held = {"c": np.asarray([1, 2, 3], dtype)}
        outputs = [value("y", [3], dtype), value("z", SIZE["x"])]
        return file_of(nodes, SIZE, outputs, held)

    assert verdict(counted("int64"), counted("float32")).verdict == "refuted"
    assert verdict(counted("int64"), counted("int64")).verdict == "proved"


def looped(first: str, second: str) -> Any:
    """A Loop whose body holds an If that reads one of two tensors of the body."""
    states = value("s", None), value("out", None)

    def branch(name: str) -> Any:
        return graph([node("Neg", ["r"], [name])], [], [value(name, None)])

    inner = [
        node("Relu", ["s"], [first]),
        node("Sigmoid", ["s"], [second]),
        node("If", ["k"], ["out"], then_branch=branch("t"), else_branch=branch("e")),
        node("Identity", ["k"], ["again"]),
    ]
    ports = [value("i", [], "int64"), value("k", [], "bool"), states[0]]
    body = graph(inner, ports, [value("again", [], "bool"), states[1]])
    loop = node("Loop", ["n", "", "x"], ["y"], body=body)
    return file_of([loop], SIZE, [value("y", SIZE["x"])], {"n": np.asarray(2)})


def test_a_body_in_a_body_is_what_it_reads_not_how_that_is_called() -> None:
    check = verdict(looped("r", "q"), looped("q", "r"))
    assert check.verdict == "refuted"
    assert verdict(looped("r", "q"), looped("r", "other")).verdict == "proved"


def test_what_is_computed_from_a_weight_is_not_refuted_with_other_weights() -> None:
    """A scale folded into one of two kernels: equal at the file's weights, and rounded."""
    scale, again = np.asarray([0.5, 1.5, 0.75, 1.25], np.float32), random_weight(4, 4, 3, 3, seed=1)
    held = {"w": W, "s": scale.reshape(4, 1, 1), "v": again}
    last = [node("Mul", ["b", "s"], ["c"]), node("Conv", ["c", "v"], ["y"])]
    first = file_of(
        [node("Conv", ["x", "w"], ["a"]), node("Mul", ["a", "s"], ["b"]), *last], SIZE, ["y"], held
    )
    held["w"] = W * scale.reshape(4, 1, 1, 1)
    second = file_of([node("Conv", ["x", "w"], ["b"]), *last], SIZE, ["y"], held)
    check = verdict(first, second)
    assert check.verdict == "undecided"
    assert "rounding" in check.reason


def test_a_weight_and_its_moved_copy_are_not_told_apart_by_random_ones() -> None:
    held = {"w": W[:, :, :1, :1], "m": W[:, :, :1, :1].reshape(4, 3, 1, 1, 1)}
    lifted = [node("Unsqueeze", ["x", "two"], ["l"]), node("Conv", ["l", "m"], ["k"])]
    plain = node("Conv", ["x", "w"], ["j"])
    one = [plain, *lifted, node("Squeeze", ["k", "two"], ["z"])]
    held["two"] = np.asarray([2])
    first = file_of([*one, node("Identity", ["j"], ["y"])], SIZE, ["y", "z"], held)
    second = file_of([*one, node("Identity", ["z"], ["y"])], SIZE, ["y", "z"], held)
    assert verdict(first, second).verdict != "refuted"


def test_a_hash_that_is_no_good_makes_no_wrong_term(monkeypatch: pytest.MonkeyPatch) -> None:
    def same(rows: Any) -> Any:
        return np.zeros(len(rows), np.uint64)

    monkeypatch.setattr("symconv.prove.models.rows._hashes", same)
    table = RowTable(np.asarray([[1, 2], [3, 4]]))
    assert table.places(np.asarray([[3, 4]])).tolist() in ([-1], [1])

    def pooled(stride: int) -> Any:
        asked = {"kernel_shape": [2, 2], "strides": [stride, stride], "pads": [0, 0, 1, 1]}
        return file_of([node("MaxPool", ["x"], ["y"], **asked)], SIZE, ["y"])

    assert verdict(pooled(1), pooled(1)).verdict == "proved"
    thinned = converted(pooled(2))
    thinned.graph.node[0].op_type = "Pad"
    assert verdict(pooled(2), pooled(1)).verdict == "refuted"


def test_wrong_guesses_do_not_prove(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is guessed, what is proved is what the products say."""
    faulty = strided(pads=[0, 1, 2, 1])
    wide = strided()

    def any_place(one: Convolution, other: Convolution) -> Iterator[list[Place | None]]:
        from fractions import Fraction

        for slope in (1, 2):
            axis = (Fraction(slope), Fraction(0))
            yield [Place(m, (axis,) * len(one.size)) for m in range(len(one.w))]
            yield [Place(0, (axis,) * len(one.size)) for _ in range(len(one.w))]

    monkeypatch.setattr(linear, "guesses", any_place)
    assert verdict(wide, converted(wide)).verdict == "proved"
    assert verdict(wide, converted(faulty)).verdict == "refuted"


def test_guesses_that_fail_leave_it_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear, "guesses", lambda one, other: iter(()))
    assert verdict(strided(), converted(strided())).verdict == "undecided"


def test_products_that_were_not_compared_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The faults of these tests need the comparison: without it they pass for proved."""
    faulty = converted(strided(pads=[0, 1, 2, 1]))
    monkeypatch.setattr(linear.Linear, "_equal", lambda *_: True)
    assert verdict(strided(), faulty).verdict == "proved"


def garbled() -> Any:
    """An input of which one entry is not known."""
    x = np.arange(12).reshape(1, 3, 4)
    x[0, 1, 2] = 2**62
    return x


def test_one_lost_entry_is_no_product_of_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    assert separable.separate(garbled()) is None
    row = np.arange(12).reshape(1, 3, 4)
    row[0, 1] = 2**62 + np.arange(4)
    found = separable.separate(row)
    assert found is not None
    assert found.tables[0][0, 1] == separable.LOST
    monkeypatch.setattr(separable, "_is_product", lambda *_: True)
    assert separable.separate(garbled()) is not None


def test_garbage_meets_nothing() -> None:
    x = np.arange(12).reshape(1, 3, 4)
    x[0, 1] = 2**62 + np.arange(4)
    signal = separable.separate(x)
    assert signal is not None
    reads = windows.Windowed(signal, (2, 1), (1, 1), (1, 1)).reads(
        [np.arange(2), np.arange(4)], windows.Vectors()
    )
    assert reads.lost.all()
    assert not reads.dead.any()
