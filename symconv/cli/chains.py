"""Results of chains: what the commands say of a network of layers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from symconv.cli.results import Result, of_expansion, of_verdict
from symconv.errors import InputError
from symconv.prove.options import chosen

if TYPE_CHECKING:
    from symconv.dialect.chain import Chain
    from symconv.expand import Expansion
    from symconv.network import Network, NetworkExpansion
    from symconv.network.proof import NetworkProof


def as_network(entry: Chain, options: dict[str, Any]) -> Network:
    """The entry as a network; its factors are solved, not asked for.

    Raises:
        InputError: an option asks for factors, a residual stride or another channel order.
    """
    _refuse_factors(entry, options)
    return entry.network()


def prove_named(entry: Chain, options: dict[str, Any]) -> NetworkProof:
    """Prove a chain for all sizes; beside named ones a number stays a number."""
    from symconv.prove.network.decide import decide_network

    _refuse_factors(entry, options)
    return decide_network(entry.named_network())


def _refuse_factors(entry: Chain, options: dict[str, Any]) -> None:
    if given := chosen(options):
        raise InputError(
            f"chain {entry.name!r}: the factors of a chain are solved from its strides; "
            f"leave out {', '.join(given)}"
        )


def of_network(expansion: NetworkExpansion) -> Result:
    """The expanded layers one by one, and the claim of the whole chain."""
    from symconv.network import INPUT

    network = expansion.network
    layers = [
        {
            "name": network.nodes[place].name,
            "mask": place in expansion.masks,
            **{k: v for k, v in of_expansion(e, network.nodes[place].name).items() if k != "claim"},
        }
        for place, e in expansion.expansions.items()
    ]
    claim = expansion.claim().to_dict()
    return {
        "factor_in": list(network.factors[INPUT]),
        "factor_out": list(network.factors[len(network.nodes) - 1]),
        "layers": layers,
        "left": claim["left"],
        "right": claim["right"],
        "weights": claim["weights"],
        "claim": claim,
    }


def of_proof(proof: NetworkProof) -> Result:
    """The verdict on a chain, its masks, and what becomes of it without them.

    At sizes in numbers the expansion stands beside it; of named ones the sizes that need each mask.
    """
    nodes, named = proof.expansion.network.nodes, proof.expansion.network.names
    layers = [nodes[tail.place].name for tail in proof.tails]
    needed = [tail.needed for tail in proof.tails]
    masks = [{"layer": n, "needed": w} for n, w in zip(layers, needed, strict=True)]
    result = {**of_verdict(proof.verdict), "masks": masks if named else layers}
    if not named:
        result["expansion"] = of_network(proof.expansion)
    if layers:
        words = proof.without_in_words()
        result["note"] = f"masks before {', '.join(layers)}; {'' if named else 'without: '}{words}"
    if proof.without_masks is not None:
        result["without_masks"] = of_verdict(proof.without_masks)
    return result


def counted(entry: Chain, options: dict[str, Any]) -> list[Result]:
    """One row a layer for the table of sizes."""
    from symconv.network import NetworkExpansion

    expansion = NetworkExpansion(as_network(entry, options))
    nodes = expansion.network.nodes
    return [counted_layer(nodes[place].name, e) for place, e in expansion.expansions.items()]


def counted_layer(name: str, expansion: Expansion) -> Result:
    """The row of one layer: sizes, factors, parameters and multiply-adds."""
    from dataclasses import asdict

    from symconv.sharing.tying import counts

    return {
        "name": name,
        "input_size": list(expansion.input_size),
        "output_size": list(expansion.output_size),
        "factor_in": list(expansion.factor_in),
        "factor_out": list(expansion.factor_out),
        "counts": asdict(counts(expansion)),
    }


def expanded(entry: Chain, options: dict[str, Any], as_json: bool) -> Result:
    """The expanded layers of a chain and its claim; written out for a person."""
    from symconv.prove.network.decide import decide_network

    proof = decide_network(as_network(entry, options))
    written = of_network(proof.expansion)
    result = {"name": entry.name, "expansion": written}
    if as_json:
        return result
    lines = [f"{layer['name']}: {json.dumps(layer['layer'])}" for layer in written["layers"]]
    steps = [f"step {json.dumps(step)}" for step in written["right"]]
    return {**result, "note": "\n        ".join([*lines, *steps])}
