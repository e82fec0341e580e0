"""Imports point one way: each room may import the rooms above it in the table, and no other."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "symconv"

ROOMS = [
    "errors",
    "budget",
    "files",
    "options",
    "plain",
    "padding",
    "pointwise",
    "window",
    "layer",
    "gather",
    "rearrange",
    "mutations",
    "sizes",
    "polyphase",
    "entries",
    "steps",
    "maps",
    "claim",
    "unused",
    "evaluation",
    "verdict",
    "relation",
    "evaluate",
    "replay_convs",
    "replay",
    "explain",
    "toeplitz",
    "expand",
    "lattice",
    "destride",
    "open_axis",
    "open_layer",
    "open_claim",
    "standin",
    "network",
    "open_network",
    "network_proof",
    "prove",
    "repair",
    "recheck",
    "tying",
    "sharing",
    "dialect",
    "crosscheck",
    "report",
    "api",
    "theorems",
    "testing",
    "cli",
]
"""From the ground up.  A room is a module or a package; inside a package imports are free."""

PROVERS = {"prove.concrete", "prove.operators", "prove.sets", "prove.rocq"}

ALSO_NOT: dict[str, set[str]] = {
    "recheck": set(ROOMS) - {"recheck", "errors", "files"},
    "evaluation": set(ROOMS) - {"evaluation", "errors", "pointwise", "steps", "claim"},
    "report": {"prove", "repair", "recheck", "crosscheck"},
    "crosscheck": {"prove", "recheck", "report"},
    **{prover: PROVERS - {prover} for prover in PROVERS},
}
"""What a module may not import although the table would let it."""

ONLY_IN: dict[str, set[str]] = {
    "islpy": {"prove.sets"},
    "z3": {"recheck.allsizes"},
    "torch": {"crosscheck", "dialect.torch"},
    "jax": {"crosscheck", "dialect.jax"},
    "onnx": {"dialect.onnx"},
    "onnxruntime": {"crosscheck"},
    "jinja2": {"report"},
    "latex2mathml": {"report"},
    "click": {"cli"},
    "rich": {"cli"},
    "hypothesis": {"testing.strategies"},
    "matplotlib": set(),
    "scipy": set(),
}
"""Libraries that a few modules may import, and the rest may not."""

LATE = [
    "click",
    "jax",
    "jinja2",
    "matplotlib",
    "networkx",
    "onnx",
    "rich",
    "scipy",
    "sympy",
    "torch",
]
"""What ``import symconv`` must not load."""


def within(module: str, rooms: set[str]) -> bool:
    """Whether a module is one of the rooms, or lies inside one."""
    return any(module == room or module.startswith(f"{room}.") for room in rooms)


def room_of(module: str) -> str:
    """The first part of a dotted name."""
    return module.partition(".")[0]


def modules(package: Path) -> Iterator[tuple[str, Path]]:
    """Every module of a package but its ``__init__``, by its dotted name inside the package."""
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        if parts != ("__init__",):
            yield ".".join(parts).removesuffix(".__init__"), path


def imports(path: Path, module: str) -> Iterator[str]:
    """Every module that a file names in an import, at its top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{_origin(node, path, module)}.{name.name}" for name in node.names)


def _origin(node: ast.ImportFrom, path: Path, module: str) -> str:
    if not node.level:
        return node.module or ""
    here = ["symconv", *module.split(".")]
    if path.name == "__init__.py":
        here.append("__init__")
    return ".".join([*here[: -node.level], *filter(None, [node.module])])


def faults(package: Path) -> list[str]:
    """Every import that breaks a rule, and every module that no room of the table holds."""
    return [fault for module, path in modules(package) for fault in _module_faults(module, path)]


def _module_faults(module: str, path: Path) -> Iterator[str]:
    if room_of(module) not in ROOMS:
        yield f"{module}: no such room in the table; give it a line"
        return
    for name in imports(path, module):
        first, _, inner = name.partition(".")
        if first == "symconv":
            yield from _inner_faults(module, inner)
        elif first in ONLY_IN and not within(module, ONLY_IN[first]):
            yield f"{module} imports {first}, which belongs to {sorted(ONLY_IN[first])}"


def _inner_faults(module: str, target: str) -> Iterator[str]:
    room, other = room_of(module), room_of(target)
    if other not in ROOMS:
        yield f"{module} imports symconv.{target}; name the room instead"
    elif ROOMS.index(other) > ROOMS.index(room):
        yield f"{module} imports {target}, which lies above it"
    elif any(within(module, {who}) and within(target, rooms) for who, rooms in ALSO_NOT.items()):
        yield f"{module} may not import {target}"


def test_imports_point_one_way() -> None:
    assert faults(PACKAGE) == []


def test_the_rules_name_rooms_of_the_table() -> None:
    named = {
        *ALSO_NOT,
        *(room for rooms in (*ALSO_NOT.values(), *ONLY_IN.values()) for room in rooms),
    }
    assert set(map(room_of, named)) <= set(ROOMS)


def strangers(package: Path) -> set[str]:
    """What of symconv the solver's encoding imports from outside its own folder."""
    own = "symconv.recheck.allsizes"
    return {
        name
        for module, path in modules(package)
        if within(module, {"recheck.allsizes"})
        for name in imports(path, module)
        if name.startswith("symconv.") and not name.startswith(f"{own}.")
    }


def test_the_solver_s_encoding_knows_nothing_of_symconv_but_its_errors() -> None:
    assert strangers(PACKAGE) == {"symconv.errors.ClaimError"}


def test_a_second_reading_in_the_solver_s_encoding_would_be_seen(tmp_path: Path) -> None:
    planted = plant(tmp_path, "recheck.allsizes.deep", "from symconv.recheck.text import pads")
    assert strangers(planted) == {"symconv.recheck.text.pads"}


PLANTED = {
    "upwards": ("window", "from symconv.layer import Conv"),
    "upwards, inside a function": ("window", "def f():\n    import symconv.claim"),
    "upwards, relative": ("window", "from .layer import Conv"),
    "upwards, from a package": ("relation.core", "from ..prove import settle"),
    "the package itself": ("window", "from symconv import Conv"),
    "a prover from a prover": ("prove.sets", "from symconv.prove.concrete import settle"),
    "a prover from a prover, relative": ("prove.sets", "from . import concrete"),
    "a prover from the report": ("report.page", "from symconv.prove import settle"),
    "recheck from what it checks": ("recheck", "from symconv.window import Window"),
    "torch in a prover": ("prove.concrete", "import torch.nn.functional as F"),
    "islpy in the claim": ("claim", "import islpy"),
    "no such room": ("attic", "import math"),
}

ALLOWED = {
    "downwards": ("layer", "from symconv.window import Window"),
    "inside a package": ("report.page", "from symconv.report import figures"),
    "its library": ("prove.sets", "import islpy"),
    "inside recheck": ("recheck.settle", "from symconv.recheck.text import Text"),
    "its fault": ("recheck", "from symconv.errors import SymconvError"),
    "the standard library": ("errors", "import json"),
}


def plant(folder: Path, module: str, text: str) -> Path:
    """Write one module into an otherwise empty package."""
    path = folder.joinpath(*module.split(".")).with_suffix(".py")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return folder


@pytest.mark.parametrize(("module", "text"), PLANTED.values(), ids=list(PLANTED))
def test_a_planted_import_is_found(tmp_path: Path, module: str, text: str) -> None:
    assert len(faults(plant(tmp_path, module, text))) == 1


@pytest.mark.parametrize(("module", "text"), ALLOWED.values(), ids=list(ALLOWED))
def test_a_proper_import_is_let_pass(tmp_path: Path, module: str, text: str) -> None:
    assert faults(plant(tmp_path, module, text)) == []


def loaded(statement: str) -> list[str]:
    """Which of the late libraries a fresh interpreter holds after a statement."""
    code = f"import sys; {statement}; print(*[m for m in {LATE} if m in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=PACKAGE.parent,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return result.stdout.split()


def test_importing_symconv_is_light() -> None:
    assert loaded("import symconv") == []


def test_a_heavy_import_would_be_seen() -> None:
    assert loaded("import symconv, networkx") == ["networkx"]
