"""The command that lets a framework compute: strided operators beside stride-free ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from symconv.cli.models import are_models
from symconv.cli.options import json_option, layer_size, layers_argument, refuse, sizes_option
from symconv.cli.results import Result, of_config, refuse_fault, result_of
from symconv.cli.running import finish, read_entries, run

if TYPE_CHECKING:
    from symconv.crosscheck import Observation
    from symconv.dialect.files import Entry

BACKENDS = ("numpy", "torch", "jax", "onnxruntime")
"""Written out, as the help is printed without loading them."""

DTYPES = ("float64", "float32", "tf32", "float16", "bfloat16", "int8")


@click.command()
@layers_argument
@sizes_option
@click.option("--backend", type=click.Choice(BACKENDS), help="Who computes; numpy by default.")
@click.option("--device", help="cpu, or cuda with the torch backend.")
@click.option(
    "--mode",
    type=click.Choice(["exact", "rounding"]),
    help="Integers whose sums are exact, bit for bit (the default); or real numbers, in bounds.",
)
@click.option("--dtype", type=click.Choice(DTYPES), help="float64, or the backend's first one.")
@click.option("--gradients", is_flag=True, help="Compare gradients too (torch, jax).")
@click.option("--seed", type=click.IntRange(min=0), default=0, help="Of the random numbers.")
@json_option
def crosscheck(
    sources: Sequence[str], sizes: Sequence[str], as_json: bool, seed: int, **options: Any
) -> None:
    """Run a framework's strided operators against its own stride-free ones: an observation.

    LAYERS are layers, chains or claims, of which both sides are run; or an ONNX model, which
    onnxruntime runs beside its form without strides.
    """
    if are_models(sources):
        _crosscheck_models(sources, sizes, seed, options, as_json)
        return
    asked = {name: value for name, value in options.items() if value is not None}
    if asked.get("backend") == "onnxruntime":
        asked = {"dtype": "float32", **asked}
    entries = read_entries(sources, ("layer", "chain", "claim"), layer_size(sizes))
    told = {**asked, "seed": seed}
    run(entries, lambda entry: of_observation(entry.name, observed(entry, told)), as_json)


def _crosscheck_models(
    sources: Sequence[str],
    sizes: Sequence[str],
    seed: int,
    options: dict[str, Any],
    as_json: bool,
) -> None:
    """Run model files; how is not asked, as onnxruntime alone runs them, as they are."""
    from symconv.dialect.opened import read_sizes
    from symconv.models.crosschecked import crosscheck_model

    given = {name: value for name, value in options.items() if value}
    if given.get("backend") == "onnxruntime":
        given.pop("backend")
    refuse("is not for models, which onnxruntime runs as they are", **given)
    start, asked = perf_counter(), read_sizes(sizes)

    def work(source: str) -> Result:
        return of_observation(Path(source).name, crosscheck_model(source, asked, seed=seed))

    finish([result_of(source, source, work) for source in sources], perf_counter() - start, as_json)


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
