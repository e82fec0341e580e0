"""What the commands are asked: layers, and how to expand them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from symconv.cli.results import of_config
from symconv.errors import InputError
from symconv.prove.options import chosen

if TYPE_CHECKING:
    from symconv.claim.verdict import Verdict
    from symconv.dialect.config import Size
    from symconv.dialect.files import Entry
    from symconv.expand import Expansion
    from symconv.expand.lattice import LatticeExpansion

T = TypeVar("T")
layers_argument = click.argument("sources", metavar="LAYERS", nargs=-1, required=True)
sizes_option = click.option(
    "--size",
    "sizes",
    multiple=True,
    metavar="HxW",
    help=(
        "The input size of layers that have none, such as 224x224; of a model the shape of an "
        "input, such as x=1,3,224,224 (repeatable). A name is for all sizes."
    ),
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


MOST_DIGITS = 18
"""Digits of a factor, as of a number in a shorthand: it fits 64 bits."""

all_sizes_option = click.option(
    "--all-sizes", is_flag=True, help="Name the input sizes, and decide the claim for all of them."
)


folder_option = click.option(
    "-o",
    "--output",
    "folder",
    required=True,
    type=click.Path(file_okay=False),
    help="The folder to write to.",
)

engine_option = click.option(
    "--engine",
    metavar="NAME",
    default=None,
    help="The one engine to ask (symconv engines lists them); by default the cheapest that can.",
)

seconds_option = click.option(
    "--seconds",
    type=click.FloatRange(min=0.01, max=86_400.0),
    default=None,
    help=(
        "How long one verdict may take; 60 by default. What is not decided by then is reported "
        "undecided."
    ),
)


def layer_size(sizes: Sequence[str]) -> Size | None:
    """The one input size that is asked for, in numbers or names; None where none is.

    Raises:
        InputError: it is no size, or there are two.

    >>> layer_size(["224x224"]), layer_size(["HxW"]), layer_size([])
    ((224, 224), ('H', 'W'), None)
    """
    if not sizes:
        return None
    if len(sizes) > 1:
        raise InputError(f"a layer has one input size, got --size {' --size '.join(sizes)}")
    words = [word.strip() for word in sizes[0].split("x")]
    if not all(word.isidentifier() or _is_positive(word) for word in words):
        raise InputError(f"expected --size 224x224, or names such as HxW, got --size {sizes[0]}")
    return tuple(word if word.isidentifier() else int(word) for word in words)


def _is_positive(word: str) -> bool:
    return word.isdecimal() and word.isascii() and len(word) <= MOST_DIGITS and int(word) > 0


def region_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say where the phases of a model go."""
    for option in (
        click.option(
            "--max-factor",
            type=click.IntRange(min=1),
            help="Of a model: the most phases of an axis; beyond it they are merged.",
        ),
        click.option(
            "--region",
            metavar="local|core|full|NODES",
            help="Of a model: where phases go; full by default.",
        ),
    ):
        command = option(command)
    return command


def within(seconds: float | None, work: Callable[[Entry], T]) -> Callable[[Entry], T]:
    """The work on one entry within a time; within the default where none is asked for."""
    from symconv.machine.budget import Budget, spending

    budget = Budget() if seconds is None else Budget(seconds=seconds)

    def timed(entry: Entry) -> T:
        with spending(budget):
            return work(entry)

    return timed


def _factors(ctx: click.Context, option: click.Parameter, value: str | None) -> Any:
    """``2`` or ``2x3``: one factor for all axes, or one per axis."""
    if value is None:
        return None
    parts = value.split("x")
    if not all(part.isdecimal() and part.strip("0") for part in parts):
        raise click.BadParameter(f"expected positive integers such as 2 or 2x3, got {value!r}")
    if max(map(len, parts)) > MOST_DIGITS:
        raise click.BadParameter(f"expected at most {MOST_DIGITS} digits, got {value!r}")
    numbers = [int(part) for part in parts]
    return numbers[0] if len(numbers) == 1 else numbers


def expansion_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say how to expand."""
    for option in (
        click.option(
            "--order",
            type=click.Choice(["channel", "phase"]),
            default="channel",
            help="Channel order of phases: (c, r) or (r, c).",
        ),
        click.option("--residual-stride", callback=_factors, help="Stride t that stays; 1."),
        click.option("--factor-out", callback=_factors, help="Output phases E_out, such as 2x2."),
        click.option("--factor", callback=_factors, help="Input phases E_in, such as 2x2."),
    ):
        command = option(command)
    return command


def expander(
    options: dict[str, Any],
) -> Callable[[Entry], tuple[str, Expansion | LatticeExpansion]]:
    """From an entry to its name and its expansion, by the command's options."""
    chosen = {**options, "residual_stride": options["residual_stride"] or 1}

    def expand(entry: Entry) -> tuple[str, Expansion | LatticeExpansion]:
        config = of_config(entry)
        from symconv.expand import destride

        return config.name, destride(config.layer, config.numeric_size or (), **chosen)

    return expand


def on_phases(command: str, expansion: Expansion | LatticeExpansion) -> Expansion:
    """The expansion, one on the phases of each axis.

    Raises:
        InputError: it is on the cosets of a matrix stride, which the command does not take.
    """
    from symconv.expand import Expansion

    if not isinstance(expansion, Expansion):
        raise InputError(
            f"{command} is about phases of each axis, and the layer has the matrix stride "
            f"{[list(row) for row in expansion.original.stride]}; ask symconv expand or report"
        )
    return expansion


def for_all_sizes(entry: Entry, asked: bool) -> bool:
    """Whether an entry is a layer to be proved at all sizes: asked for, or a size is named."""
    from symconv.dialect.config import Config

    return isinstance(entry, Config) and (asked or entry.for_all_sizes)


def prove_named(entry: Entry, options: dict[str, Any], engine: str | None = None) -> Verdict:
    """Prove a layer for all sizes; beside named ones a number stays a number."""
    from symconv.dialect.config import Config

    if not isinstance(entry, Config):
        raise InputError(f"{entry.name!r} is not a layer")
    from symconv import api
    from symconv.expand import destride

    chosen = {**options, "residual_stride": options["residual_stride"] or 1}
    expansion = destride(entry.layer, entry.sizes_for_all(), **chosen)
    return api.prove(expansion, name=entry.name, engine=engine)


def refuse(why: str, **options: Any) -> None:
    """Refuse options that were given beside what does not take them.

    Raises:
        InputError: one was given; ``why`` ends its sentence.
    """
    if given := chosen(options):
        raise InputError(f"{', '.join(given)} {why}; leave it out")


def command_line(words: Sequence[str], options: dict[str, Any], sizes: Sequence[str] = ()) -> str:
    """The command line that does the same again."""
    from shlex import join

    given = [word for size in sizes for word in ("--size", size)]
    for name, value in options.items():
        if value not in (None, "channel"):
            numbers = value if isinstance(value, list) else [value]
            given += [f"--{name.replace('_', '-')}", "x".join(map(str, numbers))]
    return join(["symconv", *words, *given])
