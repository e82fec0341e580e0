"""The verbs: prove a layer or a network, check somebody's claim, write a report."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack, overload

from symconv.claim import Claim, read_claim
from symconv.claim.naming import named_sizes
from symconv.claim.unused import unused_weights
from symconv.claim.verdict import Certificate, Undecided, Verdict
from symconv.dialect.config import layer_to_dict, read_layer
from symconv.dialect.models.files import is_model_file
from symconv.dialect.registry import read_subject
from symconv.dialect.subject import Subject
from symconv.dialect.torch import is_graph
from symconv.errors import ClaimError, ClaimWarning, InputError
from symconv.expand import Expansion
from symconv.expand.lattice import LatticeExpansion
from symconv.layer import AnyLayer, LatticeConv
from symconv.layer.base import Sizes
from symconv.machine.budget import Budget, spending
from symconv.network import Network
from symconv.prove.decide import decide
from symconv.prove.engine import Engine, Question
from symconv.prove.kernel.engine import Kernel
from symconv.prove.options import (
    AT_A_SIZE,
    FOR_ALL_SIZES,
    MATRIX_STRIDE,
    MODEL,
    NETWORK,
    TAKES,
    refuse_others,
)
from symconv.prove.sympy.engine import SymPy
from symconv.size.names import axis_names

if TYPE_CHECKING:
    from symconv.network.results import ModelCertificate, ModelUndecided
    from symconv.report import ReportFiles

    Proved = Verdict | ModelCertificate | ModelUndecided
    """The verdict on a layer or a chain, or on a model."""

Own = Expansion | Network | LatticeExpansion | AnyLayer | LatticeConv | Mapping[str, Any]
"""What can only be a layer or a chain; a text may name a model's file too."""

NAME = "expansion"
"""The name of a claim that is given none."""


class Options(TypedDict, total=False):
    """What `prove` may be asked beside a subject and a size."""

    where: Sequence[str]
    name: str | None
    config: Mapping[str, Any] | None
    symbolic: bool | None
    kernel: bool
    keep: str | Path | None
    engine: str | None
    budget: Budget | None


@overload
def prove(subject: Own, input_size: Sizes | None = None, **options: Unpack[Options]) -> Verdict: ...


@overload
def prove(subject: Any, input_size: Any = None, **options: Unpack[Options]) -> Proved: ...


def prove(
    subject: Any,
    input_size: Sizes | None = None,
    *,
    where: Sequence[str] = (),
    name: str | None = None,
    config: Mapping[str, Any] | None = None,
    symbolic: bool | None = None,
    kernel: bool = False,
    keep: str | Path | None = None,
    engine: str | None = None,
    budget: Budget | None = None,
) -> Proved:
    """Prove that a layer and its expansion are the same function, or refute it.

    At sizes in numbers two proofs must agree: the access tables (or one formula, where that is
    quicker), and with ``symbolic`` the identity ``T_strided(w) = Y * T_expanded(w^) * P`` of SymPy
    matrices, at that size where it is small enough and else for a reduced instance of the same
    geometry.  Where a size is a name, and where none is given, the claim is for all sizes.

    A network is proved equal to its stride-free form, one square per layer.  Masks stand where a
    layer would read the tail of a hidden signal; each is a fact of the certificate.

    Args:
        subject: a layer, to be expanded with the least factors; an `Expansion`; a `Network`; a
            layer of matrix stride; or what stands for one: a preset's name, a shorthand, a layer's
            JSON object, a path, a ``torch.nn`` module; or a model (see `prove_model`): a file, or a
            module that is no chain of layers.
        input_size: one number or name per spatial axis, such as ``(224, "W")``; an expansion and a
            network have their own.  Of a model file a shape for each input by its name.
        where: conditions on named sizes, such as ``"H >= 32"``.
        name: the claim's name; by default what the subject came with, or ``expansion``.
        config: the layer's configuration, kept in the certificate; by default written out.
        symbolic: whether to add the SymPy identity; by default of every layer at a size.
        kernel: whether to have the proof kernel of Coq check the layer's theorem as well.
        keep: a folder in which to leave the kernel's file; asks for the kernel too.
        engine: the one engine to ask (``symconv engines`` lists them); by default the cheapest
            that can, and then the others.
        budget: what the verdict may cost; what exceeds it is undecided.

    Raises:
        InputError: the subject makes no sense, does not fit the size, or does not take an option.
        ContradictionError: two ways of deciding it disagree, a fault of symconv itself.
        KernelMissing: the kernel is asked for, and Coq or MathComp is not installed.
        KernelRejects: the kernel refuses the theorem, a fault of symconv itself.

    Source: Kong and Lucey 2017, section 3.

    >>> from symconv import Conv
    >>> stem = Conv(3, 64, kernel_size=7, stride=2, padding=3)
    >>> verdict = prove(stem, (224, 224))
    >>> verdict.verdict, verdict.method, verdict.output_shape
    ('proved', ['tables', 'sympy'], (64, 112, 112))
    >>> verdict = prove(stem)
    >>> verdict.verdict, verdict.sizes, verdict.method
    ('proved', 'all', ['sets'])
    """
    if is_model_file(subject) or is_graph(subject):
        refuse_others(MODEL, name=name, config=config, symbolic=symbolic, engine=engine)
        from symconv.models.prove import prove_model

        return prove_model(
            subject, input_size, where=where, kernel=kernel, keep=keep, budget=budget
        ).verdict
    read = read_subject(subject, input_size)
    refuse_others(
        _kind(read),
        where=tuple(where) or None,
        name=name,
        config=config,
        symbolic=symbolic,
        kernel=kernel,
        keep=keep,
        engine=engine,
    )
    kernel = kernel or keep is not None
    with spending(budget):
        if isinstance(read.of, Network):
            return _prove_network(read.of, where, name)
        claim = replace(read.of.claim(name or read.name or NAME), where=tuple(where))
        layer = _layer(config, read.of, claim)
        verdict = decide(claim, engine=engine, expansion=read.of)
        if not isinstance(verdict, Certificate):
            return verdict
        verdict = replace(verdict, layer=dict(layer))
        has_operators = "symbolic" in TAKES[_kind(read)] and symbolic is not False
        second: list[Engine] = [SymPy()] if has_operators else []
        second += [Kernel(keep)] if kernel else []
        return _with_second_proofs(verdict, Question(claim, expansion=read.of), second)


def _with_second_proofs(
    verdict: Certificate, question: Question, engines: Sequence[Engine]
) -> Certificate:
    """The certificate with what other engines prove of the layer, or why they do not."""
    for one in engines:
        if (why := one.can(question)) is not None:
            verdict = replace(verdict, limits=(*verdict.limits, why))
            continue
        found = one.decide(question).verdict
        if isinstance(found, Certificate):
            facts, limits = (*verdict.facts, *found.facts), (*verdict.limits, *found.limits)
            verdict = replace(verdict, facts=facts, limits=limits)
        elif isinstance(found, Undecided):
            verdict = replace(verdict, limits=(*verdict.limits, found.reason))
    return verdict


def _kind(subject: Subject) -> str:
    """The kind of a subject, by which it takes options."""
    if isinstance(subject.of, Network):
        return NETWORK
    if isinstance(subject.of, LatticeExpansion):
        return MATRIX_STRIDE
    return FOR_ALL_SIZES if subject.of.names else AT_A_SIZE


def _layer(
    config: Mapping[str, Any] | None, expansion: Expansion | LatticeExpansion, claim: Claim
) -> Mapping[str, Any]:
    """The layer's configuration: the one that is given, if it is this layer's, or written out.

    Raises:
        InputError: it is another one's; it may leave out the size.
    """
    if config is None:
        return layer_to_dict(expansion.original, claim.size)
    read = read_layer({"input_size": list(claim.size), **config}, "config")
    same = expansion.names or list(read.input_size) == list(claim.size)
    if read.layer != expansion.original or not same:
        raise InputError(
            f"config is of {read.layer!r} at input_size={list(read.input_size)}, the layer is "
            f"{expansion.original!r} at {list(claim.size)}; leave it out"
        )
    return config


def _prove_network(network: Network, where: Sequence[str], name: str | None) -> Verdict:
    from symconv.prove.network.decide import decide_network

    named = network if name is None else replace(network, name=name)
    return decide_network(named, where).verdict


def _claim_in(path: str | Path) -> Mapping[str, Any]:
    """The one claim of a JSON or TOML file."""
    from symconv.dialect.files import ClaimText, read_layers, redirect
    from symconv.dialect.pasted.base import Fault

    entries = read_layers(path)
    if other := next((e for e in entries if e.kind not in ("claim", "fault")), None):
        raise ClaimError(redirect(str(path), other.kind))
    if len(entries) != 1 or not isinstance(entries[0], ClaimText | Fault):
        raise ClaimError(
            f"{path} must hold one claim, found {len(entries)} entries; "
            "read one of many with read_claim"
        )
    if isinstance(entries[0], Fault):
        raise ClaimError(entries[0].message)
    return entries[0].text


def check(
    claim: Claim | Mapping[str, Any] | str | Path,
    *,
    all_sizes: bool = False,
    engine: str | None = None,
    budget: Budget | None = None,
) -> Verdict:
    """Prove or refute somebody's claim: a value, its JSON object, or the path of a file of one.

    A claim with named sizes is for all of them; ``all_sizes`` gives the sizes of the input names.
    ``engine`` names the one to ask.  ``budget`` says what the verdict may cost.  A derived weight
    that nothing uses is a `ClaimWarning`.

    Raises:
        ClaimError: the claim is ill-formed; the message names the claim, the side and the step.
        ContradictionError: two ways of deciding it disagree, a fault of symconv itself.

    >>> check({"name": "flip twice", "input": {"channels": 1, "size": [5]}, "right": [],
    ...        "left": [{"op": "flip", "axes": [1]}] * 2}).verdict
    'proved'
    """
    if isinstance(claim, str | Path):
        claim = _claim_in(claim)
    read = claim if isinstance(claim, Claim) else read_claim(claim)
    if all_sizes:
        read = replace(read, size=named_sizes(read))
    for text in unused_weights(read):
        warnings.warn(ClaimWarning(f"claim {read.name!r}: {text}"), stacklevel=2)
    with spending(budget):
        return decide(read, engine=engine)


def report(
    subject: Any,
    directory: str | Path,
    input_size: Any = None,
    *,
    name: str | None = None,
    pdf: bool = False,
) -> ReportFiles:
    """Prove a layer, a network or a model and write its report, LaTeX and HTML, PDF where asked.

    Raises:
        InputError: as `prove`; or a size is named.
        InternalError: a displayed step of the derivation does not hold.
        OSError: a file cannot be written.
    """
    if is_model_file(subject) or is_graph(subject):
        return _report_model(subject, directory, input_size, name, pdf)
    read = read_subject(subject, input_size)
    shown = f"{_shown(read.of)}, {str(directory)!r}"
    size = "" if isinstance(read.of, Network) else f", {read.of.input_size}"
    name = name or (read.of.name if isinstance(read.of, Network) else read.name) or "layer"
    _, files = report_proof(
        read.of, directory, name=name, command=f"symconv.report({shown}{size})", pdf=pdf
    )
    return files


def _report_model(
    subject: Any, directory: str | Path, sizes: Any, name: str | None, pdf: bool
) -> ReportFiles:
    from symconv.models.prove import prove_model
    from symconv.report import write_model_report

    shown = repr(str(subject)) if isinstance(subject, str | Path) else "module"
    size = "" if sizes is None else f", {sizes!r}"
    command = f"symconv.report({shown}, {str(directory)!r}{size})"
    proof = prove_model(subject, sizes)
    return write_model_report(proof, directory, command=command, pdf=pdf, name=name)


def _shown(subject: Expansion | Network | LatticeExpansion) -> str:
    return "network" if isinstance(subject, Network) else repr(subject.original)


def report_proof(
    subject: Expansion | Network | LatticeExpansion,
    directory: str | Path,
    *,
    name: str,
    command: str,
    pdf: bool = False,
) -> tuple[Verdict, ReportFiles]:
    """Prove a layer or a network, at its size and at all, and write the report of both.

    ``command`` is what the report says makes it again.

    Raises:
        InputError: a size is named.
    """
    if subject.names:
        raise InputError("name an input_size to report at, such as input_size=(224, 224)")
    names = axis_names(len(subject.input_size))
    if isinstance(subject, Network):
        from symconv.prove.network.decide import decide_network
        from symconv.report import write_network_report

        network = replace(subject, name=name)
        proof, everywhere = map(decide_network, (network, replace(network, input_size=names)))
        files = write_network_report(
            proof, directory, command=command, pdf=pdf, everywhere=everywhere
        )
        return proof.verdict, files
    from symconv.report import write_lattice_report, write_report

    verdict, everywhere_too = prove(subject, name=name), prove(subject, names)
    write: Any = write_lattice_report if isinstance(subject, LatticeExpansion) else write_report
    files = write(
        subject,
        verdict,
        directory,
        name=name,
        command=command,
        pdf=pdf,
        everywhere=everywhere_too,
    )
    return verdict, files
