"""The commands that list what there is: presets, theorems, engines."""

from __future__ import annotations

from time import perf_counter

import click

from symconv.cli import catalogue, output
from symconv.cli.options import json_option
from symconv.cli.running import finish


@click.command()
@click.option("--kernel", is_flag=True, help="Have Coq's kernel audit the lemmas that are cited.")
@json_option
def theorems(kernel: bool, as_json: bool) -> None:
    """The catalogue of theorems: every claim decided for all sizes, every demonstration run."""
    start = perf_counter()
    finish(catalogue.decide_theorems(as_json, kernel), perf_counter() - start, as_json)


@click.command()
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


@click.command()
@json_option
def engines(as_json: bool) -> None:
    """How a claim can be decided, and what you must trust to believe each way."""
    from symconv.prove.registry import ENGINES

    if as_json:
        found = [{"name": one.name, "how": one.how, "trust": one.trust} for one in ENGINES]
        output.print_json(found, {"total": len(found)})
        return
    rows = [(one.name, one.how, one.trust) for one in ENGINES]
    output.print_table("Engines", ("name", "how it decides", "what you must trust"), rows)


COMMANDS = (theorems, presets, engines)
