"""Layers and claims of absurd sizes: a budget is asked before anything is allocated.

Each ends within two seconds of CPU and 500 MB: settled by an engine that needs no tables, or in one
line that says what to do.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.bounded import SYMCONV, Ended, run_lines

SECONDS = 2.0
MEGABYTES = 500.0

pytestmark = pytest.mark.once


def claim(size: list[int], *left: dict[str, Any], right: list[dict[str, Any]] | None = None) -> str:
    """A claim of one channel, false unless ``right`` says otherwise."""
    pipelines = {"left": list(left), "right": right or []}
    return json.dumps({"name": "absurd", "input": {"channels": 1, "size": size}, **pipelines})


FLIP = {"op": "flip", "axes": [1]}
CLAIMS = {
    "flip.json": claim([10**8], FLIP, FLIP),
    "pad.json": claim([4], {"op": "pad", "padding": [[0, 0], [0, 10**12]]}),
    "crop.json": claim([10**12], {"op": "pad", "padding": [[0, 0], [0, -(10**12) + 4]]}),
    "tile.json": claim([4], {"op": "tile", "repeats": [1, 10**12]}),
    "rearrange.json": claim([4], {"op": "rearrange", "pattern": "c (n a) -> (c a) n", "a": 10**12}),
    "dilate.json": claim([10**6], {"op": "dilate", "dilation": [1, 10**9]}),
    "slice.json": claim([10**12], {"op": "slice", "slices": [[0, 1, 1], [0, 10**12, 1]]}),
    "square.json": claim([10**5, 10**5], FLIP, FLIP),
}

ENGINE_SIZED = {
    "a long signal": "prove 'conv i1x1000000000 o1 k3 s2'",
    "an image of 10^12": "prove 'conv i3x1000000x1000000 o64 k7 s2 p3'",
    "a long kernel": "prove 'conv i1x1000000000 o1 k100000000 s2'",
    "a long stride": "prove 'conv i1x1000000000000 o1 k3 s100000000000'",
    "a wide pad": "prove 'conv i1x9 o1 k3 s2 p1000000000000'",
    "a far dilation": "prove 'conv i1x1000000000000 o1 k3 s2 d100000000000'",
    "many channels": "prove 'conv i1000000000x9 o1000000000 k3 s2'",
    "a long transposed layer": "prove 'conv_transpose i1x100000000 o1 k4 s2 p1'",
    "a long maximum": "prove 'max_pool i1x1000000000 k3 s2'",
    "a long average": "prove 'avg_pool i1x1000000000 k3 s2 p1 exclude_pad'",
    "the table of a long signal": "show 'conv i1x1000000000 o1 k3 s2'",
    "the expansion of a long signal": "expand 'conv i1x1000000000 o1 k3 s2'",
    "the numbers of a long signal": "crosscheck 'conv i1x1000000000 o1 k3 s2'",
    "the drawing of a long kernel": "draw 'conv i1x1000000000 o1 k100000000 s2' -o x.svg",
    "the report of a long signal": "report 'conv i1x1000000000 o1 k3 s2' -o r",
    **{f"check {name}": f"check {name}" for name in CLAIMS},
}


def faults(found: Ended) -> list[str]:
    """What is wrong with how a command ended: it settles, or says in one line why it does not."""
    took = (("seconds", found.seconds, SECONDS), ("MB", found.megabytes, MEGABYTES))
    wrong = [f"{many:.1f} {what}" for what, many, most in took if many > most]
    if found.status not in (0, 1, 2, 3) or "please report" in found.out + found.err:
        wrong.append(f"status {found.status}: {found.out[:300]} {found.err[:300]}")
    if found.err.count("\n") != (found.status == 2):
        wrong.append(f"status {found.status}, {found.err[:300]}")
    return wrong


def test_absurd_sizes_end_at_once(tmp_path: Path) -> None:
    for name, text in CLAIMS.items():
        (tmp_path / name).write_text(text)
    # The limit spares the machine where a budget fails; it is far above what is allowed.
    lines = {
        name: f"ulimit -v 8000000; exec {SYMCONV} {line}" for name, line in ENGINE_SIZED.items()
    }
    ended = run_lines(lines, tmp_path)
    assert {name: wrong for name, found in ended.items() if (wrong := faults(found))} == {}
