"""The theorems of a model's layers, checked by the proof kernel: each distinct expansion once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from symconv.claim.verdict import Certificate, Fact, Undecided
from symconv.expand import Expansion
from symconv.network.results import ModelProof, NodeProof
from symconv.prove.engine import Question
from symconv.prove.kernel.engine import Kernel


def with_theorems(proof: ModelProof, keep: str | Path | None = None) -> ModelProof:
    """Have Coq check the theorem of every converted layer; what it cannot state is a limit.

    Raises:
        KernelMissing: Coq or MathComp is not installed.
        KernelRejects: Coq refuses a theorem, a fault of symconv itself.
    """
    kernel = Kernel(keep)
    decided: dict[Expansion, tuple[Fact, ...] | str] = {}
    theorems: dict[str, tuple[Fact, ...] | str] = {}
    for node in proof.nodes:
        expansion = _expansion(node)
        if expansion is None:
            continue
        if expansion not in decided:
            decided[expansion] = _checked(kernel, expansion)
        theorems[node.label] = decided[expansion]
    return replace(proof, theorems=theorems)


def _expansion(node: NodeProof) -> Expansion | None:
    """The expansion of a node that is a layer of its own."""
    return None if node.of is None or node.of.window.left else node.of.expansion


def _checked(kernel: Kernel, expansion: Expansion) -> tuple[Fact, ...] | str:
    """The kernel's facts, or why there is none."""
    question = Question(expansion.claim(), expansion=expansion)
    if (why := kernel.can(question)) is not None:
        return why
    verdict = kernel.decide(question).verdict
    if isinstance(verdict, Certificate):
        return verdict.facts
    return verdict.reason if isinstance(verdict, Undecided) else "no kernel proof"
