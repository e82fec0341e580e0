"""Model files on the command line: two of them checked, and one converted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from symconv.cli import output
from symconv.cli.options import json_option, sizes_option
from symconv.cli.results import Result, blame, failure, one_line
from symconv.cli.running import finish
from symconv.errors import InputError

if TYPE_CHECKING:
    from symconv.models.check import ModelCheck
    from symconv.models.convert import Converted, Estimate
    from symconv.models.observed import Shown
    from symconv.prove.models.compare import Product


UNCHECKED = "written, and not checked: no sizes were guessed for its free dimensions; give --size"


def are_two_models(sources: Sequence[str]) -> bool:
    """Whether two model files are to be checked against each other.

    Raises:
        InputError: some of the sources are model files, and they are not two.
    """
    models = [source for source in sources if Path(source).suffix.lower() == ".onnx"]
    if models and (len(models), len(sources)) != (2, 2):
        raise InputError(
            f"check takes two ONNX files, ORIGINAL.onnx REWRITTEN.onnx, got {len(models)} among "
            f"{len(sources)} sources"
        )
    return bool(models)


def check_two(
    sources: Sequence[str], sizes: Sequence[str], seconds: float | None, as_json: bool
) -> None:
    """Check two model files, print one result an output and a last one, exit with their status."""
    from symconv.dialect.opened import read_sizes
    from symconv.machine.budget import Budget
    from symconv.models.check import check_models

    start, first, second = perf_counter(), sources[0], sources[1]
    budget = Budget() if seconds is None else Budget(seconds=seconds)
    try:
        with output.told_progress(as_json):
            found = check_models(first, second, read_sizes(sizes), budget=budget)
        results = [*_of_check(found)]
    except Exception as fault:  # noqa: BLE001 - what comes of two files is a result in every case
        results = [{**failure(f"{first} = {second}", one_line(fault)), **blame(fault)}]
    finish(results, perf_counter() - start, as_json)


def _of_check(check: ModelCheck) -> Iterator[Result]:
    for name, verdict in check.outputs:
        yield _result(name, verdict)
    result = {
        **_result(check.name, check.verdict),
        "seconds": check.seconds,
        "input_sizes": {name: list(shape) for name, shape in check.sizes.items()},
        "note": "; ".join(_said(check)),
    }
    if check.reason:
        result["reason"] = check.reason
    if check.parting is not None:
        parting = check.parting
        result["node"] = {"name": parting.node, "op": parting.op, "tensor": parting.name}
    if check.product is not None:
        product = check.product
        result["node"]["counterexample"] = {
            "output": [product.output[0], product.row, *product.output[1:]],
            "input": [product.read[0], list(product.read[1])],
            "weight": [product.weight[0], list(product.weight[1])],
            "left": product.left,
            "right": product.right,
        }
    if check.shown is not None:
        result["counterexample"] = _counterexample(check.shown)
    if check.assumed:
        result["rounded"] = [
            {"tensor": a.name, "index": list(a.index), "relative": a.relative, "ulps": a.ulps}
            for a in check.assumed
        ]
    yield result


def _result(name: str, verdict: str) -> Result:
    method = ["terms"] if verdict == "proved" else ["terms", "onnxruntime"]
    return {"name": name, "verdict": verdict, "sizes": "these", "method": method}


def _counterexample(shown: Shown) -> dict[str, Any]:
    apart = shown.apart
    made = f"numpy.random.default_rng({shown.seed}), {shown.scale:g} times"
    weights = {"weights": "random, those of equal content alike"} if shown.weights else {}
    return {
        "output": list(apart.index),
        "tensor": apart.name,
        "left": apart.left,
        "right": apart.right,
        "input": dict.fromkeys(shown.feeds, made),
        **weights,
    }


def _said(check: ModelCheck) -> Iterator[str]:
    if check.verdict == "proved":
        yield f"{check.nodes} nodes are the original's functions, for all weights"
    if check.tied:
        yield f"equal entries of {', '.join(map(repr, check.tied[:3]))} are one unknown"
    if check.parting is not None and check.verdict == "refuted":
        parting = check.parting
        yield f"they part at {parting.name!r}, node {parting.node!r} ({parting.op})"
    if check.product is not None and check.verdict == "refuted":
        yield f"there {_in_words(check.product)}"
    if check.shown is not None:
        apart = check.shown.apart
        yield (
            f"in output {apart.name!r} at {list(apart.index)}: {apart.left:.6g} against "
            f"{apart.right:.6g}, for the input of seed {check.shown.seed}"
        )


def _in_words(product: Product) -> str:
    entries = [f"{name}{list(index)}" for name, index in (product.weight, product.read)]
    place = [product.output[0], product.row, *product.output[1:]]
    have = "the original" if product.left else "the rewritten model"
    return f"{have} alone has {entries[0]} * {entries[1]} in output {place}"


@click.command("convert")
@click.argument("source", metavar="MODEL.onnx")
@click.option("-o", "--output", "target", required=True, metavar="OUT.onnx", help="The new file.")
@sizes_option
@click.option(
    "--region",
    default="local",
    show_default=True,
    metavar="local|core|full|NODES",
    help="How far phases go.",
)
@click.option("--max-factor", type=click.IntRange(min=1), help="The most phases of an axis.")
@click.option(
    "--residual-stride",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="The most of a stride that may stay.",
)
@click.option("--tied/--materialised", default=True, help="Expand kernels in the graph, or write.")
@click.option("--partial", is_flag=True, help="Leave nodes that have no form without stride.")
@click.option(
    "--max-bytes",
    type=click.IntRange(min=1),
    default=256_000_000,
    show_default=True,
    help="The most bytes that the new file may have.",
)
@json_option
def convert_command(
    source: str,
    target: str,
    sizes: Sequence[str],
    region: str,
    max_factor: int | None,
    residual_stride: int,
    tied: bool,
    partial: bool,
    max_bytes: int,
    as_json: bool,
) -> None:
    """Write an equal ONNX file in which no convolution or pooling has a stride.

    What was written is read back and proved equal to the original.
    """
    from symconv.dialect.opened import read_sizes
    from symconv.models.convert import convert

    start = perf_counter()
    try:
        with output.told_progress(as_json):
            done = convert(
                source,
                target,
                read_sizes(sizes) or None,
                region=region,
                max_factor=max_factor,
                residual_stride=residual_stride,
                materialised=not tied,
                partial=partial,
                max_bytes=max_bytes,
            )
        results = [_of_conversion(source, done, perf_counter() - start)]
    except Exception as fault:  # noqa: BLE001 - what comes of a file is a result in every case
        results = [{**failure(source, one_line(fault)), **blame(fault)}]
    finish(results, perf_counter() - start, as_json)


def _of_conversion(source: str, done: Converted, seconds: float) -> Result:
    check = done.check
    result: Result = {
        "name": source,
        "verdict": "undecided" if check is None else check.verdict,
        "sizes": "these",
        "method": ["terms"],
        "seconds": seconds,
        "output": str(done.path),
        "nodes": [_changed(change) for change in done.changes],
        "before": _estimated(done.before),
        "after": _estimated(done.after),
        "note": "; ".join(_told(done)),
    }
    if check is None or check.reason:
        result["reason"] = UNCHECKED if check is None else check.reason
    return result


def _changed(change: Any) -> dict[str, Any]:
    said = {"name": change.node, "op": change.op, "stride": list(change.stride)}
    return {**said, "status": change.became, **({"why": change.reason} if change.reason else {})}


def _estimated(estimate: Estimate) -> dict[str, Any]:
    return {
        "nodes": estimate.nodes,
        "parameters": estimate.parameters,
        "multiply_adds": estimate.multiply_adds,
        "bytes": estimate.bytes,
    }


def _told(done: Converted) -> Iterator[str]:
    converted = len(done.changes) - len(done.left)
    yield f"{converted} strided nodes converted" if done.changes else "no node is strided"
    if done.left:
        yield f"left strided: {', '.join(f'{c.node} ({c.reason})' for c in done.left[:3])}"
    before, after = done.before, done.after
    yield f"{before.nodes} nodes became {after.nodes}"
    yield f"{before.bytes:,} bytes became {after.bytes:,}"
    if before.multiply_adds and after.multiply_adds:
        ratio = after.multiply_adds / before.multiply_adds
        yield f"multiply-adds x{ratio:.3f}"


COMMANDS = (convert_command,)
