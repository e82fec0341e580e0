"""Bad inputs through real processes: one line, the right status, two seconds and 500 MB at most."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

import symconv
from tests.cli.bad_inputs import FILES, LINES, Bad, write_files
from tests.cli.bounded import SYMCONV, Ended, run_lines

SECONDS = 2.0
MEGABYTES = 500.0

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("bad")
    proof = symconv.prove(symconv.Conv(1, 1, 3, stride=2), (9,))
    assert isinstance(proof, symconv.Certificate)
    write_files(made, json.dumps(proof.to_dict()).encode())
    return made


def ended(folder: Path, names: Iterable[str], more: str = "") -> dict[str, Ended]:
    lines = {n: LINES[n].line.replace("@SYMCONV", SYMCONV).replace(" @", more) for n in names}
    return run_lines(lines, folder)


def dear(found: Ended) -> list[str]:
    """What a command took too much of."""
    took = (("seconds", found.seconds, SECONDS), ("MB", found.megabytes, MEGABYTES))
    return [f"{many:.1f} {what}" for what, many, most in took if many > most]


def faults(bad: Bad, found: Ended) -> list[str]:
    """What is wrong with how a command ended."""
    wrong = dear(found)
    if (found.status, found.out, found.err.count("\n")) != (bad.status, "", 1):
        wrong.append(f"status {found.status}, {found.out[:200]!r}, {found.err[:400]!r}")
    if bad.says not in found.err or "please report" in found.err or len(found.err) > 1000:
        wrong.append(f"it says {found.err[:1500]!r}")
    return wrong


def json_faults(bad: Bad, found: Ended) -> list[str]:
    wrong = dear(found)
    if (found.status, found.err, found.out.count("\n")) != (bad.status, "", 1):
        return [*wrong, f"status {found.status}, {found.out[:200]!r}, {found.err[:400]!r}"]
    (result,) = json.loads(found.out)["results"]
    said = result.get("error", "")
    if result["verdict"] != "error" or bad.says not in said or len(said) > 1000:
        wrong.append(f"it says {found.out[:1500]!r}")
    return wrong


def test_there_are_many() -> None:
    assert len(LINES) >= 60
    assert len({bad.line for bad in LINES.values()}) == len(LINES)


# A process starts in half a second, whatever it is asked: by default one of so many does.
SAMPLE = 3


def test_a_bad_input_ends_in_one_line(folder: Path) -> None:
    check_lines(folder, [*LINES][::SAMPLE])


@pytest.mark.slow
def test_every_bad_input_ends_in_one_line(folder: Path) -> None:
    check_lines(folder, [*LINES])


def check_lines(folder: Path, names: list[str]) -> None:
    found = ended(folder, names)
    wrong = {name: w for name, end in found.items() if (w := faults(LINES[name], end))}
    assert wrong == {}
    half_written = {path.name for path in folder.rglob("*") if path.is_file()}
    assert half_written <= {*FILES, "certificate.json", "false.json"}


def test_a_bad_input_ends_in_one_object(folder: Path) -> None:
    check_objects(folder, SAMPLE * SAMPLE)  # the others say the same


@pytest.mark.slow
def test_every_bad_input_ends_in_one_object(folder: Path) -> None:
    check_objects(folder, 1)


def check_objects(folder: Path, sample: int) -> None:
    some = [name for name, bad in LINES.items() if bad.as_json][::sample]
    found = ended(folder, some, " --json")
    wrong = {name: w for name, end in found.items() if (w := json_faults(LINES[name], end))}
    assert wrong == {}
