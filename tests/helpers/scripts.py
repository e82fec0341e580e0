"""Scripts run where symconv is not: many of them in one interpreter, each in names of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from symconv.claim.verdict import Counterexample

RUNNER = """
import contextlib, io, json, sys, traceback
sys.modules["symconv"] = None
found = []
for code in json.load(sys.stdin):
    out = io.StringIO()
    try:
        with contextlib.redirect_stdout(out):
            exec(compile(code, "script", "exec"), {"__name__": "__main__"})
    except Exception:
        out.write(traceback.format_exc())
    found.append(out.getvalue().splitlines())
print(json.dumps(found))
"""


def printed(scripts: Sequence[str]) -> list[list[str]]:
    """The lines that each script prints in an interpreter that cannot see symconv."""
    run = subprocess.run(
        [sys.executable, "-I", "-c", RUNNER],
        input=json.dumps(list(scripts)),
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert run.returncode == 0, run.stderr
    lines: list[list[str]] = json.loads(run.stdout)
    return lines


def number(text: str) -> float | Fraction:
    """A printed value: exact, or -inf, or rounded."""
    try:
        return Fraction(text)
    except ValueError:
        return float(text)


def close(one: Any, other: Any, rounded: bool) -> bool:
    """Whether two values are the same; where a function rounds, to nine digits."""
    return bool(one == other or (rounded and abs(one - other) <= 1e-9 * (1 + abs(one))))


def as_stated(lines: Sequence[str], found: Counterexample, rounded: bool = False) -> bool:
    """Whether a script printed the counterexample's two sides, and these differ."""
    if len(lines) != 2 or not (lines[0].startswith("left ") and lines[1].startswith("right ")):
        return False
    left, right = (line[5:].strip() for line in lines)
    if found.left_shape is not None:
        return left != right and [left, right] == [str(found.left_shape), str(found.right_shape)]
    one, other = number(left), number(right)
    stated = (number(found.left), number(found.right))
    return one != other and close(one, stated[0], rounded) and close(other, stated[1], rounded)
