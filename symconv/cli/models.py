"""Results of models: one a node, and a last one named after the model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from symconv.cli import output
from symconv.cli.output import rounded
from symconv.cli.results import Result, blame, failure, of_expansion, one_line
from symconv.errors import InputError, SymconvError
from symconv.prove.options import chosen

if TYPE_CHECKING:
    from symconv.claim.verdict import Fact
    from symconv.network.results import ModelProof, NodeProof

MOST_NAMED = 5
"""Nodes that a note names; the results have all of them."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks of models."""

    sizes: Sequence[str]
    region: str
    max_factor: int | None
    all_sizes: bool = False
    kernel: bool = False
    keep: str | None = None


def prove_models(
    sources: Sequence[str],
    asked: Asked,
    options: Mapping[str, Any],
    seconds: float | None,
    path: str | None,
    as_json: bool,
) -> None:
    """Prove each model, write the certificates, print the results and exit with their status."""
    from symconv.cli.running import finish, write_certificates

    start, results, certificates = perf_counter(), [], []
    for source in sources:
        try:
            with output.told_progress(as_json):
                proof = proof_of(source, asked, options, seconds)
            results += [*of_model(proof)]
            certificates += [proof.verdict.to_dict()] if proof.verdict.verdict == "proved" else []
        except Exception as fault:  # noqa: BLE001 - one bad file stops none of the others
            results.append({**failure(source, one_line(fault)), **blame(fault)})
    if path:
        write_certificates(Path(path), certificates)
    finish(results, perf_counter() - start, as_json)


def proof_of(
    source: str, asked: Asked, options: Mapping[str, Any], seconds: float | None
) -> ModelProof:
    """Prove one model as the command line asks.

    Raises:
        SymconvError: the file cannot be read, or an option is not for models.
    """
    from symconv.dialect.opened import read_sizes
    from symconv.machine.budget import Budget
    from symconv.models.prove import prove_model

    stride = options.get("residual_stride") or 1
    rest = {key: value for key, value in options.items() if key != "residual_stride"}
    if given := chosen(rest):
        raise InputError(
            f"the factors of a model are solved from its strides; leave out {given[0]}"
        )
    if not isinstance(stride, int):
        raise InputError("the residual stride of a model is one number for all axes")
    return prove_model(
        source,
        read_sizes(asked.sizes),
        region=asked.region,
        max_factor=asked.max_factor,
        residual_stride=stride,
        all_sizes=asked.all_sizes,
        kernel=asked.kernel,
        keep=asked.keep,
        budget=Budget() if seconds is None else Budget(seconds=seconds),
    )


def are_models(sources: Sequence[str]) -> bool:
    """Whether the sources are model files.

    Raises:
        InputError: some are, and some are not.
    """
    from symconv.dialect.models.files import is_model_file

    models = [source for source in sources if is_model_file(source)]
    if models and len(models) < len(sources):
        other = next(source for source in sources if source not in models)
        raise InputError(f"{models[0]!r} is a model and {other!r} is not; give them one by one")
    return bool(models)


def of_model(proof: ModelProof) -> Iterator[Result]:
    """One result a node, and one of the whole model."""
    verdict = proof.verdict
    for node in proof.nodes:
        yield {**of_node(node, verdict.sizes), **_theorem(proof.theorems.get(node.label))}
    costs = _costs(proof)
    yield {
        "name": verdict.name,
        "verdict": verdict.verdict,
        "sizes": verdict.sizes,
        "method": list(verdict.method),
        "seconds": verdict.seconds,
        "model": dict(Counter(node.status for node in proof.nodes)),
        **costs,
        **verdict.told(),
        **({"free": proof.free} if verdict.sizes == "all" else {}),
        **({"note": "; ".join(_notes(proof, costs))} if proof.graphs else {}),
    }


def _costs(proof: ModelProof) -> Result:
    """What the form on phases costs, and the local one; sizes must be numbers."""
    local: Result = {"strided": list(proof.strided)}
    if proof.verdict.sizes == "all":
        return {"local": local}
    from symconv.network.phases import PhasedModel
    from symconv.network.regions import Region
    from symconv.sharing.models import ModelCounts, model_counts

    phased = [graph.phased for graph in proof.graphs]
    alone = [PhasedModel(one.read, Region("local"), one.excluded) for one in phased]
    full, less = (sum(map(model_counts, forms), ModelCounts()) for forms in (phased, alone))
    return {"counts": asdict(full), "local": {**local, "counts": asdict(less)}}


def _theorem(theorem: tuple[Fact, ...] | str | None) -> Result:
    """What a result says of the kernel, where it was asked."""
    if theorem is None:
        return {}
    if isinstance(theorem, str):
        return {"limits": [theorem]}
    return {"facts": [fact.to_dict() for fact in theorem]}


def _notes(proof: ModelProof, costs: Result) -> Iterator[str]:
    counted = Counter(node.status for node in proof.nodes)
    kinds = ", ".join(f"{count} {status}" for status, count in counted.most_common())
    yield f"{kinds}{_weights(costs)}"
    masks = [node.label for node in proof.nodes if node.mask is not None]
    if masks:
        yield f"masks in front of {_listed(masks)}"
    if masks and proof.verdict.sizes == "all":
        yield f"without masks every square commutes iff {proof.free}"
    if proof.strided:
        listed = f"{len(proof.strided)}: {_listed(proof.strided)}"
        yield f"the local form would change {listed}{_weights(costs['local'])}"
    else:
        yield "no node is strided: nothing would change"


def _weights(costs: Result) -> str:
    """How many entries the weights on phases would have, stored dense."""
    if not (counted := costs.get("counts")):
        return ""
    slots, parameters = rounded(counted["slots"]), rounded(counted["parameters"])
    return f" ({slots} weights on phases for {parameters})"


def _listed(names: Sequence[str]) -> str:
    more = f", ... ({len(names)})" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


def of_node(node: NodeProof, sizes: str) -> Result:
    """What becomes of one node."""
    from symconv.network.regions import ASKED_FOR

    told = node.to_dict()
    left = node.status == "left strided" and node.why not in ASKED_FOR
    result: Result = {
        "name": node.label,
        "verdict": "undecided" if left else "proved",
        "sizes": sizes,
        "method": [] if left else [node.method],
        "node": told,
    }
    if left:
        result["reason"] = node.why
    if node.mask is not None and node.mask.without is not None:
        result["holds_on"] = node.mask.without
    if (expansion := _expansion(node)) is not None:
        result["expansion"] = expansion
    return result


def _expansion(node: NodeProof) -> dict[str, Any] | None:
    """The expanded layer of a convolution or pooling, where sizes are numbers."""
    if node.of is None or node.of.window.left:
        return None
    expansion = node.of.expansion
    if expansion is None or expansion.names:
        return None
    try:
        return of_expansion(expansion, node.label)
    except SymconvError:
        return None
