"""Under ``python -O`` the guards stay, and a failing test still fails.

``-O`` removes ``assert`` statements.  pytest rewrites those of the tests before that, so the suite
can run there; these tests show that it really does, and that no guard of symconv is an assert.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "symconv"

GUARDS = """
import sys
from symconv.errors import LayerError
from symconv.layer import AvgPool, Conv, ConvTranspose, MaxPool
from symconv.layer.window import Window

def refuse(what):
    try:
        found = what()
    except LayerError:
        return
    sys.exit(f"not refused: {found!r}")

if __debug__:
    sys.exit("this was to run under -O")
refuse(lambda: Conv(3, 4, kernel_size=0))
refuse(lambda: Conv(3, 4, kernel_size=3, groups=2))
refuse(lambda: Conv(3, 4, kernel_size=3, padding_mode="mirror"))
refuse(lambda: Conv(3, 4, kernel_size=(3, 3), stride=(1, 1, 1)))
refuse(lambda: Conv(3, 4, kernel_size=7).output_size((5,)))
refuse(lambda: ConvTranspose(3, 4, kernel_size=3, stride=2, output_padding=2))
refuse(lambda: MaxPool(kernel_size=3, padding=2).output_size((9,)))
refuse(lambda: AvgPool(kernel_size=3, stride=0))
refuse(lambda: Window(size=3, kernel=2, lo=3, mode="reflect"))
"""


def optimised(*arguments: str) -> subprocess.CompletedProcess[str]:
    """What ``python -O`` says to these arguments."""
    command = [sys.executable, "-O", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


def asserts(folder: Path) -> list[str]:
    """Every ``assert`` statement of a package, as ``file:line``."""
    return [
        f"{path.relative_to(folder)}:{node.lineno}"
        for path in sorted(folder.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Assert)
    ]


def test_guards_stay() -> None:
    result = optimised("-c", GUARDS)
    assert (result.returncode, result.stderr) == (0, "")


def test_a_guard_that_is_an_assert_would_be_seen() -> None:
    fragile = "def guard(n):\n    assert n > 0\n    return n\nrefuse(lambda: guard(0))\n"
    result = optimised("-c", GUARDS + fragile)
    assert result.returncode == 1
    assert result.stderr == "not refused: 0\n"


@pytest.mark.parametrize(("claim", "status"), [("1 + 1 == 2", 0), ("1 + 1 == 3", 1)])
def test_the_suite_can_fail_there(tmp_path: Path, claim: str, status: int) -> None:
    planted = tmp_path / "test_planted.py"
    planted.write_text(f"def test_planted():\n    assert not __debug__\n    assert {claim}\n")
    result = optimised(
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        f"--rootdir={tmp_path}",
        "-c",
        "/dev/null",
        str(planted),
    )
    assert result.returncode == status, result.stdout


def test_symconv_has_no_assert() -> None:
    assert asserts(PACKAGE) == []


def test_an_assert_would_be_found(tmp_path: Path) -> None:
    (tmp_path / "room.py").write_text("def f(n):\n    if n:\n        assert n > 1\n")
    assert asserts(tmp_path) == ["room.py:3"]
