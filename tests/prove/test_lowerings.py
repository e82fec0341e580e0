"""Lowerings met in the wild: the checker tells true from false, and torch's integers agree."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from symconv.claim import read_claim
from symconv.claim.verdict import Certificate, Refuted, Verdict
from symconv.errors import SymconvError
from symconv.prove.decide import decide
from tests.helpers.lowerings.families import FOLDER, written
from tests.helpers.lowerings.layout import lay_out
from tests.helpers.lowerings.stated import CLAIMS, FILES
from tests.helpers.torch_claims import agree

NAMES = [text["name"] for text in CLAIMS]
OTHER_SIZES = (-1, 1, -2, 2, -3, 3, -4, 4, -7, 7, -14, 14, 16, -28, 42, 112)
"""What is added to a claim's own size; the first two at which its steps fit are evaluated too."""


def resized(text: dict[str, Any], more: int) -> dict[str, Any]:
    """The claim with every axis longer than one sample grown or cut."""
    size = [n + more if n > 1 else n for n in text["input"]["size"]]
    return {**text, "input": {**text["input"], "size": size}}


def three_sizes(text: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Verdict]]:
    """The claim at its own size and at two more, each with its verdict there."""
    yield text, decide(read_claim(text))
    found = 0
    for more in OTHER_SIZES:
        other = resized(text, more)
        try:
            verdict = decide(read_claim(other))
        except SymconvError:
            continue
        yield other, verdict
        found += 1
        if found == 2:
            return
    raise AssertionError(f"{text['name']} fits no two other sizes")


@pytest.mark.parametrize("text", CLAIMS, ids=NAMES)
def test_torch_agrees_at_three_sizes(text: dict[str, Any]) -> None:
    for other, verdict in three_sizes(text):
        assert isinstance(verdict, Certificate | Refuted)
        assert agree(other, tries=1) == isinstance(verdict, Certificate), other["input"]


def test_there_are_true_ones_and_false_ones_with_their_sources() -> None:
    assert {text["stated"] for text in CLAIMS} == {"proved", "refuted"}
    assert len(set(NAMES)) == len(CLAIMS) > 100
    assert all(text["source"] for text in CLAIMS)


@pytest.mark.parametrize(
    ("path", "claims"), written(), ids=lambda value: getattr(value, "stem", "")
)
def test_the_families_are_the_written_ones(path: Path, claims: tuple[Any, ...]) -> None:
    assert path.read_text() == lay_out(claims)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_is_laid_out(path: Path) -> None:
    assert path.read_text() == lay_out(FILES[path])


def check(*flags: str) -> dict[str, str]:
    """Verdicts of all lowerings by the command, in a fresh interpreter."""
    command = ["-m", "symconv.cli", "check", *map(str, FILES), "--json"]
    found = subprocess.run(
        [sys.executable, *flags, *command], capture_output=True, text=True, cwd=FOLDER.parents[1]
    )
    assert found.returncode == 1, found.stderr
    return {r["name"]: r["verdict"] for r in json.loads(found.stdout)["results"]}


@pytest.mark.once
def test_without_asserts_the_verdicts_are_the_same() -> None:
    assert check("-O") == {text["name"]: text["stated"] for text in CLAIMS}


def test_the_interpreter_refuses_a_step_it_does_not_know() -> None:
    strange = {"input": {"channels": 1, "size": [4]}, "left": [{"op": "warp"}], "right": []}
    with pytest.raises(KeyError, match="warp"):
        agree(strange)
