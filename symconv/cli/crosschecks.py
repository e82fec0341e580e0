"""The command that lets a framework compute: strided operators beside stride-free ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from symconv.cli.options import json_option, layer_size, layers_argument, sizes_option
from symconv.cli.results import Result, of_config, refuse_fault
from symconv.cli.running import read_entries, run

if TYPE_CHECKING:
    from symconv.crosscheck import Observation
    from symconv.dialect.files import Entry

BACKENDS = ("numpy", "torch", "jax", "onnxruntime")
"""Written out, as the help is printed without loading them."""

DTYPES = ("float64", "float32", "tf32", "float16", "bfloat16", "int8")


@click.command()
@layers_argument
@sizes_option
@click.option("--backend", type=click.Choice(BACKENDS), default="numpy", help="Who computes.")
@click.option("--device", default="cpu", help="cpu, or cuda with the torch backend.")
@click.option(
    "--mode",
    type=click.Choice(["exact", "rounding"]),
    default="exact",
    help="Integers whose sums are exact, bit for bit; or real numbers, within a bound.",
)
@click.option("--dtype", type=click.Choice(DTYPES), help="float64, or the backend's first one.")
@click.option("--gradients", is_flag=True, help="Compare gradients too (torch, jax).")
@click.option("--seed", type=click.IntRange(min=0), default=0, help="Of the random numbers.")
@json_option
def crosscheck(sources: Sequence[str], sizes: Sequence[str], as_json: bool, **asked: Any) -> None:
    """Run a framework's strided operators against its own stride-free ones: an observation.

    LAYERS are layers, chains or claims; of a claim both sides are run.
    """
    if asked["dtype"] is None:
        asked["dtype"] = "float32" if asked["backend"] == "onnxruntime" else "float64"
    entries = read_entries(sources, ("layer", "chain", "claim"), layer_size(sizes))
    run(entries, lambda entry: of_observation(entry.name, observed(entry, asked)), as_json)


def observed(entry: Entry, asked: dict[str, Any]) -> Observation:
    """What a framework computes of a layer, a chain or a claim.

    Raises:
        SymconvError: it cannot be read or computed; the message says why.
    """
    from symconv.claim import read_claim
    from symconv.crosscheck import crosscheck as observe
    from symconv.crosscheck import crosscheck_claim
    from symconv.dialect.chain import Chain
    from symconv.dialect.files import ClaimText
    from symconv.prove.network.decide import decide_network

    refuse_fault(entry)
    if isinstance(entry, ClaimText):
        return crosscheck_claim(read_claim(entry.text), **asked)
    if isinstance(entry, Chain):
        return crosscheck_claim(decide_network(entry.network()).expansion.claim(), **asked)
    config = of_config(entry)
    return observe(config.windowed("crosscheck"), config.numeric_size or (), **asked)


def of_observation(name: str, seen: Observation) -> Result:
    """An observation as a result: it refutes, or says nothing of a verdict."""
    verdict: Result = {"verdict": "refuted"} if seen.refutes else {}
    if seen.fault:
        verdict = {"verdict": "undecided", "reason": seen.fault}
    return {"name": name, **verdict, "observation": seen.to_dict(), "note": seen.text()}


COMMANDS = (crosscheck,)
