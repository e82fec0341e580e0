"""What each command loads: one that lists, helps or refuses waits for no library of mathematics.

Modules are those that ``python -X importtime`` prints.  `COMMANDS` says what each command loads;
what it says and is not loaded is a stale line, and fails too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import symconv
from symconv.cli.commands import main
from tests.helpers.onnx_files import file_of, node
from tests.helpers.requirements import require

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]

HEAVY = {
    *("numpy", "sympy", "islpy", "networkx", "scipy", "z3", "cvc5"),
    *("jinja2", "latex2mathml", "matplotlib", "rich", "hypothesis"),
    *("onnx", "onnxruntime", "torch", "jax", "tensorflow", "keras", "tflite", "flatbuffers"),
    *("dask", "distributed", "multiprocessing", "asyncio"),
}
"""Libraries that take about ten milliseconds and more; a command names those that it needs."""

LAYER = "conv i1x16 o1 k3 s2 p1"
"""Small, so that the start is most of the work."""


@dataclass(frozen=True)
class Row:
    """A command line, the heavy libraries that it loads, and symconv's rooms where they are few.

    Words in capitals stand for a layer, or for a file that is made for the test.
    """

    words: str
    libraries: str = ""
    rooms: str | None = None
    status: int = 0


COMMANDS = {
    "help": Row("--help", rooms="cli errors machine prove"),
    "version": Row("--version", rooms="cli errors machine prove"),
    "help of a command": Row("prove --help", rooms="cli errors machine prove"),
    "no such option": Row("prove --nosuch", rooms="cli errors machine prove", status=2),
    "presets": Row("presets", rooms="cli dialect errors machine prove"),
    "engines": Row("engines", rooms="claim cli errors layer machine prove relation size"),
    "no such layer": Row("prove nosuch", status=2),
    "no such claim": Row("check nosuch", status=2),
    "no such certificate": Row("recheck nosuch", status=2),
    "prove": Row("prove LAYER", "numpy sympy"),
    "prove by tables": Row("prove LAYER --no-symbolic", "numpy"),
    "prove for all sizes": Row("prove LAYER --all-sizes", "numpy islpy"),
    "prove a model": Row("prove MODEL", "numpy onnx"),
    "check": Row("check TRUE", "numpy"),
    "check, refuted": Row("check FALSE", "numpy", status=1),
    "sweep": Row(
        "sweep tests.helpers.rewriters:pads_behind CONFIGURATIONS", "numpy multiprocessing"
    ),
    "recheck": Row("recheck CERTIFICATE"),
    "recheck for all sizes": Row("recheck CERTIFICATE_FOR_ALL", "z3"),
    "convert": Row("convert MODEL -o FOLDER/new.onnx", "numpy onnx"),
    "expand": Row("expand LAYER", "numpy"),
    "show": Row("show LAYER", "numpy"),
    "draw": Row("draw LAYER -o FOLDER/tying.svg", "numpy"),
    "report": Row("report LAYER -o FOLDER", "numpy sympy islpy networkx jinja2 latex2mathml"),
    "gallery": Row("gallery FALSE -o FOLDER", "numpy jinja2", status=1),
    "crosscheck": Row("crosscheck LAYER", "numpy"),
    "theorems": Row("theorems", "numpy sympy islpy"),
}
"""What each command loads, by what is asked of it."""


def claim_file(folder: Path, flips: int) -> Path:
    """A claim that so many flips change nothing."""
    path, flip = folder / "claim.json", {"op": "flip", "axes": [1]}
    text = {"input": {"channels": 1, "size": [5]}, "left": [flip] * flips, "right": []}
    path.write_text(json.dumps({"name": "flips", **text}))
    return path


def configurations(folder: Path) -> Path:
    """What a rewriter is to be tried on."""
    path = folder / "configurations.jsonl"
    path.write_text(json.dumps({"k": 3, "s": 2, "p": 0, "n": 9}) + "\n")
    return path


def certificate(folder: Path, size: tuple[int, ...] | None) -> Path:
    """The certificate of a layer, at a size or for all."""
    path, layer = folder / "certificate.json", symconv.Conv(1, 1, (3,), 2, 1)
    proved = symconv.prove(layer, size)
    assert isinstance(proved, symconv.Certificate)
    path.write_text(json.dumps(proved.to_dict()))
    return path


def model(folder: Path) -> Path:
    """A file of one strided convolution."""
    path, weight = folder / "model.onnx", np.ones((1, 1, 2), np.float32)
    conv = node("Conv", ["x", "w"], ["y"], strides=[2])
    require("onnx").save(file_of([conv], {"x": (1, 1, 8)}, ["y"], {"w": weight}), path)
    return path


STANDS_FOR: dict[str, Callable[[Path], str | Path]] = {
    "LAYER": lambda _: LAYER,
    "FOLDER": lambda folder: folder,
    "TRUE": lambda folder: claim_file(folder, 2),
    "FALSE": lambda folder: claim_file(folder, 1),
    "CERTIFICATE": lambda folder: certificate(folder, (16,)),
    "CERTIFICATE_FOR_ALL": lambda folder: certificate(folder, None),
    "MODEL": model,
    "CONFIGURATIONS": configurations,
}


def argument(word: str, folder: Path) -> str:
    """A word of a row as it is given to the command."""
    first, slash, rest = word.partition("/")
    made = STANDS_FOR.get(first)
    return f"{made(folder) if made else first}{slash}{rest}"


def loaded(arguments: list[str], status: int) -> set[str]:
    """Every module that a command loads, by its dotted name."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "symconv.cli", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "NO_COLOR": "1"},
        timeout=120,
    )
    assert done.returncode == status, done.stderr[-2000:]
    lines = (line.split("|") for line in done.stderr.splitlines() if "import time:" in line)
    return {parts[-1].strip() for parts in lines if len(parts) == 3}


def heavy(modules: set[str]) -> set[str]:
    """The heavy libraries among modules."""
    return {name.partition(".")[0] for name in modules} & HEAVY


def rooms(modules: set[str]) -> set[str]:
    """The rooms of symconv among modules."""
    return {name.split(".")[1] for name in modules if name.startswith("symconv.")}


SLOW = {"theorems"}
"""What takes seconds beside its start."""


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] * (n in SLOW)) for n in COMMANDS]
)
def test_a_command_loads_what_it_needs(name: str, tmp_path: Path) -> None:
    row = COMMANDS[name]
    for library in row.libraries.split():
        require(library)
    modules = loaded([argument(word, tmp_path) for word in row.words.split()], row.status)
    assert heavy(modules) == set(row.libraries.split())
    if row.rooms is not None:
        assert rooms(modules) == set(row.rooms.split())


def test_every_command_has_a_row() -> None:
    asked = {row.words.split()[0] for row in COMMANDS.values()}
    assert asked - {"--help", "--version"} == set(main.commands)


def test_a_library_that_comes_along_would_be_seen() -> None:
    assert heavy({"numpy.linalg", "symconv.cli", "onnx"}) == {"numpy", "onnx"}
    assert rooms({"numpy", "symconv", "symconv.cli.files"}) == {"cli"}
