"""Refutations as their users meet them: a sentence that is true, a script that runs alone."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from symconv.claim import read_claim
from symconv.explain import script, sentence
from symconv.prove.settle import settle
from symconv.verdict import Refuted
from tests.test_lowerings import CLAIMS

REFUTED = [text for text in CLAIMS if text["stated"] == "refuted"]
SMALL = [text for text in REFUTED if max(text["input"]["size"]) <= 224]


def refuted(text: dict[str, Any]) -> Refuted:
    verdict = settle(read_claim(text))
    assert isinstance(verdict, Refuted)
    return verdict


def printed(code: str, folder: Path) -> list[str]:
    """What a script prints in an interpreter that cannot see symconv."""
    path = folder / "replay.py"
    path.write_text(code)
    found = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.modules['symconv'] = None\n{code}"],
        capture_output=True, text=True, timeout=120, cwd=folder,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    return found.stdout.splitlines()


def test_every_refuted_lowering_has_a_script_of_numpy_alone(tmp_path: Path) -> None:
    for text in SMALL[::3]:
        verdict = refuted(text)
        found = verdict.counterexample
        code = script(verdict)
        assert "symconv" not in code
        left, right = (line[5:].strip() for line in printed(code, tmp_path))
        if found.left_shape is not None:
            assert (left, right) == (str(found.left_shape), str(found.right_shape))
        else:
            assert (left, right) == (found.left, found.right)


@pytest.mark.parametrize("text", REFUTED, ids=lambda text: text["name"])
def test_every_refuted_lowering_has_a_script(text: dict[str, Any]) -> None:
    compile(script(refuted(text)), "replay", "exec")


POOLED = {
    "input": {"channels": 1, "size": [6]}, "weights": {},
    "left": [{"op": "max_pool", "kernel_size": 2}],
    "right": [{"op": "slice", "slices": [[None, None, None], [0, None, 2]]}],
}  # fmt: skip


def test_a_script_that_needs_symconv_says_so() -> None:
    first = script(refuted(POOLED)).splitlines()[0]
    assert "'max_pool' has no short form" in first
    assert "needs symconv" in first


def claim(right_padding: Any, *extra: Any) -> dict[str, Any]:
    return {
        "input": {"channels": 1, "size": [8]}, "weights": {"w": {"shape": [1, 1, 3]}},
        "left": [{"op": "conv", "weight": "w", "padding": [[1, 1]]}],
        "right": [{"op": "conv", "weight": "w", "padding": right_padding}, *extra],
    }  # fmt: skip


def test_the_sentence_names_what_each_side_reads() -> None:
    words = sentence(refuted(claim([[0, 2]])))
    assert words == (
        "at output [0, 0], left multiplies w[0, 0, 0] with no input; "
        "right multiplies it with x[0, 0]"
    )


def test_the_sentence_says_that_a_side_reads_nothing() -> None:
    words = sentence(refuted(claim([[2, 0]])))
    assert words.endswith(("with no input", "with x[0, 0]"))


def test_shapes_and_maxima_are_told_by_their_coefficients() -> None:
    for text in (claim([[1, 2]]), POOLED):
        verdict = refuted(text)
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
