"""Imports point one way, between the rooms and inside each of them."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "symconv"

ORDER = {
    "": (
        "errors machine size layer relation claim evaluation replay explain toeplitz "
        "expand network sharing recheck prove repair dialect torch crosscheck models report "
        "api batch "
        "theorems testing cli"
    ),
    "batch": (
        "items settled executor worker processes remote cluster streams scanning reading store "
        "tally progress run"
    ),
    "claim.steps": "base axes fitting layers pools moves lattices values branches",
    "claim": "entries patterns steps claim sides naming reading unused verdict",
    "cli": (
        "results chains claims options output faults parallel running apart deciding entries "
        "batches models graphs files sweeping catalogue lists shown crosschecks commands __main__"
    ),
    "crosscheck": (
        "formats arrays models backends runner steps question values observation sides noisy "
        "bounds kinks exactness compare quantized timing tables device"
    ),
    "crosscheck.steps": "base layers moves values",
    "crosscheck.backends": "base own_numpy own_torch own_jax own_onnxruntime registry",
    "dialect": (
        "config chain shorthand presets subject torch pasted files own sources onnx models naming "
        "opened registry"
    ),
    "dialect.models": "opening build keras pt2 tflite registry files",
    "dialect.models.tflite": "parse scope windows values read",
    "dialect.models.pt2": "weights calls windows values shapes read files module",
    "dialect.models.keras": "activations node windows values rules read files",
    "dialect.pasted": (
        "base protobuf torch node onnx onnx_text keras xla hlo stablehlo tflite registry"
    ),
    "dialect.onnx": (
        "load opsets read fitting bind emit phases strided weights pools local convert expose write"
    ),
    "evaluation": (
        "hashing graph numbers moves lattices points positions text windows reading "
        "layers agreement replay"
    ),
    "expand": "axis folding sizes maps layers cosets lattice expansion destride reduced",
    "explain": "helpers words snippet",
    "layer": (
        "requirements padding pointwise window base matrix legality counting pool conv lattice"
    ),
    "machine": "budget caches progress files plugins",
    "network": (
        "model disputed faces bound factors rules dimensions reading regions phases graph "
        "expansion squares proof results"
    ),
    "network.rules": (
        "base pointwise channels reductions moves windows interpolation gathers resizing registry"
    ),
    "prove": (
        "cuts options geometry engine confirm witness tables sets squares sympy kernel z3 "
        "asking everywhere registry known decide network models"
    ),
    "prove.kernel": "compiler words audit pools kinds library pins text lattice theorem engine",
    "models": "prove observed crosschecked check phased convert",
    "prove.models": (
        "terms moves resizing moving rows pads pointwise pools separable windows convolution "
        "guesses linear applied walk sources compare"
    ),
    "prove.network": "at_a_size for_all_sizes decide nodes named models theorems",
    "prove.sets": (
        "text apart conditions formulas renaming lowering hidden blocks supports legal counted "
        "divisors words compare samples parts decide engine"
    ),
    "prove.squares": "hidden support asked compose engine",
    "prove.sympy": "operators engine",
    "prove.tables": "table lowering blocks compare decide maxima values engine",
    "prove.witness": "search",
    "prove.z3": "domain engine",
    "recheck": (
        "allsizes expressions factors text functions lattices windows ops steps claims "
        "statement cuts shapes denote facts decide certificate evaluation limits squares "
        "everywhere families node_squares pasting window_forms onnx_nodes onnx_values "
        "onnx_shapes onnx_windows onnx_links model_files models"
    ),
    "recheck.ops": "base moves values branches lattices convolutions pools",
    "recheck.allsizes": "terms paths reading moves layers lattices pools decide parts",
    "relation": (
        "axes maps indices term fingerprint digits form lattice reading product convolved adaptive"
    ),
    "repair": "mutations edits convolved run screen",
    "repair.mutations": "base orders pads windows",
    "replay": "convolutions pools lattices layers functions literals steps run",
    "replay.steps": "base moves values lattices convolutions pools branches",
    "report": (
        "escape formula tex derivation drawing document theorem formats sections write "
        "chapter gallery lattice network model"
    ),
    "report.drawing": (
        "graphs palette scene subject cells svg tikz bipartite kernel operator files network boxes "
        "model"
    ),
    "report.formats": "base html latex pdf registry",
    "report.sections": "layers verdicts derivations everywhere pictures squares",
    "sharing": "copies tying models causes figures graph",
    "size": "expr numbers text names",
    "testing": "equivalence families many configurations strategies sweep junit github",
    "theorems": (
        "catalogue observed of_networks of_operators of_sharing table demonstrations decide"
    ),
    "torch": "places modules strides convert",
    "toeplitz": "latex values entries operators affine convolution layers",
}
"""What lies in each folder, from the ground up; a module imports what stands before it.

That holds in its own folder and in every folder around it; the names are the plan of the house."""

ROOMS = ORDER[""].split()

PROVERS = {"prove.tables", "prove.sympy", "prove.sets", "prove.kernel", "prove.z3"}

ALSO_NOT: dict[str, set[str]] = {
    "recheck": set(ROOMS) - {"recheck", "errors", "machine"} | {"machine.budget"},
    "evaluation": set(ROOMS) - {"evaluation", "errors", "claim", "layer"}
    | {f"layer.{name}" for name in ORDER["layer"].split() if name != "pointwise"},
    "report": {f"prove.{name}" for name in ORDER["prove"].split()} - {"prove.registry"}
    | {"repair", "recheck", "crosscheck"},
    "crosscheck": {"prove", "recheck", "report"},
    **{prover: PROVERS - {prover} for prover in sorted(PROVERS)},
}
"""What a module may not import although the table would let it."""

ONLY_IN: dict[str, set[str]] = {
    "islpy": {"prove.sets"},
    "z3": {"recheck.allsizes"},
    "torch": {"crosscheck", "dialect.torch", "dialect.models.pt2.module", "torch"},
    "jax": {"crosscheck", "dialect.jax"},
    "array_api_compat": {"crosscheck.arrays"},
    "onnx": {
        "crosscheck.backends.own_onnxruntime",
        "dialect.onnx",
        "recheck.onnx_nodes",
        "recheck.onnx_values",
        "recheck.onnx_shapes",
    },
    "onnxruntime": {"crosscheck"},
    "jinja2": {"report"},
    "latex2mathml": {"report"},
    "click": {"cli"},
    "cloudpickle": {"batch.cluster", "batch.remote"},
    "distributed": {"batch.cluster"},
    "rich": {"cli"},
    "hypothesis": {"testing.strategies"},
    "tflite": {"dialect.models.tflite.parse"},
    "matplotlib": set(),
    "scipy": set(),
}
"""Libraries that a few modules may import, and the rest may not."""

NOT_IN: dict[str, set[str]] = {"numpy": {"relation", "claim"}}
"""Libraries that a few modules may not import: what a step means is written without tables."""

LATE = [
    "array_api_compat",
    "click",
    "distributed",
    "jax",
    "jinja2",
    "matplotlib",
    "networkx",
    "onnx",
    "rich",
    "scipy",
    "sympy",
    "tflite",
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
    if missing := _unplaced(module):
        yield f"{module}: the plan has no {missing}; give it a place"
        return
    for name in imports(path, module):
        first, _, inner = name.partition(".")
        if first == "symconv":
            yield from _inner_faults(module, inner)
        elif within(module, NOT_IN.get(first, set())):
            yield f"{module} imports {first}, which it is to do without"
        elif first in ONLY_IN and not within(module, ONLY_IN[first]):
            yield f"{module} imports {first}, which belongs to {sorted(ONLY_IN[first])}"


def _unplaced(module: str) -> str | None:
    """The part of a module's name that the plan does not know."""
    folder = ""
    for part in module.split("."):
        if part not in ORDER.get(folder, "").split():
            return f"{part!r} in {folder or 'symconv'}"
        folder = f"{folder}.{part}".lstrip(".")
    return None


def _inner_faults(module: str, target: str) -> Iterator[str]:
    if room_of(target) not in ROOMS:
        yield f"{module} imports symconv.{target}; name the room instead"
    elif _lies_above(module, target):
        yield f"{module} imports {target}, which lies above it"
    elif any(within(module, {who}) and within(target, rooms) for who, rooms in ALSO_NOT.items()):
        yield f"{module} may not import {target}"


def _lies_above(module: str, target: str) -> bool:
    """Whether a target stands after a module in the first folder in which their names part."""
    folder = ""
    for own, other in zip(module.split("."), target.split("."), strict=False):
        order = ORDER.get(folder, "").split()
        if own != other:
            return other in order and order.index(other) > order.index(own)
        folder = f"{folder}.{own}".lstrip(".")
    return target == folder and target != module


def test_imports_point_one_way() -> None:
    assert faults(PACKAGE) == []


def borrowed(tests: Path) -> list[str]:
    """What tests import from test files; what they share lies in a helper's file."""
    return [
        f"{module} imports {name}"
        for module, path in modules(tests)
        for name in imports(path, module)
        if name.startswith("tests.") and ".test_" in name
    ]


def test_no_test_imports_from_another() -> None:
    assert borrowed(Path(__file__).parents[1]) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("from tests.prove.test_zoo import layers", 1),
        ("from tests.prove import test_zoo", 1),
        ("def f():\n    import tests.test_zoo as zoo", 1),
        ("from tests.helpers.chains import random_chain", 0),
        ("import tests.testing.families", 0),
    ],
)
def test_a_planted_import_between_tests_is_found(tmp_path: Path, text: str, found: int) -> None:
    assert len(borrowed(plant(tmp_path, "prove.test_new", text))) == found


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
    "upwards": ("layer.window", "from symconv.claim import Claim"),
    "upwards, inside a function": ("layer.window", "def f():\n    import symconv.claim"),
    "upwards, relative": ("layer.window", "from ..claim import Claim"),
    "upwards, from a package": ("relation.form", "from ..prove import decide"),
    "upwards, inside a room": ("layer.window", "from symconv.layer.conv import Conv"),
    "upwards, inside a room inside a room": ("prove.tables.blocks", "from . import compare"),
    "a room's own face": ("layer.window", "from symconv import layer"),
    "the package itself": ("layer.window", "from symconv import Conv"),
    "a prover from a prover": ("prove.tables.decide", "from symconv.prove.kernel import text"),
    "a prover from a prover, relative": ("prove.tables.decide", "from .. import kernel"),
    "a prover from the report": ("report.write", "from symconv.prove import decide"),
    "recheck from what it checks": ("recheck.text", "from symconv.layer.window import Window"),
    "torch in a prover": ("prove.tables.decide", "import torch.nn.functional as F"),
    "tables in the relation": ("relation.form", "import numpy as np"),
    "islpy in the claim": ("claim.steps", "import islpy"),
    "no such room": ("attic", "import math"),
    "no such file": ("layer.attic", "import math"),
}

ALLOWED = {
    "downwards": ("claim.steps", "from symconv.layer.window import Window"),
    "inside a package": ("report.write", "from symconv.report.sections import layers"),
    "its library": ("prove.sets.words", "import islpy"),
    "inside recheck": ("recheck.decide", "from symconv.recheck.text import Text"),
    "its fault": ("recheck.text", "from symconv.errors import SymconvError"),
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
