"""The commands that show layers: expanded, listed, typeset or drawn."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from symconv.cli import catalogue, chains, models, output
from symconv.cli.options import (
    command_line,
    expander,
    expansion_options,
    folder_option,
    json_option,
    layer_size,
    layers_argument,
    on_phases,
    refuse,
    region_options,
    sizes_option,
)
from symconv.cli.results import (
    Result,
    each,
    of_expansion,
    of_verdict,
    reported,
)
from symconv.cli.running import finish, read_entries, run
from symconv.errors import InputError

if TYPE_CHECKING:
    from symconv.dialect.files import Entry


@click.command()
@layers_argument
@sizes_option
@expansion_options
@json_option
def expand(sources: Sequence[str], sizes: Sequence[str], as_json: bool, **options: Any) -> None:
    """The expanded layer, and the maps of input, weight and output as steps."""
    from symconv.dialect.chain import Chain

    entries, expanded = read_entries(sources, size=layer_size(sizes)), expander(options)

    def work(entry: Entry) -> Result:
        if isinstance(entry, Chain):
            return chains.expanded(entry, options, as_json)
        name, expansion = expanded(entry)
        written = of_expansion(expansion, name)
        result = {"name": name, "output_size": list(expansion.output_size), "expansion": written}
        return result if as_json else {**result, "note": _written(written)}

    run(entries, work, as_json)


def _written(expansion: dict[str, Any]) -> str:
    parts = [f"layer   {json.dumps(expansion['layer'])}"]
    for name in ("input", "weight", "bias", "output"):
        parts += [f"{name:7} {json.dumps(step)}" for step in expansion[name]]
    return "\n        ".join(parts)


@click.command()
@layers_argument
@sizes_option
@region_options
@expansion_options
@json_option
def show(
    sources: Sequence[str],
    sizes: Sequence[str],
    region: str | None,
    max_factor: int | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Sizes, parameters and multiply-adds, before and after expansion; of a model node by node."""
    from symconv.dialect.chain import Chain

    if models.are_models(sources):
        from symconv.cli import graphs

        asked = models.Asked(sizes, region or "full", max_factor)
        graphs.show_models(sources, asked, options, as_json)
        return
    refuse("is for models", region=region, max_factor=max_factor)
    entries, expanded = read_entries(sources, size=layer_size(sizes)), expander(options)

    def work(entry: Entry) -> Result:
        if isinstance(entry, Chain):
            return {"name": entry.name, "layers": chains.counted(entry, options)}
        name, found = expanded(entry)
        return chains.counted_layer(name, on_phases("show", found))

    start = perf_counter()
    results = output.with_progress(each(entries, work), len(entries), as_json)
    if not as_json:
        output.print_counts([row for result in results for row in result.get("layers", [result])])
        results = [result for result in results if not {"counts", "layers"} & set(result)]
    finish(results, perf_counter() - start, as_json)


@click.command()
@layers_argument
@sizes_option
@region_options
@expansion_options
@folder_option
@click.option("--pdf", is_flag=True, help="A PDF too, where latexmk is installed.")
@click.option("--kernel", is_flag=True, help="Of theorems: have Coq's kernel audit their lemmas.")
@json_option
def report(
    sources: Sequence[str],
    sizes: Sequence[str],
    region: str | None,
    max_factor: int | None,
    folder: str,
    pdf: bool,
    kernel: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Prove each layer, chain or model, and write its report: LaTeX, HTML, and PDF where asked."""
    from symconv import api
    from symconv.cli.claims import report_claim
    from symconv.dialect.chain import Chain
    from symconv.dialect.files import ClaimText

    if models.are_models(sources):
        refuse("is for theorems", kernel=kernel or None)
        from symconv.cli import graphs

        asked = models.Asked(sizes, region or "full", max_factor)
        graphs.report_models(sources, folder, asked, options, pdf, as_json)
        return
    refuse("is for models", region=region, max_factor=max_factor)
    if tuple(sources) == ("theorems",):
        refuse("is for layers, not for theorems", size=sizes or None, **options)
        catalogue.report_theorems(folder, pdf, as_json, kernel)
    if kernel:
        raise InputError("--kernel is for `symconv report theorems`; a layer's is prove --kernel")
    takes, expanded = ("layer", "chain", "claim"), expander(options)
    entries = read_entries(sources, takes, layer_size(sizes))
    command = command_line(["report", *sources, "-o", folder, *["--pdf"] * pdf], options, sizes)
    seen: Counter[str] = Counter()

    def work(entry: Entry) -> Result:
        if isinstance(entry, Chain):
            network = chains.as_network(entry, options)
            verdict, files = api.report_proof(
                network, folder, name=entry.name, command=command, pdf=pdf
            )
            return reported(of_verdict(verdict), files)
        if isinstance(entry, ClaimText):
            refuse("is for layers, not for claims", **options)
            return report_claim(entry.text, folder, command, pdf)
        name, expansion = expanded(entry)
        seen[name] += 1
        if seen[name] > 1:
            name = f"{name} ({seen[name]})"
        verdict, files = api.report_proof(expansion, folder, name=name, command=command, pdf=pdf)
        return reported(of_verdict(verdict), files)

    run(entries, work, as_json)


@click.command()
@click.argument("sources", metavar="CLAIMS", nargs=-1, required=True)
@folder_option
@click.option("--name", default="lowerings", show_default=True, help="The page's name.")
@json_option
def gallery(sources: Sequence[str], folder: str, name: str, as_json: bool) -> None:
    """Decide claims and write one page of all of them, LaTeX and HTML."""
    from symconv.cli.claims import write_page

    command = command_line(["gallery", *sources, "-o", folder, "--name", name], {})
    start = perf_counter()
    results = write_page(read_entries(sources, ("claim",)), folder, name, command)
    finish(results, perf_counter() - start, as_json)


@click.command()
@layers_argument
@sizes_option
@region_options
@expansion_options
@click.option(
    "-o",
    "--output",
    "path",
    required=True,
    type=click.Path(dir_okay=False),
    help="A file ending in .svg, .pdf, .tex, .graphml or .json.",
)
@json_option
def draw(
    sources: Sequence[str],
    sizes: Sequence[str],
    region: str | None,
    max_factor: int | None,
    path: str,
    as_json: bool,
    **options: Any,
) -> None:
    """Draw the parameter tying of one layer, the copies in one chain, or one model's graph."""
    from symconv.dialect.chain import Chain
    from symconv.network import NetworkExpansion
    from symconv.report import draw as draw_tying
    from symconv.report import draw_network

    if models.are_models(sources):
        from symconv.cli import graphs

        asked = models.Asked(sizes, region or "full", max_factor)
        graphs.draw_one(sources, path, asked, options, as_json)
        return
    refuse("is for models", region=region, max_factor=max_factor)
    entries, expanded = read_entries(sources, size=layer_size(sizes)), expander(options)
    if len(entries) != 1:
        raise InputError(f"draw takes one layer, got {len(entries)}; name one of them")

    def work(entry: Entry) -> Result:
        if isinstance(entry, Chain):
            network = NetworkExpansion(chains.as_network(entry, options))
            return {"name": entry.name, "note": draw_network(network, path), "files": [path]}
        name, found = expanded(entry)
        note = draw_tying(on_phases("draw", found), path, name=name)
        return {"name": name, "note": note, "files": [path]}

    run(entries, work, as_json)


COMMANDS = (expand, show, report, gallery, draw)
