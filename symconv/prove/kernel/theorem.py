"""The proof kernel: this layer's theorem, written as a Coq file and compiled.

The file (`coqtext`) holds the layer's own numbers and symconv's own tie tables.  The kernel decides
by computing that they belong together, and checks that every output of the layer is that output of
its expansion, on arrays, at these sizes and at all under the same pads.
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

from symconv.claim.verdict import Fact
from symconv.expand import Expansion
from symconv.expand.lattice import LatticeExpansion
from symconv.machine.budget import running
from symconv.machine.files import write_file
from symconv.prove.kernel.compiler import (
    CLOSED,
    SECONDS,
    KernelRejects,
    compile_file,
    coqc,
    version,
)
from symconv.prove.kernel.kinds import kind_of
from symconv.prove.kernel.lattice import ABOUT, lattice_text
from symconv.prove.kernel.library import library
from symconv.prove.kernel.text import theorem_text

LIMIT = (
    "the kernel's theorem is about the numbers in its file, which symconv wrote there (for 'same' "
    "and ceil_mode the pads of this size); that its formulas are the maps' steps, the tables show"
)
"""What stays outside the kernel's theorem; printed wherever its word is."""


MOST_NAME = 120
"""Characters of a file's name before its digest; file systems take 255."""


def kernel_fact(expansion: Expansion, keep: str | Path | None = None) -> Fact:
    """Have the kernel check the theorem of this expansion.

    Args:
        expansion: a layer with its factors.
        keep: a folder; the Coq file is left there, named after the layer's numbers and its text.

    Raises:
        KernelMissing: Coq or MathComp is not installed; the message says how to install it.
        KernelRejects: the kernel refuses the file, a fault of symconv itself.
        TooLarge: the numbers are too large for the kernel's unary ones, or coqc took longer than
            the budget.

    Source: Kong and Lucey 2017, section 3; the library's `Kinds.v`.
    """
    figures = _checked(theorem_text(expansion), file_name(expansion), keep)
    return Fact("kernel", _about(expansion), figures)


def lattice_fact(expansion: LatticeExpansion, keep: str | Path | None = None) -> Fact:
    """Have the kernel check the theorem of a layer of matrix stride; as `kernel_fact`.

    Source: Viscito and Allebach 1991, section II; the library's `LatticeLayer.v`.
    """
    rows = "_".join("x".join(map(str, row)) for row in expansion.original.stride)
    name = f"lattice_{rows.replace('-', 'm')}"[:MOST_NAME]
    return Fact("kernel", ABOUT, _checked(lattice_text(expansion), name, keep))


def _checked(text: str, name: str, keep: str | Path | None) -> dict[str, Any]:
    """Compile a theorem's file, and say which Coq accepted it, in what time, and where it is."""
    folder = library()
    name = f"{name}_{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    start = perf_counter()
    with tempfile.TemporaryDirectory(prefix="symconv-") as scratch:
        path = Path(scratch) / f"{name}.v"
        path.write_text(text, encoding="utf-8")
        run = compile_file(path, folder, seconds=min(SECONDS, running().budget.seconds))
    if not run.accepted or run.output.count(CLOSED) != text.count("Print Assumptions"):
        said = " ".join(run.output.split())[-300:]
        raise KernelRejects(f"the kernel rejects the expansion's theorem, {said}")
    figures = {"coq": version(coqc()), "seconds": round(perf_counter() - start, 3)}
    if keep is not None:
        figures["file"] = str(_kept(Path(keep), name, text))
    return figures


def _kept(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.v"
    write_file(path, text)
    return path


def file_name(expansion: Expansion) -> str:
    """A name made of the layer's numbers, fit for a Coq module.

    >>> from symconv import Conv, destride
    >>> file_name(destride(Conv(3, 64, 7, stride=2, padding=3), (224, 224)))
    'conv_k7x7_s2x2_n224x224_e2x2'
    """
    windows = expansion.windows
    parts = {
        "k": [w.kernel for w in windows],
        "s": [w.base_dilation if w.base_dilation > 1 else w.stride for w in windows],
        "n": list(expansion.input_size),
        "e": list(expansion.factor_in),
    }
    numbers = "_".join(letter + "x".join(map(str, row)) for letter, row in parts.items())
    return f"{expansion.original.op}_{numbers}"[:MOST_NAME]


def _about(expansion: Expansion) -> str:
    words = "x".join(map(str, expansion.input_size))
    return (
        f"every output of this layer, of input {words}, is that output of its expansion on arrays "
        f"of phases, {kind_of(expansion).about}; and these numbers at any size"
    )
