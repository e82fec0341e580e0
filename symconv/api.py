"""The public verbs: prove an expansion, check somebody's claim."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symconv.claim import Claim, read_claim
from symconv.destride import OpenExpansion, destride
from symconv.dialect.config import layer_to_dict
from symconv.errors import SymconvError, TooLarge
from symconv.expand import Expansion
from symconv.layer import AnyLayer
from symconv.prove.concrete import settle
from symconv.standin import matrix_entries, stand_in
from symconv.verdict import Certificate, Fact, Verdict

if TYPE_CHECKING:
    from symconv.report import ReportFiles

Subject = Expansion | OpenExpansion | AnyLayer

MOST_MATRIX_ENTRIES = 4000
"""Above this many non-zeros the SymPy identity is proved for a stand-in, and says so."""

MOST_STAND_IN_ENTRIES = 40_000
"""Above this many non-zeros of a stand-in the tables stand alone, and say so."""


def prove(
    subject: Subject,
    input_size: Sequence[int] | None = None,
    *,
    name: str = "expansion",
    config: Mapping[str, Any] | None = None,
    symbolic: bool = True,
    kernel: bool = False,
    keep: str | Path | None = None,
) -> Verdict:
    """Prove that a layer and its expansion are the same function, or refute it.

    Two proofs must agree: the access tables, at the layer's own size, and (with ``symbolic``) the
    identity ``T_strided(w) = Y * T_expanded(w^) * P`` of SymPy matrices, at that size where it is
    small enough and else for a stand-in of the same geometry.

    Args:
        subject: an `Expansion`, or a layer to be expanded with the least factors.
        input_size: the layer's input size; an expansion has its own.
        name: the claim's name.
        config: the layer's configuration, kept in the certificate; by default written anew.
        symbolic: whether to add the SymPy identity.
        kernel: whether to have the proof kernel of Coq check the layer's theorem as well.
        keep: a folder in which to leave the kernel's file.

    Raises:
        LayerError: the layer does not fit the size, or no size is given.
        ProofsDisagree: the two proofs contradict each other, a fault of symconv itself.
        KernelMissing: the kernel is asked for, and Coq or MathComp is not installed.
        KernelRejects: the kernel refuses the theorem, a fault of symconv itself.

    >>> from symconv import Conv
    >>> verdict = prove(Conv(3, 64, kernel_size=7, stride=2, padding=3), (224, 224))
    >>> verdict.verdict, verdict.method, verdict.output_shape
    ('proved', ['tables', 'sympy'], (64, 112, 112))
    """
    expansion = _expansion(subject, input_size)
    verdict = settle(expansion.claim(name))
    if not isinstance(verdict, Certificate):
        return verdict
    layer = config or layer_to_dict(expansion.original, expansion.input_size)
    facts, limits = symbolic_facts(expansion) if symbolic else ((), ())
    if kernel:
        checked, unchecked = kernel_facts(expansion, keep)
        facts, limits = facts + checked, limits + unchecked
    return replace(verdict, layer=dict(layer), facts=verdict.facts + facts, limits=limits)


def _expansion(subject: Subject, input_size: Sequence[int] | None) -> Expansion:
    if isinstance(subject, Expansion):
        if input_size is not None and tuple(input_size) != subject.input_size:
            raise SymconvError(
                f"the expansion is for input_size={list(subject.input_size)}, got "
                f"{list(input_size)}; call destride with that size"
            )
        return subject
    if input_size is None:
        raise SymconvError("name an input_size to prove at, such as input_size=(224, 224)")
    if isinstance(subject, OpenExpansion):
        return subject.at(input_size)
    return destride(subject, input_size)


def symbolic_facts(expansion: Expansion) -> tuple[tuple[Fact, ...], tuple[str, ...]]:
    """What SymPy proves of an expansion, and what it could not be asked."""
    if expansion.original.monoid == "max":
        return (), ("no SymPy identity: a maximum is no linear map and has no matrix",)
    entries = matrix_entries(expansion)
    if entries <= MOST_MATRIX_ENTRIES:
        return _identity(expansion, "this layer at its own size", ())
    small = stand_in(expansion)
    too_large = f"this layer's matrix has up to {entries} non-zeros, the SymPy identity takes up to"
    if matrix_entries(small) > MOST_STAND_IN_ENTRIES:
        return (), (
            f"no SymPy identity: {too_large} {MOST_STAND_IN_ENTRIES}, and so has a stand-in",
        )
    limit = f"the SymPy identity is a stand-in's: {too_large} {MOST_MATRIX_ENTRIES}"
    return _identity(small, _stand_in_text(small), (limit,))


def kernel_facts(
    expansion: Expansion, keep: str | Path | None = None
) -> tuple[tuple[Fact, ...], tuple[str, ...]]:
    """What the proof kernel checks of an expansion, and what it could not be asked."""
    from symconv.prove.rocq import LIMITS, kernel_fact

    try:
        return (kernel_fact(expansion, keep),), LIMITS
    except TooLarge as fault:
        return (), (f"no kernel proof: {fault}",)


def _identity(
    expansion: Expansion, about: str, limits: tuple[str, ...]
) -> tuple[tuple[Fact, ...], tuple[str, ...]]:
    """The SymPy identity with its limits; where it is too large, the tables stand alone."""
    from symconv.prove.operators import operator_fact

    try:
        return (operator_fact(expansion, about),), limits
    except TooLarge as fault:
        return (), (f"no SymPy identity: {fault}",)


def _stand_in_text(small: Expansion) -> str:
    size = " x ".join(map(str, small.input_size))
    return (
        f"a stand-in of the same geometry: input {size}, {small.original.in_channels} -> "
        f"{small.original.out_channels} channels"
    )


def check(claim: Claim | Mapping[str, Any] | str | Path) -> Verdict:
    """Prove or refute somebody's claim, given as a value, as its JSON object, or as a JSON file.

    Raises:
        ClaimError: the claim is ill-formed; the message names the claim, the side and the step.

    >>> check({"name": "flip twice", "input": {"channels": 1, "size": [5]}, "right": [],
    ...        "left": [{"op": "flip", "axes": [1]}] * 2}).verdict
    'proved'
    """
    if isinstance(claim, str | Path):
        claim = json.loads(Path(claim).read_text(encoding="utf-8"))
    return settle(claim if isinstance(claim, Claim) else read_claim(claim))  # type: ignore[arg-type]


def report(
    subject: Subject,
    directory: str | Path,
    input_size: Sequence[int] | None = None,
    *,
    name: str = "layer",
    pdf: bool = False,
) -> ReportFiles:
    """Prove an expansion and write its report, LaTeX and HTML, and PDF where asked.

    Raises:
        SymconvError: as `prove`; or a displayed step of the derivation does not hold.
        OSError: a file cannot be written.
    """
    from symconv.report import write_report

    expansion = _expansion(subject, input_size)
    verdict = prove(expansion, name=name)
    command = f"symconv.report({expansion.original!r}, {str(directory)!r}, {expansion.input_size})"
    return write_report(expansion, verdict, directory, name=name, command=command, pdf=pdf)
