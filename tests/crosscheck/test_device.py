"""The prepared script: it needs NumPy and PyTorch alone, and writes what it saw."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from symconv.crosscheck import device
from symconv.crosscheck.arrays import TorchFunctions
from symconv.errors import MissingTool
from symconv.expand import Expansion
from tests.helpers.requirements import require

torch = require("torch")
ROOT = Path(__file__).parents[2]

BARE = """
import sys
ALLOWED = {"numpy", "torch", "symconv", *sys.stdlib_module_names}

class Refuse:
    '''Whatever symconv imports beside NumPy and PyTorch; these may import what they need.'''

    def find_spec(self, name, path=None, target=None):
        root = name.partition(".")[0]
        frame = sys._getframe(1)
        while frame is not None and "importlib" in frame.f_code.co_filename:
            frame = frame.f_back
        if root not in ALLOWED and "/symconv/" in frame.f_code.co_filename:
            REFUSED.add(root)
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None

REFUSED = set()
sys.meta_path.insert(0, Refuse())
import importlib
importlib.import_module.__globals__  # its frames stand in importlib's own file
from symconv.crosscheck import device
status = device.main(sys.argv[1:])
assert REFUSED <= {"array_api_compat"}, REFUSED
loaded = {"array_api_compat", "islpy", "networkx", "click", "rich", "jinja2", "onnx", "jax"}
assert not loaded & set(sys.modules), loaded & set(sys.modules)
raise SystemExit(status)
"""


@pytest.mark.once
def test_it_runs_with_numpy_and_pytorch_alone(tmp_path: Path) -> None:
    zoo = ROOT / device.ZOO
    words = ["--device", "cpu", "--layers", "4", "--seconds", "6", "--batch", "1"]
    found = subprocess.run(
        [sys.executable, "-c", BARE, *words, "--zoo", str(zoo), "-o", str(tmp_path)],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "OMP_NUM_THREADS": "1"},
    )
    assert found.returncode == 0, found.stdout + found.stderr
    record = json.loads((tmp_path / "crosscheck-cpu.json").read_text())
    assert record["done"]["zoo layers"] >= 1
    assert {tally["mode"] for tally in record["tallies"]} == {"exact", "rounding"}
    assert record["timings"]
    page = (tmp_path / "crosscheck-cpu.md").read_text()
    assert "What the rewrite costs" in page
    assert "torch" in page


def test_what_disagrees_is_told_and_ends_in_another_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right: Any = Expansion.expand_weight
    monkeypatch.setattr(Expansion, "expand_weight", lambda e, w: right(e, w) * 2)
    shown: list[str] = []
    words = ["--device", "cpu", "--layers", "2", "--seconds", "0.1", "--batch", "1"]
    status = device.main(
        [*words, "--zoo", str(ROOT / device.ZOO), "-o", str(tmp_path)], shown.append
    )
    assert status == 1
    assert "Outside its bound, or not equal" in shown[-1]


def test_a_missing_file_or_device_is_one_line(tmp_path: Path) -> None:
    shown: list[str] = []
    zoo = ["--zoo", str(tmp_path / "none.gz")]
    assert device.main(["--device", "cpu", "--seconds", "0.1", *zoo], shown.append) == 2
    assert "run this in the project's folder, or give --zoo FILE" in shown[-1]
    if not torch.cuda.is_available():
        assert device.main(["--device", "cuda"], shown.append) == 2
        assert "sees no GPU, use cpu" in shown[-1]


ONE_LINE: list[tuple[list[str], str]] = [
    (["-o", "/dev/null/x"], "the report was to be written into /dev/null/x: Not a directory"),
    (["--zoo", "/dev/null"], "/dev/null: not JSON of layers, packed by gzip"),
    (["--zoo", "README.md"], "README.md: not JSON of layers, packed by gzip"),
    (["--device", "xpu"], "device 'xpu' was asked for, and PyTorch cannot use it"),
    (["--device", "meta"], "device 'meta' was asked for, and PyTorch cannot use it"),
    (["--device", "nonsense"], "device 'nonsense' was asked for, and PyTorch cannot use it"),
]


@pytest.mark.parametrize(("words", "says"), ONE_LINE)
def test_what_it_cannot_run_on_is_one_line_before_anything_is_compared(
    words: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device.Stages, "compare", None)
    monkeypatch.chdir(ROOT)
    shown: list[str] = []
    asked = ["--device", "cpu", "--seconds", "9", "-o", str(tmp_path), *words]
    assert device.main(asked, shown.append) == 2
    assert shown[0].startswith(f"symconv: {says}")
    assert len(shown) == 1
    assert "\n" not in shown[0]


def test_a_run_that_compares_nothing_says_so_and_ends_in_a_status_of_its_own(
    tmp_path: Path,
) -> None:
    shown: list[str] = []
    words = ["--device", "cpu", "--layers", "3", "--seconds", "-1", "-o", str(tmp_path)]
    assert device.main([*words, "--zoo", str(ROOT / device.ZOO)], shown.append) == 3
    assert any("zoo layers: 0 of 3 were compared; give more --seconds" in line for line in shown)


@pytest.mark.gpu
def test_the_script_agrees_on_a_gpu(tmp_path: Path) -> None:
    if not torch.cuda.is_available():
        pytest.skip("this PyTorch sees no GPU")
    words = ["--device", "cuda", "--layers", "60", "--seconds", "60"]
    assert device.main([*words, "--zoo", str(ROOT / device.ZOO), "-o", str(tmp_path)]) == 0


def test_pytorch_s_functions_by_hand_are_those_of_the_library() -> None:
    compat = require("array_api_compat.torch")
    own, x = TorchFunctions(), torch.arange(24.0).reshape(2, 3, 4)
    calls: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
        "permute_dims": ((x, (2, 0, 1)), {}),
        "flip": ((x,), {"axis": (1, 2)}),
        "roll": ((x, 2), {"axis": 1}),
        "tile": ((x, (1, 2, 3)), {}),
        "repeat": ((x, 3), {"axis": 1}),
        "take": ((x, torch.tensor([2, 0])), {"axis": 1}),
        "sum": ((x,), {"axis": 2}),
        "max": ((x,), {"axis": 0}),
        "concat": (([x, x],), {"axis": 1}),
        "stack": (([x, x],), {"axis": 1}),
        "reshape": ((x, (4, 6)), {}),
        "maximum": ((x, -x), {}),
    }
    for name, (given, named) in calls.items():
        by_hand = getattr(own, name)(*given, **named)
        assert torch.equal(by_hand, getattr(compat, name)(*given, **named)), name


def test_numpy_needs_an_array_api(monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy

    from symconv.crosscheck import arrays

    monkeypatch.delattr(numpy, "permute_dims", raising=False)
    with pytest.raises(MissingTool, match="pip install array-api-compat, or NumPy 2"):
        arrays._plain_numpy()
