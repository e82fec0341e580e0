"""Refutations as their users meet them: a sentence that is true, a script that runs alone."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from symconv import check
from symconv.claim import read_claim
from symconv.claim.verdict import Refuted
from symconv.errors import SymconvError
from symconv.explain import script, sentence
from symconv.layer.pointwise import POINTWISE
from symconv.prove.decide import decide
from symconv.replay.functions import EXPRESSIONS, ROUNDED
from symconv.replay.run import replay
from symconv.theorems import read_catalogue
from tests.helpers.lowerings.stated import CLAIMS
from tests.helpers.mistakes import PLANTED
from tests.helpers.random_pipelines import Pipelines
from tests.helpers.scripts import as_stated, number, printed

REFUTED = [text for text in CLAIMS if text["stated"] == "refuted"]
SMALL = [text for text in REFUTED if max(text["input"]["size"]) <= 224]


def refuted(text: dict[str, Any]) -> Refuted:
    verdict = check(text)
    assert isinstance(verdict, Refuted)
    return verdict


def unlike(verdicts: list[Refuted], rounded: bool = False) -> list[str]:
    """The claims whose scripts do not print what is stated, with what they print."""
    scripts = [script(verdict) for verdict in verdicts]
    assert not any("symconv" in text for text in scripts)
    return [
        f"{verdict.claim.name}: {lines[-3:]}, stated {verdict.counterexample.sentence()}"
        for verdict, lines in zip(verdicts, printed(scripts), strict=True)
        if not as_stated(lines, verdict.counterexample, rounded)
    ]


def test_every_refuted_lowering_prints_what_is_stated() -> None:
    assert not unlike([refuted(text) for text in REFUTED])


def test_every_false_neighbour_of_a_theorem_prints_what_is_stated() -> None:
    parts = [p for t in read_catalogue() for p in t.parts if p.stated == "refuted"]
    found = [decide(p.claim) for p in parts]
    verdicts = [verdict for verdict in found if isinstance(verdict, Refuted)]
    assert len(verdicts) == len(parts) > 40
    assert not unlike(verdicts)


def test_a_script_runs_as_a_file_in_an_interpreter_without_symconv(tmp_path: Path) -> None:
    path = tmp_path / "replay.py"
    for text in (POOLED, SMALL[0], claim([[1, 2]])):
        verdict = refuted(text)
        path.write_text(f"import sys\nsys.modules['symconv'] = None\n{script(verdict)}\n")
        run = subprocess.run(
            [sys.executable, "-I", path.name], capture_output=True, text=True, cwd=tmp_path
        )
        assert run.returncode == 0, run.stderr
        assert as_stated(run.stdout.splitlines(), verdict.counterexample)


def random_refutations(seeds: range) -> list[Refuted]:
    found = []
    for seed in seeds:
        try:
            verdict = decide(read_claim({**Pipelines(seed).claim(), "name": f"seed {seed}"}))
        except (SymconvError, ValueError):
            continue  # no claim: the changed side does not fit
        if isinstance(verdict, Refuted):
            found.append(verdict)
    return found


def rounds(verdict: Refuted) -> bool:
    """Whether a function of the claim rounds."""
    steps = (*verdict.claim.left, *verdict.claim.right)
    return any(getattr(step, "function", None) in ROUNDED for step in steps)


def test_random_refutations_over_every_step_print_what_is_stated() -> None:
    check_random(range(600), least=300)


@pytest.mark.slow
def test_many_random_refutations_print_what_is_stated() -> None:
    check_random(range(600, 20_000), least=9_000)


def check_random(seeds: range, least: int) -> None:
    found = random_refutations(seeds)
    assert len(found) >= least
    assert not unlike([verdict for verdict in found if not rounds(verdict)])
    assert not unlike([verdict for verdict in found if rounds(verdict)], rounded=True)


def test_a_sentence_of_values_says_what_a_replay_gives() -> None:
    """Whoever sets the named entries, and the others to 0, finds these two values."""
    told = [v for v in random_refutations(range(400)) if v.counterexample.assignment]
    assert len(told) > 30
    for verdict in told:
        found = verdict.counterexample
        left, right = re.findall(r": left (\S+), right (\S+) in output", sentence(verdict))[0]
        assert (left, right) == (found.left, found.right)
        assert [float(number(side)) for side in (left, right)] == [*map(float, replay(verdict))]


def test_every_function_is_written_out() -> None:
    assert {*EXPRESSIONS, *ROUNDED} == set(POINTWISE)
    for rounded, names in ((False, [*EXPRESSIONS, "f", "pad"]), (True, list(ROUNDED))):
        claims = [applied(name, factor) for name in names for factor in (3, -2)]
        assert not unlike([refuted(text) for text in claims], rounded)


def applied(function: str, factor: int) -> dict[str, Any]:
    """A claim that a function of a multiple of the input is that function, flipped."""
    steps = [
        {"op": "scale", "factors": [[factor], None]},
        {"op": "pointwise", "function": function},
    ]
    flip = {"op": "flip", "axes": [1]}
    return {"input": {"channels": 1, "size": [4]}, "left": [*steps, flip], "right": steps}


def derived(source: str, *steps: dict[str, Any]) -> dict[str, Any]:
    return {"from": source, "steps": list(steps)}


def rearranged(pattern: str) -> dict[str, Any]:
    return {"op": "rearrange", "pattern": pattern}


def test_weights_made_by_convolutions_of_other_ranks_are_written_out() -> None:
    """A batch norm's scale put on the wrong axis of a transposed kernel; a separable kernel."""
    scaled = {
        "input": {"channels": 4, "size": [6]},
        "weights": {
            "w": {"shape": [4, 4, 3]},
            "gamma": {"shape": [4]},
            "g": derived("gamma", rearranged("m -> m 1 1")),
            "g2": derived("gamma", rearranged("m -> m 1 1 1")),
            "right": derived("w", {"op": "conv", "weight": "g2", "groups": 4}),
        },
        "left": [
            {"op": "conv_transpose", "weight": "w", "stride": 2},
            {"op": "conv", "weight": "g", "groups": 4},
        ],
        "right": [{"op": "conv_transpose", "weight": "right", "stride": 2}],
    }
    separable = {
        "input": {"channels": 1, "size": [9, 9]},
        "weights": {
            "a": {"shape": [1, 1, 3, 1]},
            "b": {"shape": [1, 1, 1, 3]},
            "b5": derived("b", rearranged("o c h k -> o c 1 h k")),
            "ab": derived(
                "a",
                {"op": "conv", "weight": "b5", "padding": [[0, 0], [0, 0], [2, 2]]},
                {"op": "flip", "axes": [3]},
            ),
        },
        "left": [{"op": "conv", "weight": "ab", "stride": 2, "padding": 1}],
        "right": [
            {"op": "conv", "weight": "a", "padding": [1, 0]},
            {"op": "conv", "weight": "b", "padding": [0, 1]},
        ],
    }
    assert not unlike([refuted(scaled), refuted(separable)])


@pytest.mark.parametrize(
    "steps",
    [
        [{"op": "conv", "weight": "w", "stride": 2, "padding": 3, "bias": "b"}],
        [{"op": "max_pool", "kernel_size": 3, "stride": 2, "padding": 1}],
        [{"op": "avg_pool", "kernel_size": 3, "stride": 2, "padding": 1}],
        [{"op": "conv_transpose", "weight": "w", "padding": "same", "groups": 1}],
    ],
    ids=lambda steps: steps[0]["op"],
)
def test_a_script_of_many_channels_is_fast(steps: list[dict[str, Any]]) -> None:
    verdict = refuted(
        {
            "input": {"channels": 64, "size": [224, 224]},
            "weights": {"w": {"shape": [64, 64, 7, 7]}, "b": {"shape": [64]}},
            "left": steps,
            "right": [{"op": "flip", "axes": [1]}, *steps],
        }
    )
    start = time.perf_counter()
    assert not unlike([verdict])
    assert time.perf_counter() - start < 20  # seconds; about 1 on a machine of our own


def test_every_mode_value_and_flag_is_written_out() -> None:
    """The planted mistakes of the repairs: each differs in one attribute of one step."""
    shape = {"input": {"channels": 2, "size": [14, 12]}, "weights": {"w": {"shape": [3, 2, 3, 2]}}}
    planted = [{**shape, "left": left, "right": right} for left, right, _ in PLANTED.values()]
    circular = [
        {"op": "conv", "weight": "w", "padding": [[-1, 2], [0, 1]], "padding_mode": mode}
        for mode in ("circular", "zeros")
    ]
    planted.append({**shape, "left": circular[:1], "right": circular[1:]})
    dilated = [
        {"op": "conv", "weight": "w", "padding": pads, "dilation": dilation}
        for pads, dilation in (([[0, 4], [0, 2]], 2), ([[0, 2], [0, 1]], 1))
    ]
    planted.append({**shape, "left": dilated[:1], "right": dilated[1:]})
    assert not unlike([refuted(text) for text in planted])


POOLED = {
    "input": {"channels": 1, "size": [6]},
    "weights": {},
    "left": [{"op": "max_pool", "kernel_size": 2}],
    "right": [{"op": "slice", "slices": [[None, None, None], [0, None, 2]]}],
}
ZERO_PADDED = {
    "input": {"channels": 1, "size": ["N"]},
    "left": [
        {"op": "pad", "padding": [[0, 0], [1, 1]]},
        {"op": "max_pool", "kernel_size": 3, "stride": 3},
    ],
    "right": [{"op": "max_pool", "kernel_size": 3, "stride": 3, "padding": 1}],
}


def test_a_maximum_is_refuted_by_values() -> None:
    assert sentence(refuted(POOLED)) == (
        "with x[0, 1] = 1 and every other entry 0: left 1, right 0 in output [0, 0]"
    )
    found = refuted(ZERO_PADDED)
    assert found.counterexample.to_dict() == {
        "size": {"N": 1},
        "assignment": {"x": [[[0, 0], -1]]},
        "functions": [],
        "output": [0, 0],
        "input": [0, 0],
        "weight": None,
        "weights": {},
        "left": 0,
        "right": -1,
    }
    assert sentence(found) == (
        "at N = 1: with x[0, 0] = -1: left 0, right -1 in output [0, 0]; it holds at no size"
    )


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (3, "with every entry 0: left 3, right 0"),
        ("1/2", "with every entry 0: left 1/2, right 0"),
        (-1, "with x[0, 0] = -2, x[0, 1] = -2 and every other entry 0: left -1, right -2"),
        ("-3/2", "with x[0, 0] = -2, x[0, 1] = -2 and every other entry 0: left -3/2, right -2"),
    ],
)
def test_a_constant_in_a_maximum_is_told_by_values(value: Any, words: str) -> None:
    pads = {"padding": [[0, 0], [1, 0]], "value": value}
    text = {
        "input": {"channels": 1, "size": [5]},
        "left": [{"op": "pad", **pads}, {"op": "max_pool", "kernel_size": 3}],
        "right": [{"op": "pad", **pads, "value": "-inf"}, {"op": "max_pool", "kernel_size": 3}],
    }
    verdict = refuted(text)
    assert sentence(verdict) == f"{words} in output [0, 0]"
    assert not unlike([verdict])


def test_many_entries_are_told_shortly_and_set_as_a_box() -> None:
    pool = {"op": "max_pool", "kernel_size": 4}
    text = {
        "input": {"channels": 1, "size": [4, 4]},
        "left": [{"op": "pad", "padding": [[0, 0], [1, 0], [1, 0]]}, {**pool, "kernel_size": 5}],
        "right": [pool],
    }
    verdict = refuted(text)
    assert sentence(verdict) == (
        "with x[0, 0, 0], ..., x[0, 3, 3] (16 entries) = -1: left 0, right -1 in output [0, 0, 0]"
    )
    assert "x[0:1, 0:4, 0:4] = -1" in script(verdict)


def test_constants_are_told_as_constants() -> None:
    ones = {"shape": [1], "fill": 1}
    text = {
        "input": {"channels": 1, "size": [3]},
        "weights": {"w": {"shape": [1, 1, 1]}, "one": ones, "two": {**ones, "fill": 2}},
        "left": [{"op": "conv", "weight": "w", "bias": "two"}],
        "right": [{"op": "conv", "weight": "w", "bias": "one"}],
    }
    assert sentence(refuted(text)) == (
        "in output [0, 0], the constant term is 2 on the left, 1 on the right"
    )


def test_a_coefficient_beside_a_constant_is_told_by_values() -> None:
    """Both sides give 1 more than the coefficient where x is 1."""
    conv = {"op": "conv", "weight": "w", "bias": "one"}
    text = {
        "input": {"channels": 1, "size": [2]},
        "weights": {"w": {"shape": [1, 1, 1]}, "one": {"shape": [1], "fill": 1}},
        "left": [conv],
        "right": [conv, {"op": "flip", "axes": [1]}],
    }
    assert sentence(refuted(text)) == (
        "with x[0, 0] = 1, w[0, 0, 0] = 1 and every other entry 0: left 2, right 1 in output [0, 0]"
    )


def test_a_weight_called_x_is_not_taken_for_the_input() -> None:
    conv = {"op": "conv", "weight": "x"}
    text = {
        "input": {"channels": 1, "size": [2]},
        "weights": {"x": {"shape": [1, 1, 1]}},
        "left": [conv, {"op": "relu"}, conv],
        "right": [conv, {"op": "relu"}],
    }
    verdict = refuted(text)
    assert set(verdict.counterexample.to_dict()["assignment"]) == {"x", "weight x"}
    assert "weight x[0, 0, 0] = " in sentence(verdict)
    assert not unlike([verdict])


def claim(right_padding: Any, *extra: Any) -> dict[str, Any]:
    return {
        "input": {"channels": 1, "size": [8]},
        "weights": {"w": {"shape": [1, 1, 3]}},
        "left": [{"op": "conv", "weight": "w", "padding": [[1, 1]]}],
        "right": [{"op": "conv", "weight": "w", "padding": right_padding}, *extra],
    }


def test_the_sentence_names_what_each_side_reads() -> None:
    words = sentence(refuted(claim([[0, 2]])))
    assert words == (
        "at output [0, 0], left multiplies w[0, 0, 0] with no input; "
        "right multiplies it with x[0, 0]"
    )


def test_the_sentence_says_that_a_side_reads_nothing() -> None:
    words = sentence(refuted(claim([[2, 0]])))
    assert words.endswith(("with no input", "with x[0, 0]"))


def test_shapes_are_told_as_they_are() -> None:
    verdict = refuted(claim([[1, 2]]))
    assert sentence(verdict) == verdict.counterexample.sentence()


@pytest.mark.parametrize("text", SMALL, ids=lambda text: text["name"])
def test_the_inputs_named_are_read(text: dict[str, Any]) -> None:
    verdict = refuted(text)
    named = re.findall(
        r"(left|right) (?:multiplies [^;]*? with|reads) x(\[[^\]]*\])", sentence(verdict)
    )
    found = verdict.counterexample
    for side, index in named:
        says = index == str(list(found.input or ()))
        assert says == ((found.left if side == "left" else found.right) == "1")
