"""Matrix strides as they are written: JSON, the command line, and what is refused."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import symconv
from symconv.dialect.config import layer_to_dict, read_layer
from symconv.errors import SymconvError
from symconv.layer import LatticeConv
from tests.helpers.requirements import require

QUINCUNX = ((1, 1), (1, -1))
SHEARED = ((2, 0), (1, 3))


@pytest.mark.parametrize(
    ("stride", "message"),
    [
        ([[1, 1], [2, 2]], "is singular; its determinant is 0"),
        ([[1, 1]], "must be square and hold integers"),
        ([[1, 0.5], [0, 1]], "must be square and hold integers"),
        (2, "must be square and hold integers"),
        ([2, 2], "must be square and hold integers"),
    ],
)
def test_matrices_that_are_no_stride(stride: Any, message: str) -> None:
    with pytest.raises(SymconvError, match=message):
        symconv.LatticeConv(1, 1, 3, stride=stride)


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"groups": 2}, "must be divisible by groups"),
        ({"padding_mode": "mirror"}, "padding_mode must be one of"),
        ({"padding_mode": "reflect", "padding_value": 1}, "needs padding_mode='zeros'"),
        ({"in_channels": 0}, "in_channels must be an integer of at least 1, got in_channels=0"),
        (
            {"out_channels": 1.5},
            "out_channels must be an integer of at least 1, got out_channels=1.5",
        ),
        ({"padding": "some"}, "padding must be an integer"),
        ({"kernel_size": (3, 3, 3)}, "the stride has 2 axes, the other attributes 3"),
        ({"dilation": 0}, "dilation must be an integer of at least 1"),
    ],
)
def test_what_a_convolution_would_refuse(attributes: Any, message: str) -> None:
    usual: Any = {"in_channels": 1, "out_channels": 1, "kernel_size": 3, "stride": QUINCUNX}
    with pytest.raises(SymconvError, match=message):
        symconv.LatticeConv(**{**usual, **attributes})


@pytest.mark.parametrize("matrix", [QUINCUNX, np.array(QUINCUNX), [[3]]])
def test_a_conv_with_a_matrix_says_what_to_write(matrix: Any) -> None:
    with pytest.raises(SymconvError, match=r"is a matrix; write LatticeConv\(\.\.\.\)"):
        symconv.Conv(1, 1, 3, stride=matrix)


LAYER: Any = LatticeConv(1, 1, 3, QUINCUNX, padding=1)
REFUSED: dict[str, Any] = {
    "a factor": lambda: symconv.destride(LAYER, factor=2),
    "a residual stride": lambda: symconv.destride(LAYER, residual_stride=2),
    "an order": lambda: symconv.destride(LAYER, order="phase"),
    "sympy": lambda: symconv.prove(LAYER, (5, 5), symbolic=True),
    "another rank": lambda: symconv.prove(LAYER, (4,)),
    "no output": lambda: symconv.prove(LatticeConv(1, 1, 3, QUINCUNX), (2, 5)),
    "a chain": lambda: symconv.chain("net", [LAYER], (9, 9)),
    "a picture": lambda: symconv.draw(symconv.destride(LAYER), "x.svg"),
    "a matrix": lambda: symconv.toeplitz(LAYER, (5, 5)),
    "a framework": lambda: symconv.crosscheck(LAYER, (5, 5)),
    "a graph": lambda: symconv.tie_graph(symconv.destride(LAYER)),
    "a wrong weight": lambda: symconv.evaluate(LAYER, np.ones((1, 5, 5)), np.ones((1, 1, 2, 2))),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_a_matrix_stride_does_not_take_is_refused_in_one_line(what: str) -> None:
    with pytest.raises(SymconvError) as fault:
        REFUSED[what]()
    assert "\n" not in str(fault.value)


def test_small_integer_types_do_not_overflow() -> None:
    layer = LatticeConv(4, 1, 1, QUINCUNX, bias=False)
    x, w = np.full((4, 2, 2), 100, np.int8), np.full((1, 4, 1, 1), 100, np.int8)
    assert set(symconv.evaluate(layer, x, w).ravel().tolist()) == {40_000}


def test_layers_are_values() -> None:
    conv = symconv.Conv(1, 2, 3, stride=(2, 1))
    assert type(conv) is symconv.Conv
    assert replace(conv, stride=3).stride == 3
    for layer in (LAYER, LatticeConv(2, 2, 3, QUINCUNX, "same", groups=2)):
        assert copy.deepcopy(layer) == layer
        assert replace(layer, bias=False).dense.bias is False


@pytest.mark.parametrize("size", [(5, 6), ("H", "W"), (5, "W")])
def test_the_layer_s_json_is_read_again(size: Any) -> None:
    layer = LatticeConv(2, 4, (3, 2), SHEARED, ((1, 0), (2, 1)), (1, 2), 2, True, "circular")
    text = json.loads(json.dumps(layer_to_dict(layer, size, "mine")))
    assert text["stride"] == [[2, 0], [1, 3]]
    again = read_layer(text)
    assert (again.layer, again.input_size, again.name) == (layer, size, "mine")
    verdict = symconv.prove(text)
    assert isinstance(verdict, symconv.Certificate)
    assert verdict.claim.name == "mine"
    assert verdict.sizes == ("these" if size == (5, 6) else "all")


def test_a_configuration_is_kept() -> None:
    own = {
        "op": "conv",
        "in_channels": 1,
        "out_channels": 1,
        "kernel_size": 3,
        "padding": 1,
        "stride": [[1, 1], [1, -1]],
    }
    verdict = symconv.prove(LAYER, (5, 4), config=own)
    assert isinstance(verdict, symconv.Certificate)
    assert verdict.layer == own
    with pytest.raises(SymconvError, match="leave it out"):
        symconv.prove(LAYER, (5, 4), config={**own, "stride": [[1, 1], [-1, 1]]})


@pytest.mark.parametrize("op", ["conv_transpose", "max_pool", "avg_pool"])
def test_a_matrix_goes_with_a_convolution_alone(op: str) -> None:
    text = {"op": op, "in_channels": 1, "out_channels": 1, "kernel_size": 3, "input_size": [4, 4]}
    with pytest.raises(SymconvError, match="matrix goes with 'conv' alone"):
        read_layer({**text, "stride": [[1, 1], [1, -1]]})


def test_a_file_is_proved_and_other_commands_say_what_they_take(tmp_path: Path) -> None:
    click: Any = require("click.testing")
    from symconv.cli.commands import main

    path = tmp_path / "quincunx.json"
    path.write_text(json.dumps(layer_to_dict(LAYER, (6, 5), "quincunx")))
    written = str(tmp_path / "certificate.json")
    asked = {
        ("prove", str(path), "--certificate", written): (0, "proved"),
        ("recheck", written): (0, "proved"),
        ("prove", str(path), "--all-sizes"): (0, "proved"),
        ("expand", str(path)): (0, "cosets"),
        ("report", str(path), "-o", str(tmp_path)): (0, "proved"),
        ("show", str(path)): (2, "show is about phases of each axis"),
        ("draw", str(path), "-o", str(tmp_path / "x.svg")): (2, "draw is about phases"),
        ("crosscheck", str(path)): (2, "crosscheck takes no matrix stride"),
        ("prove", str(path), "--factor", "2"): (2, "a matrix stride does not take factor"),
        ("prove", str(path), "--symbolic"): (2, "does not take symbolic"),
    }
    for words, (status, said) in asked.items():
        result = click.CliRunner().invoke(main, list(words))
        assert (result.exit_code, said in result.output) == (status, True), result.output
