"""Claims laid out for people: two spaces an indent, a step (or a branch) a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

Text = dict[str, Any]


def lay_out(claims: Iterable[Mapping[str, Any]]) -> str:
    """The text of a file of claims."""
    return '{"claims": [\n' + ",\n".join(map(_claim, claims)) + "\n]}\n"


def _claim(claim: Mapping[str, Any]) -> str:
    lines = [f"  {json.dumps(part)}: {_part(part, value)}" for part, value in claim.items()]
    return "{\n" + ",\n".join(lines) + "\n}"


def _part(part: str, value: Any) -> str:
    if part in ("left", "right"):
        return _steps(value, "    ")
    if part == "weights" and value:
        inner = [f"    {json.dumps(name)}: {_weight(weight)}" for name, weight in value.items()]
        return "{\n" + ",\n".join(inner) + "\n  }"
    return json.dumps(value)


def _weight(weight: Mapping[str, Any]) -> str:
    if "steps" not in weight:
        return json.dumps(weight)
    source = json.dumps(weight["from"])
    return f'{{"from": {source}, "steps": {_steps(weight["steps"], "      ")}}}'


def _steps(steps: list[Text], indent: str) -> str:
    if not steps:
        return "[]"
    return "[\n" + ",\n".join(indent + _step(step, indent) for step in steps) + "]"


def _step(step: Text, indent: str) -> str:
    if "branches" not in step:
        return json.dumps(step)
    head = json.dumps({key: value for key, value in step.items() if key != "branches"})
    branches = f",\n{indent}  ".join(map(json.dumps, step["branches"]))
    return f'{head[:-1]}, "branches": [\n{indent}  {branches}]}}'


def write(path: Path, claims: Iterable[Mapping[str, Any]]) -> None:
    """Write a file of claims."""
    path.write_text(lay_out(claims), encoding="utf-8")
