"""What is proved at every size: of a layer, and of a chain with the sizes that need its masks."""

from __future__ import annotations

from symconv.claim.verdict import Certificate, Verdict
from symconv.network.proof import NetworkProof
from symconv.report.document import Block, Code, Paragraph, Plain, Section, Statement, prose, table
from symconv.report.sections.verdicts import facts_table, verdict_section

TITLE = "At every size"


def everywhere_section(verdict: Verdict) -> Section:
    """The same layer with its sizes named."""
    if not isinstance(verdict, Certificate):
        return Section(TITLE, verdict_section(verdict).blocks)
    return Section(TITLE, (_proved(verdict), facts_table(verdict.facts)))


def _proved(verdict: Certificate) -> Statement:
    figures = verdict.facts[0].figures
    words = prose(
        "For every input size <names> that the layers accept (<domain>) the strided side and the "
        "expanded one are the same function, for all inputs and weights.",
        names=Code(", ".join(verdict.claim.names)),
        domain=Code(figures["domain"]),
    )
    return Statement("Proved for all sizes", words, (), "good")


def everywhere_of_chain(proof: NetworkProof) -> Section:
    """The same chain with its sizes named: its masks, and the sizes that need each."""
    if not isinstance(proof.verdict, Certificate):
        return everywhere_section(proof.verdict)
    nodes = proof.expansion.network.nodes
    blocks: list[Block] = [_proved(proof.verdict)]
    if proof.tails:
        rows = [(Plain(nodes[t.place].name), Code(t.needed or "")) for t in proof.tails]
        blocks.append(table(["mask before", "needed where"], rows, "lp"))
    blocks.append(Paragraph(prose("<words>.", words=proof.without_in_words())))
    blocks.append(facts_table(proof.verdict.facts[:1]))
    return Section(TITLE, tuple(blocks))
