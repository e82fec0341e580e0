"""The catalogue: stated verdicts, least sizes, another decision procedure, demonstrations."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby, product

import pytest

from symconv.errors import InternalError, SymconvError
from symconv.prove.tables.decide import decide_by_tables
from symconv.theorems import Part, Theorem, decide_theorem, read_catalogue
from symconv.theorems.catalogue import FILES
from symconv.theorems.decide import demonstrate
from symconv.theorems.demonstrations import DEMONSTRATIONS
from symconv.theorems.observed import Demonstration

THEOREMS = read_catalogue()
PARTS = [(theorem, part) for theorem in THEOREMS for part in theorem.parts]
IDS = [f"{theorem.name}: {part.name}" for theorem, part in PARTS]


@pytest.mark.parametrize("theorem", THEOREMS, ids=lambda t: t.name)
def test_claims_are_as_stated_and_demonstrations_run(theorem: Theorem) -> None:
    settled = decide_theorem(theorem)
    assert settled.as_stated, [verdict.verdict for verdict in settled.verdicts]
    assert settled.shown
    if theorem.parts:
        assert {part.stated for part in theorem.parts} == {"proved", "refuted"}
        assert settled.verdict == "proved"
    else:
        assert theorem.lemmas
        assert settled.neighbours
        assert settled.verdict is None


def at_size(part: Part, sizes: dict[str, int]) -> str:
    try:
        return decide_by_tables(part.claim.at(sizes)).verdict
    except SymconvError:
        return "illegal"


@pytest.mark.parametrize(("theorem", "part"), PARTS, ids=IDS)
def test_the_concrete_prover_agrees_at_small_sizes(theorem: Theorem, part: Part) -> None:
    """All small sizes where one or two are named; below the least none fails."""
    names = part.claim.names
    ranges = [range(1, {1: 17, 2: 7}.get(len(names), 3))] * len(names)
    failing = [
        dict(zip(names, values, strict=True))
        for values in product(*ranges)
        if at_size(part, dict(zip(names, values, strict=True))) == "refuted"
    ]
    assert bool(failing) == (part.stated == "refuted")
    if failing:
        assert failing[0] == dict(part.least)


def changed(part: Part) -> Part:
    """The part with another stated verdict, or with another least size."""
    if part.stated == "proved":
        return replace(part, stated="refuted")
    name, value = part.least[0]
    return replace(part, least=((name, value + 1), *part.least[1:]))


@pytest.mark.parametrize("theorem", [t for t in THEOREMS if t.parts], ids=lambda t: t.name)
def test_another_stated_verdict_or_least_size_is_noticed(theorem: Theorem) -> None:
    for stated in ("proved", "refuted"):
        place = next(n for n, part in enumerate(theorem.parts) if part.stated == stated)
        parts = list(theorem.parts)
        parts[place] = changed(parts[place])
        assert decide_theorem(replace(theorem, parts=tuple(parts))).verdict == "refuted"


def test_every_theorem_stands_once() -> None:
    names = [theorem.name for theorem in THEOREMS]
    assert len(set(names)) == len(names) > 30


def test_a_demonstration_can_fail() -> None:
    part = next(p for _, p in PARTS if p.stated == "refuted" and p.least == (("N", 2),))
    wrong = Part(part.name, part.claim, "proved", at=(("N", 2),))
    with pytest.raises(InternalError, match="differ"):
        demonstrate(wrong)


@pytest.mark.parametrize("name", DEMONSTRATIONS)
def test_a_neighbour_in_the_place_of_an_instance_is_noticed(name: str) -> None:
    shown = DEMONSTRATIONS[name]
    for neighbour in shown.neighbours:
        with pytest.raises(InternalError, match="a demonstration fails"):
            Demonstration((neighbour,), ()).run()
    for instance in shown.instances:
        with pytest.raises(InternalError, match="a false neighbour holds"):
            Demonstration((), (instance,)).run()


def test_topics_stand_together() -> None:
    topics = [topic for topic, _ in groupby(theorem.section for theorem in THEOREMS)]
    assert len(set(topics)) == len(topics) == len(FILES)


def test_every_demonstration_is_called_by_a_theorem() -> None:
    called = [t.demonstration for t in THEOREMS if t.demonstration]
    assert sorted(called) == sorted(DEMONSTRATIONS)
