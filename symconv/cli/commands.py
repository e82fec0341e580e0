"""The commands of ``symconv``; heavy modules are imported by the command that needs them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any

import click

from symconv.cli import crosschecks, files, lists, models, shown, sweeping
from symconv.cli.apart import check_apart
from symconv.cli.batches import Batch, batch_options, decide_batch
from symconv.cli.deciding import Checking, Proving
from symconv.cli.faults import Commands
from symconv.cli.options import (
    all_sizes_option,
    engine_option,
    expansion_options,
    json_option,
    layer_size,
    layers_argument,
    refuse,
    region_options,
    seconds_option,
    sizes_option,
)
from symconv.cli.results import (
    Result,
    failure,
    one_line,
    result_of,
)
from symconv.cli.running import certify, finish, read_entries, refuse_other_kinds
from symconv.errors import InputError, SymconvError

FEW = 8
"""Up to this many layers the SymPy identity is proved as well, unless asked otherwise."""


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="symconv")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Prove that strided convolutions equal stride-free ones, or refute it.

    LAYERS is a JSON or TOML file, - for standard input, a shorthand such as
    "conv i3x224x224 o64 k7 s2 p3", a preset (symconv presets lists them), or what another tool
    prints: a torch module, a node of ONNX, a layer of Keras, windows of HLO.  Where LAYERS stand
    for prove, show, draw and report, so may a model's file: .onnx, .pt2, .keras or .tflite.

    Exit status: 0 all proved or done, 1 something refuted, 2 bad input, 3 something undecided,
    4 symconv contradicts itself.
    """
    if os.environ.get("NO_COLOR"):
        ctx.color = False


@main.command()
@layers_argument
@sizes_option
@region_options
@expansion_options
@click.option(
    "--symbolic/--no-symbolic",
    default=None,
    help=f"The SymPy identity besides the tables; by default for up to {FEW} layers.",
)
@all_sizes_option
@click.option("--kernel", is_flag=True, help="Have Coq's kernel check each layer's theorem too.")
@click.option("--keep", type=click.Path(file_okay=False), help="Leave the kernel's files here.")
@click.option("--certificate", type=click.Path(dir_okay=False), help="Write the certificates here.")
@engine_option
@seconds_option
@batch_options
@json_option
def prove(
    sources: Sequence[str],
    sizes: Sequence[str],
    region: str | None,
    max_factor: int | None,
    engine: str | None,
    symbolic: bool | None,
    all_sizes: bool,
    kernel: bool,
    keep: str | None,
    certificate: str | None,
    seconds: float | None,
    batch: Batch,
    as_json: bool,
    **options: Any,
) -> None:
    """Prove each layer equal to its expansion, or a chain or a model to its stride-free form."""
    check_apart(sources, None, certificate)
    if models.are_models(sources):
        of_model = models.Asked(sizes, region or "full", max_factor, all_sizes, kernel, keep)
        refuse("is not for models", engine=engine, symbolic=symbolic, **batch.given)
        models.prove_models(sources, of_model, options, seconds, certificate, as_json)
        return
    refuse("is for models", region=region, max_factor=max_factor)
    size = layer_size(sizes)
    asked = Proving(options, engine, symbolic, bool(symbolic), all_sizes, kernel, keep)
    if batch.streams(sources):
        refuse("is for results that are printed", certificate=certificate)
        decide_batch(sources, asked, batch, seconds, size, as_json)
    entries = read_entries(sources, size=size)
    with_sympy = len(entries) <= FEW if symbolic is None else symbolic
    work = replace(asked, with_sympy=with_sympy).decide
    certify(entries, work, seconds, certificate, as_json)


@main.command()
@click.argument("sources", metavar="CLAIMS", nargs=-1, required=True)
@sizes_option
@click.option("--certificate", type=click.Path(dir_okay=False), help="Write the certificates here.")
@click.option(
    "--repair/--no-repair",
    default=True,
    help="Look for the nearest claim that holds, where one is refuted.",
)
@all_sizes_option
@engine_option
@seconds_option
@batch_options
@json_option
def check(
    sources: Sequence[str],
    sizes: Sequence[str],
    certificate: str | None,
    repair: bool,
    all_sizes: bool,
    engine: str | None,
    seconds: float | None,
    batch: Batch,
    as_json: bool,
) -> None:
    """Prove or refute somebody's claims: two pipelines that should be the same function.

    CLAIMS may be two model files, ORIGINAL.onnx REWRITTEN.onnx: are they the same function?
    """
    check_apart(sources, None, certificate)
    if files.are_two_models(sources):
        every = all_sizes or None
        refuse(
            "is for claims", certificate=certificate, engine=engine, all_sizes=every, **batch.given
        )
        files.check_two(sources, sizes, seconds, as_json)
        return
    refuse("is for models", sizes=sizes or None)
    asked = Checking(engine, all_sizes, repair)
    if batch.streams(sources):
        refuse("is for results that are printed", certificate=certificate)
        decide_batch(sources, asked, batch, seconds, None, as_json)
    entries = read_entries(sources, asked.takes)
    certify(entries, asked.decide, seconds, certificate, as_json)


@main.command()
@click.argument("paths", metavar="CERTIFICATE", nargs=-1, required=True)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0.01, max=86_400.0),
    default=20.0,
    show_default=True,
    help="How long one certificate for all sizes may take.",
)
@click.option(
    "--model", type=click.Path(), help="The file that a model's certificate names; ONNX is read."
)
@json_option
def recheck(paths: Sequence[str], seconds: float, model: str | None, as_json: bool) -> None:
    """Check certificates again from their own text, by other code than the prover's.

    Nothing in a certificate is believed: its claim, layer, shape, facts, figures and limits are
    computed again or refused, and what only its maker can know is named. Given sizes are checked
    by plain dictionaries of integers; all sizes by z3 (pip install 'symconv[z3]') and by the
    dictionaries at each of a grid of small sizes.

    Exit status: 0 all proved again, 1 a claim is refuted, 2 not a true certificate, or z3 is
    missing, 3 undecided: too large, or not decided in time.
    """
    from symconv.recheck import read_certificates
    from symconv.recheck import recheck as recheck_text

    def certificates(path: str) -> list[Any]:
        found = read_certificates(path)
        if not found:
            raise InputError(f"{path} holds no certificate; nothing in it was proved")
        refuse_other_kinds(path, found)
        return found

    def work(text: Any) -> Result:
        found = recheck_text(text, seconds=seconds, model=model)
        said = "reason" if found.verdict == "undecided" else "note"
        return {
            "name": found.name,
            "verdict": found.verdict,
            "sizes": found.sizes,
            "method": ["recheck"],
            said: found.reason,
        }

    start, results = perf_counter(), []
    for path in paths:
        try:
            results += [result_of(path, text, work) for text in certificates(path)]
        except (SymconvError, RecursionError) as fault:
            results.append(failure(path, one_line(fault)))
    finish(results, perf_counter() - start, as_json)


_GROUPS = (files, sweeping, shown, crosschecks, lists)
for _command in (command for group in _GROUPS for command in group.COMMANDS):
    main.add_command(_command)
