"""What ``prove`` and ``check`` do with one entry: plain values, which can travel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from symconv.cli import chains
from symconv.cli.options import expander, for_all_sizes, prove_named, refuse
from symconv.cli.results import (
    Result,
    of_expansion,
    of_refutation,
    of_verdict,
    refuse_fault,
    warned,
)
from symconv.errors import InputError

if TYPE_CHECKING:
    from symconv.claim.verdict import Verdict
    from symconv.dialect.chain import Chain
    from symconv.dialect.files import Entry


class Deciding(Protocol):
    """What a command does with each entry, and of which kinds it takes them."""

    takes: ClassVar[tuple[str, ...]]

    @property
    def asked(self) -> dict[str, Any]:
        """The command and the options that bear on a result, those at their defaults left out."""

    def decide(self, entry: Entry) -> tuple[Verdict, Result]:
        """The verdict on an entry, and the result that says it."""


@dataclass(frozen=True, slots=True)
class Proving:
    """Prove a layer equal to its expansion, or a chain to its stride-free form."""

    takes: ClassVar[tuple[str, ...]] = ("layer", "chain")
    options: Mapping[str, Any]
    """How to expand."""
    engine: str | None = None
    symbolic: bool | None = None
    """Whether the SymPy identity was asked for."""
    with_sympy: bool = False
    """Whether it is proved where nobody said."""
    all_sizes: bool = False
    kernel: bool = False
    keep: str | None = None

    @property
    def asked(self) -> dict[str, Any]:
        """The command and what it was asked."""
        return {
            "command": "prove",
            **{n: value for n, value in self.options.items() if value not in (None, "channel")},
            **_said(engine=self.engine, symbolic=self.symbolic or None, all_sizes=self.all_sizes),
            **_said(kernel=self.kernel, keep=self.keep),
        }

    def decide(self, entry: Entry) -> tuple[Verdict, Result]:
        """The verdict on a layer or a chain."""
        from symconv.dialect.chain import Chain

        every_size = for_all_sizes(entry, self.all_sizes)
        if every_size or isinstance(entry, Chain):
            refuse(
                "takes single layers at a size",
                symbolic=self.symbolic or None,
                kernel=self.kernel,
                keep=self.keep,
            )
        if isinstance(entry, Chain):
            return self._decide_chain(entry)
        if every_size:
            verdict = prove_named(entry, dict(self.options), self.engine)
            return verdict, of_verdict(verdict)
        return self._decide_layer(entry)

    def _decide_chain(self, entry: Chain) -> tuple[Verdict, Result]:
        from symconv.prove.network.decide import decide_network

        refuse("is for layers and claims, not for chains", engine=self.engine)
        options = dict(self.options)
        if self.all_sizes or entry.named:
            proof = chains.prove_named(entry, options)
        else:
            proof = decide_network(chains.as_network(entry, options))
        return proof.verdict, chains.of_proof(proof)

    def _decide_layer(self, entry: Entry) -> tuple[Verdict, Result]:
        name, expansion = expander(dict(self.options))(entry)
        from symconv import api
        from symconv.expand import Expansion

        has_operators = isinstance(expansion, Expansion)
        verdict = api.prove(
            expansion,
            name=name,
            symbolic=self.with_sympy if has_operators else self.symbolic,
            kernel=self.kernel,
            keep=self.keep,
            engine=self.engine,
        )
        return verdict, {**of_verdict(verdict), "expansion": of_expansion(expansion, name)}


@dataclass(frozen=True, slots=True)
class Checking:
    """Prove or refute somebody's claim, and look for the nearest one that holds."""

    takes: ClassVar[tuple[str, ...]] = ("claim",)
    engine: str | None = None
    all_sizes: bool = False
    repair: bool = True

    @property
    def asked(self) -> dict[str, Any]:
        """The command and what it was asked."""
        said = _said(engine=self.engine, all_sizes=self.all_sizes)
        return {"command": "check", **said, **({} if self.repair else {"repair": False})}

    def decide(self, entry: Entry) -> tuple[Verdict, Result]:
        """The verdict on a claim."""
        from symconv.dialect.files import ClaimText

        refuse_fault(entry)
        if not isinstance(entry, ClaimText):
            raise InputError(f"{entry.name!r} is a {entry.kind}, not a claim")
        from symconv import api

        with warned() as said:
            verdict = api.check(entry.text, all_sizes=self.all_sizes, engine=self.engine)
        return verdict, {**of_verdict(verdict), **of_refutation(verdict, self.repair), **said}


def _said(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value}
