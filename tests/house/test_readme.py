"""The README's Python blocks are run as they stand, and so are its commands."""

from __future__ import annotations

import doctest
import gzip
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from symconv.prove.registry import ENGINES
from tests.helpers.requirements import everything_required
from tests.helpers.shared_data import data_folder

pytestmark = pytest.mark.once

README = Path(__file__).parents[2] / "README.md"
COMMANDS = re.findall(r"^\$ symconv (.+)$", README.read_text(encoding="utf-8"), re.MULTILINE)


def blocks() -> str:
    """The README without its chapter of models, where the library that reads them is missing."""
    text = README.read_text(encoding="utf-8")
    if everything_required() or (find_spec("onnx") and find_spec("onnxruntime")):
        return text
    before, _, models = text.partition("\n## Models\n")
    return before + models[models.index("\n## ") :]


def test_python_blocks_say_what_they_print() -> None:
    test = doctest.DocTestParser().get_doctest(blocks(), {}, "README.md", str(README), 0)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    runner.run(test)
    assert runner.tries > 10
    assert runner.failures == 0


def test_there_are_commands() -> None:
    assert len(COMMANDS) >= 10


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("readme")


MODEL = "networks/resnet_basic_projection.onnx"
"""The model that the README's commands are about."""


def bring(name: str, folder: Path) -> bool:
    """Copy another's model into a folder, if it is at hand and can be read."""
    path = data_folder() / name
    if everything_required() or (path.is_file() and find_spec("onnx")):
        shutil.copy(path, folder)
        return True
    return False


FLIPPED = [{"op": "flip", "axes": [1]}] * 2
REWRITER = f"""
def rewrite(config):
    return {{"input": {{"channels": 1, "size": [config["n"]]}}, "left": {FLIPPED}, "right": []}}
"""
"""Somebody's lowering of nothing: two flips."""


def write_many(folder: Path) -> None:
    """The files that the README calls very many: a few claims, layers and configurations."""
    sizes = range(3, 9)
    claims = [{"input": {"channels": 1, "size": [n]}, "left": FLIPPED, "right": []} for n in sizes]
    lines = "".join(json.dumps(claim) + "\n" for claim in claims)
    (folder / "claims.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    zoo = json.loads(gzip.decompress((README.parent / "tests/data/zoo.json.gz").read_bytes()))
    layers = [
        {key: value for key, value in layer.items() if key != "output_size"}
        for layer in zoo["layers"][::2000]
    ]
    (folder / "zoo.json").write_text(json.dumps({"layers": layers}))
    (folder / "configs.jsonl").write_text("".join(f'{{"n": {n}}}\n' for n in sizes))
    (folder / "mine.py").write_text(REWRITER)


def test_commands_run_in_their_order(folder: Path) -> None:
    (folder / "proofs").symlink_to(README.parent / "proofs")
    write_many(folder)
    has_model = bring(MODEL, folder)
    environment = {**os.environ, "PYTHONPATH": str(README.parent)}
    missing = not shutil.which("coqc") and not os.environ.get("SYMCONV_REQUIRE_ALL")
    for command in COMMANDS:
        if missing and "--kernel" in command:
            continue
        if not has_model and ".onnx" in command:
            continue
        run = subprocess.run(
            [sys.executable, "-m", "symconv.cli", *shlex.split(command)],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
        )
        expected = 1 if "lowerings" in command else 0  # They hold false claims among the true.
        assert run.returncode == expected, f"{command}\n{run.stderr}"


def test_pictures_exist() -> None:
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README.read_text(encoding="utf-8"))
    assert pictures
    for picture in pictures:
        assert (README.parent / picture).is_file(), picture


def engines() -> str:
    """The README's table of engines, in the engines' own words."""
    rows = [f"| `{one.name}` | {one.how} | {one.trust} |" for one in ENGINES]
    head = ["| engine | how it decides | what you must trust |", "|---|---|---|"]
    return "\n".join([*head, *rows])


def test_engines_speak_for_themselves() -> None:
    text = README.read_text(encoding="utf-8")
    said = text.partition("<!-- engines -->\n")[2].partition("\n<!-- end of engines -->")[0]
    assert said == engines()
