"""The public verbs: prove an expansion, check somebody's claim."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symconv.claim import Claim, read_claim
from symconv.claim.naming import named_sizes
from symconv.claim.unused import unused_weights
from symconv.claim.verdict import Certificate, Fact, Verdict
from symconv.dialect.config import layer_to_dict, read_layer
from symconv.errors import ClaimError, ClaimWarning, InputError, TooLarge
from symconv.expand import Expansion, destride
from symconv.expand.lattice import LatticeExpansion, expand_lattice
from symconv.expand.reduced import check_slots, matrix_entries, stand_in
from symconv.layer import AnyLayer, LatticeConv
from symconv.layer.base import Sizes
from symconv.machine.budget import Budget, spending
from symconv.network import Network
from symconv.prove.decide import decide
from symconv.prove.options import (
    AT_A_SIZE,
    FOR_ALL_SIZES,
    MATRIX_STRIDE,
    NETWORK,
    refuse_others,
    require_size,
)
from symconv.size.expr import Expr
from symconv.size.names import axis_names

if TYPE_CHECKING:
    from symconv.network.proof import NetworkProof
    from symconv.prove.lattice import LatticeVerdict
    from symconv.report import ReportFiles

Subject = Expansion | AnyLayer | Network | LatticeConv | LatticeExpansion

NAME = "expansion"
"""The name of a claim that is given none."""

MOST_MATRIX_ENTRIES = 4000
"""Above this many non-zeros the SymPy identity is proved for a stand-in, and says so."""

MOST_STAND_IN_ENTRIES = 40_000
"""Above this many non-zeros of a stand-in the tables stand alone, and say so."""


def prove(
    subject: Subject,
    input_size: Sizes | None = None,
    *,
    name: str | None = None,
    config: Mapping[str, Any] | None = None,
    symbolic: bool | None = None,
    kernel: bool = False,
    keep: str | Path | None = None,
    engine: str | None = None,
    budget: Budget | None = None,
) -> Verdict:
    """Prove that a layer and its expansion are the same function, or refute it.

    Two proofs must agree: the access tables, at the layer's own size, and (with ``symbolic``) the
    identity ``T_strided(w) = Y * T_expanded(w^) * P`` of SymPy matrices, at that size where it is
    small enough and else for a stand-in of the same geometry.

    Args:
        subject: an `Expansion`, or a layer to be expanded with the least factors, or a `Network`
            (`prove_network` says more of its masks).
        input_size: the layer's input size; an expansion and a network have their own.  Without one
            or with names in it the claim is for all sizes (`prove_for_all_sizes`).
        name: the claim's name; ``expansion``, or the network's, by default.
        config: the layer's configuration, kept in the certificate; by default written anew.
        symbolic: whether to add the SymPy identity; by default of every layer at a size.
        kernel: whether to have the proof kernel of Coq check the layer's theorem as well.
        keep: a folder in which to leave the kernel's file; asks for the kernel too.
        engine: the one engine to ask, by its name (`symconv.prove.registry`); by default the
            cheapest that can, and then the others.
        budget: what the verdict may cost; what exceeds it is undecided.

    Raises:
        LayerError: the layer does not fit the size.
        InputError: an option that this kind of subject does not take (`symconv.prove.options`).
        ContradictionError: two ways of settling it disagree, a fault of symconv itself.
        KernelMissing: the kernel is asked for, and Coq or MathComp is not installed.
        KernelRejects: the kernel refuses the theorem, a fault of symconv itself.

    >>> from symconv import Conv
    >>> verdict = prove(Conv(3, 64, kernel_size=7, stride=2, padding=3), (224, 224))
    >>> verdict.verdict, verdict.method, verdict.output_shape
    ('proved', ['tables', 'sympy'], (64, 112, 112))
    """
    refuse_others(
        _kind(subject, input_size), input_size=input_size, name=name, config=config,
        symbolic=symbolic, kernel=kernel, keep=keep, engine=engine,
    )  # fmt: skip
    with spending(budget):
        if isinstance(subject, Network):
            return prove_network(_named(subject, input_size, name)).verdict
        if isinstance(subject, LatticeConv | LatticeExpansion):
            asked = kernel or keep is not None
            return prove_lattice(  # type: ignore[return-value]
                subject, input_size, kernel=asked, keep=keep
            )
        if _kind(subject, input_size) == FOR_ALL_SIZES:
            found = prove_for_all_sizes(subject, input_size, name=name, engine=engine)
            return found if config is None else _with_layer(found, _own(config, subject, None))
        return _prove_at_a_size(subject, input_size, name, config, symbolic, kernel, keep, engine)


def _prove_at_a_size(
    subject: Expansion | AnyLayer,
    input_size: Sizes | None,
    name: str | None,
    config: Mapping[str, Any] | None,
    symbolic: bool | None,
    kernel: bool,
    keep: str | Path | None,
    engine: str | None,
) -> Verdict:
    expansion = _expansion(subject, input_size)
    verdict = decide(expansion.claim(name or NAME), engine=engine)
    if not isinstance(verdict, Certificate):
        return verdict
    size = expansion.input_size
    layer = (
        _own(config, expansion.original, size)
        if config is not None
        else layer_to_dict(expansion.original, size)
    )
    facts, limits = symbolic_facts(expansion) if symbolic is not False else ((), ())
    if kernel or keep is not None:
        checked, unchecked = kernel_facts(expansion, keep)
        facts, limits = facts + checked, limits + unchecked
    return replace(verdict, layer=dict(layer), facts=verdict.facts + facts, limits=limits)


def _kind(subject: Subject, input_size: Sizes | None) -> str:
    """The kind of a subject, by which it takes options.

    Raises:
        InputError: it is none of them.
    """
    if not isinstance(subject, Subject):
        raise InputError(
            f"prove takes a layer, an expansion or a network, got {type(subject).__name__} "
            f"{subject!r:.60}; the command `symconv prove` reads presets, shorthands and files"
        )
    if isinstance(subject, Network):
        return NETWORK
    if isinstance(subject, LatticeConv | LatticeExpansion):
        return MATRIX_STRIDE
    sizes = subject.input_size if isinstance(subject, Expansion) else ()
    sizes = tuple(sizes if input_size is None else input_size)
    return (
        AT_A_SIZE if sizes and not any(isinstance(n, str | Expr) for n in sizes) else FOR_ALL_SIZES
    )


def _named(network: Network, input_size: Sizes | None, name: str | None) -> Network:
    """The network under the name that is asked for; another size than its own is refused."""
    require_size(network.input_size, input_size, f"the network {network.name!r}")
    return network if name is None else replace(network, name=name)


def _own(
    config: Mapping[str, Any], subject: Expansion | AnyLayer, size: Sequence[int] | None
) -> Mapping[str, Any]:
    """The configuration, if it is that of the layer which is proved; it may leave out the size.

    Raises:
        InputError: it is another one's.
    """
    layer = subject.original if isinstance(subject, Expansion) else subject
    # A layer whose attributes are numbers has any number of axes; the size does not matter here.
    known = list(size) if size else [f"N{axis}" for axis in range(layer.rank or 2)]
    read = read_layer({"input_size": known, **config}, "config")
    if read.layer != layer or (size is not None and tuple(read.input_size) != tuple(size)):
        raise InputError(
            f"config is of {read.layer!r} at input_size={list(read.input_size)}, the layer is "
            f"{layer!r}{f' at {list(size)}' if size is not None else ''}; leave it out"
        )
    return config


def _with_layer(verdict: Verdict, layer: Mapping[str, Any]) -> Verdict:
    return replace(verdict, layer=dict(layer)) if isinstance(verdict, Certificate) else verdict


def prove_for_all_sizes(
    subject: Expansion | AnyLayer | Network,
    names: Sizes | None = None,
    *,
    name: str | None = None,
    where: Sequence[str] = (),
    engine: str | None = None,
) -> Verdict:
    """Prove that a layer and its expansion are the same function at every size that it accepts.

    Of a chain, `prove_network_for_all_sizes` says more of its masks.

    ``names`` name the sizes of the axes; N, or H and W, or D, H and W by default.  ``where`` are
    conditions on them, such as ``"H >= 32"``.

    >>> from symconv import Conv
    >>> verdict = prove_for_all_sizes(Conv(3, 64, kernel_size=7, stride=2, padding=3))
    >>> verdict.verdict, verdict.sizes, verdict.method
    ('proved', 'all', ['sets'])
    """
    if isinstance(subject, Network):
        network = _named(subject, None, name)
        return prove_network_for_all_sizes(network, names, where=where).verdict
    if _kind(subject, names) != FOR_ALL_SIZES:
        raise InputError(
            f"{_kind(subject, None)} is proved by symconv.prove; for all sizes give the layer, or "
            "destride(layer), without a size"
        )
    expansion = _expansion(subject, names)
    claim = replace(expansion.claim(name or NAME), where=tuple(where))
    return _with_layer(decide(claim, engine=engine), layer_to_dict(expansion.original, claim.size))


def prove_everywhere(expansion: Expansion) -> Verdict:
    """Prove for all sizes what an expansion states at its own, with the same factors.

    >>> from symconv import Conv, destride
    >>> prove_everywhere(destride(Conv(1, 1, 3, stride=2), (9,))).sizes
    'all'
    """
    return prove_for_all_sizes(expansion.at(axis_names(len(expansion.axes))))


def prove_lattice(
    subject: LatticeConv | LatticeExpansion,
    size: Sizes | None = None,
    *,
    kernel: bool = False,
    keep: str | Path | None = None,
) -> LatticeVerdict:
    """Prove that a layer of matrix stride equals its expansion over cosets, at a size or at all.

    ``kernel`` and ``keep`` are as in `prove`; the kernel's theorem is for all sizes.

    >>> from symconv import Conv
    >>> prove_lattice(Conv(1, 1, (3, 3), stride=[[1, 1], [1, -1]])).verdict
    'proved'
    """
    from symconv.prove.lattice import settle_lattice

    opened = expand_lattice(subject) if isinstance(subject, LatticeConv) else subject
    found = settle_lattice(opened, size)
    if not kernel or found.verdict != "proved":
        return found
    from symconv.prove.kernel.theorem import lattice_fact

    try:
        fact = lattice_fact(opened, keep)
    except TooLarge as fault:
        return replace(found, reason=f"no kernel proof: {fault}")
    return replace(found, method=(*found.method, "kernel"), facts=(fact,))


def prove_network(network: Network) -> NetworkProof:
    """Prove a chain equal to its stride-free form on phases, one square a layer.

    Masks stand where a layer would read the tail of a hidden signal; each is a fact of the
    certificate.

    Source: Kong and Lucey 2017, section 3.

    >>> from symconv import Conv
    >>> from symconv.network import chain
    >>> net = chain("net", [Conv(3, 8, 3, 1, 1), "relu", Conv(8, 8, 3, 2, 1)], (33, 33))
    >>> proof = prove_network(net)
    >>> proof.verdict.method, proof.without_masks.verdict
    (['squares', 'mask'], 'refuted')
    """
    from symconv.prove.network.settle import settle_network

    return settle_network(network)


def prove_network_for_all_sizes(
    network: Network, names: Sizes | None = None, *, where: Sequence[str] = ()
) -> NetworkProof:
    """Prove a chain equal to its stride-free form on phases at every size that it accepts.

    ``names`` and ``where`` are as in `prove_for_all_sizes`; where the network has names of its own
    these are the default, and a number among them stays one.  Each mask is a fact of the
    certificate, with the sizes that need it.

    Source: Kong and Lucey 2017, section 3.

    >>> from symconv import Conv
    >>> from symconv.network import chain
    >>> net = chain("net", [Conv(3, 8, 3, 1, 1), "relu", Conv(8, 8, 3, 2, 1)], (33, 33))
    >>> proof = prove_network_for_all_sizes(net)
    >>> proof.verdict.sizes, proof.free
    ('all', 'H % 2 == 0 and W % 2 == 0')
    """
    from symconv.prove.network.settle import settle_network

    if names is None and network.names:
        return settle_network(network, where)
    rank = len(network.input_size)
    sizes = tuple(names or axis_names(rank))
    if len(sizes) != rank:
        raise ClaimError(
            f"chain {network.name!r} has {rank} spatial axes, got the size names "
            f"{', '.join(map(str, sizes))}"
        )
    return settle_network(replace(network, input_size=sizes), where)


def _expansion(subject: Expansion | AnyLayer, input_size: Sizes | None) -> Expansion:
    """The expansion at a size; one that has names takes any other."""
    if not isinstance(subject, Expansion):
        return destride(subject, input_size)
    if subject.names and input_size is not None:
        return subject.at(input_size)
    require_size(subject.input_size, input_size, "the expansion")
    return subject


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
    from symconv.prove.kernel.theorem import LIMIT, kernel_fact

    try:
        return (kernel_fact(expansion, keep),), (LIMIT,)
    except TooLarge as fault:
        return (), (f"no kernel proof: {fault}",)


def _identity(
    expansion: Expansion, about: str, limits: tuple[str, ...]
) -> tuple[tuple[Fact, ...], tuple[str, ...]]:
    """The SymPy identity with its limits; where it is too large, the tables stand alone."""
    from symconv.prove.sympy.operators import operator_fact

    try:
        check_slots(expansion)
        return (operator_fact(expansion, about),), limits
    except TooLarge as fault:
        return (), (f"no SymPy identity: {fault}",)


def _stand_in_text(small: Expansion) -> str:
    size = " x ".join(map(str, small.input_size))
    return (
        f"a stand-in of the same geometry: input {size}, {small.original.in_channels} -> "
        f"{small.original.out_channels} channels"
    )


def _claim_in(path: str | Path) -> Mapping[str, Any]:
    """The one claim of a JSON or TOML file."""
    from symconv.dialect.files import ClaimText, Fault, read_layers, redirect

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
        ContradictionError: two ways of settling it disagree, a fault of symconv itself.

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
    subject: Subject,
    directory: str | Path,
    input_size: Sequence[int] | None = None,
    *,
    name: str | None = None,
    pdf: bool = False,
) -> ReportFiles:
    """Prove an expansion and write its report, LaTeX and HTML, and PDF where asked.

    Raises:
        InputError: as `prove`; or a displayed step of the derivation does not hold.
        OSError: a file cannot be written.
    """
    from symconv.report import write_lattice_report, write_network_report, write_report

    if isinstance(subject, Network):
        command = f"symconv.report(network, {str(directory)!r})"
        subject = _named(subject, input_size, name)
        proof, everywhere = prove_network(subject), prove_network_for_all_sizes(subject)
        return write_network_report(
            proof, directory, command=command, pdf=pdf, everywhere=everywhere
        )
    name = name or "layer"
    if isinstance(subject, LatticeConv | LatticeExpansion):
        lattice = expand_lattice(subject) if isinstance(subject, LatticeConv) else subject
        found = prove_lattice(lattice, input_size)
        command = f"symconv.report({lattice.original!r}, {str(directory)!r}, {input_size})"
        return write_lattice_report(lattice, found, directory, name=name, command=command, pdf=pdf)
    expansion = _expansion(subject, input_size)
    if expansion.names:
        raise InputError("name an input_size to report at, such as input_size=(224, 224)")
    verdict = prove(expansion, name=name)
    command = f"symconv.report({expansion.original!r}, {str(directory)!r}, {expansion.input_size})"
    return write_report(
        expansion, verdict, directory, name=name, command=command, pdf=pdf,
        everywhere=prove_everywhere(expansion),
    )  # fmt: skip
