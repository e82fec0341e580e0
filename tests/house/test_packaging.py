"""The wheel holds what the package needs, and runs away from its checkout."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import symconv

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from this checkout, unpacked."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (wheel,) = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


def test_it_holds_sources_types_licence_and_proofs(unpacked: Path) -> None:
    inside = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*")}
    files = [
        *(ROOT / "symconv").rglob("*.py"),
        *(ROOT / "symconv/prove/kernel/statements").glob("*.v"),
    ]
    sources = {path.relative_to(ROOT).as_posix() for path in files}
    assert sources | {"symconv/py.typed", "symconv/_proofs/README.md"} <= inside
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in inside)
    assert not any(name.startswith("tests") for name in inside)


def test_the_kernel_finds_its_sources_in_it(unpacked: Path) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(unpacked)!r});"
        "from symconv.prove.kernel.library import sources; print(*sources(), sep='\\n')"
    )
    run = [sys.executable, "-I", "-c", code]
    result = subprocess.run(run, check=True, capture_output=True, text=True, timeout=60)
    found = {Path(line) for line in result.stdout.splitlines()}
    expected = {unpacked / "symconv/_proofs" / path.name for path in (ROOT / "proofs").glob("*.v")}
    assert found == expected


def test_it_runs_outside_the_checkout(unpacked: Path, tmp_path: Path) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(unpacked)!r}); import symconv;"
        "print(symconv.__file__);"
        "print(symconv.Conv(3, 64, kernel_size=7, stride=2, padding=3).output_size((224, 224)))"
    )
    run = [sys.executable, "-I", "-c", code]
    result = subprocess.run(
        run, cwd=tmp_path, check=True, capture_output=True, text=True, timeout=60
    )
    assert result.stdout.splitlines() == [str(unpacked / "symconv/__init__.py"), "(112, 112)"]


def test_the_stub_names_what_the_package_holds() -> None:
    stub = (ROOT / "symconv" / "__init__.pyi").read_text(encoding="utf-8")
    named = set(re.findall(r"import (\w+) as \1$", stub, re.MULTILINE))
    assert named == set(symconv.__all__)
