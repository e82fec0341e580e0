"""The commands of ``symconv``; heavy modules are imported by the command that needs them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from symconv.cli import output
from symconv.cli.results import (
    BAD_INPUT,
    Result,
    Work,
    each,
    failure,
    of_config,
    of_expansion,
    of_verdict,
    status,
    summary,
)  # fmt: skip
from symconv.errors import SymconvError

if TYPE_CHECKING:
    from symconv.dialect.files import Entry
    from symconv.expand import Expansion

FEW = 8
"""Up to so many layers the SymPy identity is proved as well, unless asked otherwise."""


class _Group(click.Group):
    """Commands whose faults are one line and exit status 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SymconvError as fault:
            click.echo(f"symconv: {' '.join(str(fault).split())}", err=True)
        except OSError as fault:
            click.echo(f"symconv: {fault.filename or ''}: {fault.strerror}", err=True)
        return ctx.exit(BAD_INPUT)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="symconv")
def main() -> None:
    """Prove that strided convolutions equal stride-free ones, or refute it.

    LAYERS is a JSON or TOML file, - for standard input, a shorthand such as
    "conv i3x224x224 o64 k7 s2 p3", or a preset (symconv presets lists them).

    Exit status: 0 all proved or done, 1 something refuted, 2 bad input, 3 something undecided.
    """


layers_argument = click.argument("sources", metavar="LAYERS", nargs=-1, required=True)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


def _factors(ctx: click.Context, option: click.Parameter, value: str | None) -> Any:
    """``2`` or ``2x3``: one factor for all axes, or one an axis."""
    if value is None:
        return None
    parts = value.split("x")
    if not all(part.isdecimal() and int(part) for part in parts):
        raise click.BadParameter(f"expected positive integers such as 2 or 2x3, got {value!r}")
    numbers = [int(part) for part in parts]
    return numbers[0] if len(numbers) == 1 else numbers


def expansion_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say how to expand."""
    for option in (
        click.option("--order", type=click.Choice(["channel", "phase"]), default="channel",
                     help="Channel order of phases: (c, r) or (r, c)."),
        click.option("--residual-stride", callback=_factors, help="Stride t that stays; 1."),
        click.option("--factor-out", callback=_factors, help="Output phases E_out, such as 2x2."),
        click.option("--factor", callback=_factors, help="Input phases E_in, such as 2x2."),
    ):  # fmt: skip
        command = option(command)
    return command


def _expander(options: dict[str, Any]) -> Callable[[Entry], tuple[str, Expansion]]:
    """From an entry to its name and its expansion, by the command's options."""
    from symconv.destride import destride

    chosen = {**options, "residual_stride": options["residual_stride"] or 1}

    def expand(entry: Entry) -> tuple[str, Expansion]:
        config = of_config(entry)
        return config.name, destride(config.layer, config.numeric_size or (), **chosen)

    return expand


def _entries(sources: Sequence[str]) -> list[Entry]:
    """All entries of all sources; a source that cannot be read is a `Fault` among them."""
    from symconv.dialect.files import Fault, read_layers

    entries: list[Entry] = []
    for source in sources:
        try:
            entries += read_layers(source)
        except SymconvError as fault:
            entries.append(Fault(source, str(fault)))
    return entries


def _run(entries: Sequence[Entry], work: Work, as_json: bool) -> None:
    """Settle all entries, print the results, and exit with their status."""
    start = perf_counter()
    results = output.with_progress(each(entries, work), len(entries), as_json)
    _finish(results, perf_counter() - start, as_json)


def _finish(results: list[Result], seconds: float, as_json: bool) -> None:
    show = output.print_json if as_json else output.print_results
    show(results, summary(results, seconds))
    click.get_current_context().exit(status(results))


@main.command()
@layers_argument
@expansion_options
@click.option(
    "--symbolic/--no-symbolic",
    default=None,
    help=f"The SymPy identity besides the tables; by default for up to {FEW} layers.",
)
@click.option("--certificate", type=click.Path(dir_okay=False), help="Write the certificates here.")
@json_option
def prove(
    sources: Sequence[str],
    symbolic: bool | None,
    certificate: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Prove each layer equal to its expansion, at its input size."""
    from symconv import api

    entries, expand = _entries(sources), _expander(options)
    with_sympy = len(entries) <= FEW if symbolic is None else symbolic
    certificates: list[dict[str, Any]] = []

    def work(entry: Entry) -> Result:
        name, expansion = expand(entry)
        verdict = api.prove(expansion, name=name, symbolic=with_sympy)
        if verdict.verdict == "proved" and certificate:
            certificates.append(verdict.to_dict())
        return {**of_verdict(verdict), "expansion": of_expansion(expansion, name)}

    with _certificates(certificate, certificates):
        _run(entries, work, as_json)


class _certificates:
    """Writes what was certified when the command ends, whatever the others came to."""

    def __init__(self, path: str | None, certificates: list[dict[str, Any]]) -> None:
        self._path, self._certificates = path, certificates

    def __enter__(self) -> None:
        if self._path:
            Path(self._path).parent.mkdir(parents=True, exist_ok=True)

    def __exit__(self, *fault: object) -> None:
        if self._path and self._certificates:
            only = self._certificates[0] if len(self._certificates) == 1 else None
            text = json.dumps(only or {"certificates": self._certificates}, indent=1)
            Path(self._path).write_text(text + "\n", encoding="utf-8")


@main.command()
@click.argument("sources", metavar="CLAIMS", nargs=-1, required=True)
@click.option("--certificate", type=click.Path(dir_okay=False), help="Write the certificates here.")
@json_option
def check(sources: Sequence[str], certificate: str | None, as_json: bool) -> None:
    """Prove or refute somebody's claims: two pipelines that should be the same function."""
    from symconv import api
    from symconv.dialect.files import ClaimText, Fault

    certificates: list[dict[str, Any]] = []

    def work(entry: Entry) -> Result:
        if isinstance(entry, Fault):
            raise SymconvError(entry.message)
        if not isinstance(entry, ClaimText):
            raise SymconvError(f"{entry.name!r} is a layer, not a claim; use symconv prove")
        verdict = api.check(entry.text)
        if verdict.verdict == "proved":
            certificates.append(verdict.to_dict())
        return of_verdict(verdict)

    with _certificates(certificate, certificates):
        _run(_entries(sources), work, as_json)


@main.command()
@click.argument("paths", metavar="CERTIFICATE", nargs=-1, required=True)
@json_option
def recheck(paths: Sequence[str], as_json: bool) -> None:
    """Settle certificates again from their own text, by other code than the prover's."""
    from symconv.recheck import read_certificates
    from symconv.recheck import recheck as settle_again

    start, results = perf_counter(), []
    for path in paths:
        try:
            texts = read_certificates(path)
        except SymconvError as fault:
            results.append(failure(path, str(fault)))
            continue
        for text in texts:
            try:
                found = settle_again(text)
                results.append({"name": found.name, "verdict": found.verdict, "note": found.reason,
                                "sizes": "these", "method": ["recheck"]})  # fmt: skip
            except SymconvError as fault:
                results.append(failure(path, str(fault)))
    _finish(results, perf_counter() - start, as_json)


@main.command()
@layers_argument
@expansion_options
@json_option
def expand(sources: Sequence[str], as_json: bool, **options: Any) -> None:
    """The expanded layer, and the maps of input, weight and output as steps."""
    entries, expanded = _entries(sources), _expander(options)

    def work(entry: Entry) -> Result:
        name, expansion = expanded(entry)
        written = of_expansion(expansion, name)
        result = {"name": name, "output_size": list(expansion.output_size), "expansion": written}
        return result if as_json else {**result, "note": _written(written)}

    _run(entries, work, as_json)


def _written(expansion: dict[str, Any]) -> str:
    parts = [f"layer   {json.dumps(expansion['layer'])}"]
    for name in ("input", "weight", "bias", "output"):
        parts += [f"{name:7} {json.dumps(step)}" for step in expansion[name]]
    return "\n        ".join(parts)


@main.command()
@layers_argument
@expansion_options
@json_option
def show(sources: Sequence[str], as_json: bool, **options: Any) -> None:
    """Sizes, parameters and multiply-adds, before and after expansion."""
    from dataclasses import asdict

    from symconv.tying import counts

    entries, expanded = _entries(sources), _expander(options)

    def work(entry: Entry) -> Result:
        name, expansion = expanded(entry)
        return {
            "name": name,
            "input_size": list(expansion.input_size),
            "output_size": list(expansion.output_size),
            "factor_in": list(expansion.factor_in),
            "factor_out": list(expansion.factor_out),
            "counts": asdict(counts(expansion)),
        }

    start = perf_counter()
    results = output.with_progress(each(entries, work), len(entries), as_json)
    if not as_json:
        _print_counts([result for result in results if "counts" in result])
        results = [result for result in results if "counts" not in result]
    _finish(results, perf_counter() - start, as_json)


def _print_counts(results: list[Result]) -> None:
    columns = ("layer", "input", "output", "E_in", "E_out", "parameters", "slots",
               "multiply-adds", "expanded")  # fmt: skip
    rows = []
    for result in results:
        sizes = ["x".join(map(str, result[key]))
                 for key in ("input_size", "output_size", "factor_in", "factor_out")]  # fmt: skip
        figures = result["counts"]
        rows.append((
            result["name"], *sizes, f"{figures['parameters']:,}", f"{figures['slots']:,}",
            output.rounded(figures["strided_multiply_adds"]),
            output.rounded(figures["dense_multiply_adds"]),
        ))  # fmt: skip
    if rows:
        output.print_table("Before and after expansion", columns, rows)


@main.command()
@layers_argument
@expansion_options
@click.option("-o", "--output", "folder", required=True, type=click.Path(file_okay=False),
              help="The folder to write to.")  # fmt: skip
@click.option("--pdf", is_flag=True, help="A PDF too, where latexmk is installed.")
@json_option
def report(sources: Sequence[str], folder: str, pdf: bool, as_json: bool, **options: Any) -> None:
    """Prove each layer and write its report: LaTeX, HTML, and PDF where asked."""
    import shlex

    from symconv import api
    from symconv.report import write_report

    entries, expanded = _entries(sources), _expander(options)
    command = shlex.join(["symconv", "report", *sources, "-o", folder, *["--pdf"] * pdf])

    def work(entry: Entry) -> Result:
        name, expansion = expanded(entry)
        verdict = api.prove(expansion, name=name)
        files = write_report(expansion, verdict, folder, name=name, command=command, pdf=pdf)
        paths = [str(path) for path in (files.tex, files.html, files.pdf) if path]
        notes = {"note": "; ".join(files.notes)} if files.notes else {}
        return {**of_verdict(verdict), "files": paths, **notes}

    _run(entries, work, as_json)


@main.command()
@layers_argument
@expansion_options
@click.option("-o", "--output", "path", required=True, type=click.Path(dir_okay=False),
              help="A file ending in .svg, .pdf, .tex, .graphml or .json.")  # fmt: skip
@json_option
def draw(sources: Sequence[str], path: str, as_json: bool, **options: Any) -> None:
    """Draw the parameter tying of one layer."""
    from symconv.report import draw as draw_tying

    entries, expanded = _entries(sources), _expander(options)
    if len(entries) != 1:
        raise SymconvError(f"draw takes one layer, got {len(entries)}; name one of them")

    def work(entry: Entry) -> Result:
        name, expansion = expanded(entry)
        return {"name": name, "note": draw_tying(expansion, path, name=name), "files": [path]}

    _run(entries, work, as_json)


@main.command()
@layers_argument
@click.option("--backend", type=click.Choice(["numpy", "torch"]), default="numpy")
@click.option("--device", default="cpu", help="cpu, or cuda with the torch backend.")
@json_option
def crosscheck(sources: Sequence[str], backend: str, device: str, as_json: bool) -> None:
    """Run a framework's strided layer against its own stride-free one: an observation."""
    from symconv.crosscheck import crosscheck as observe

    def work(entry: Entry) -> Result:
        config = of_config(entry)
        seen = observe(config.layer, config.numeric_size or (), backend=backend, device=device)
        verdict = {} if seen.equal else {"verdict": "refuted"}
        return {"name": config.name, **verdict, "observation": seen.to_dict(), "note": seen.text()}

    _run(_entries(sources), work, as_json)


@main.command()
@json_option
def presets(as_json: bool) -> None:
    """Named layers of well-known networks, with their sources."""
    from symconv.dialect.presets import PRESETS

    if as_json:
        found = [
            {"name": p.name, "shorthand": p.shorthand, "source": p.source} for p in PRESETS.values()
        ]
        output.print_json(found, {"total": len(found)})
        return
    rows = [(p.name, p.shorthand, p.source) for p in PRESETS.values()]
    output.print_table("Presets", ("name", "layer", "source"), rows)
