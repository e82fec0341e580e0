"""Models seen: a table of their nodes, the picture, and the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from time import perf_counter
from typing import TYPE_CHECKING, Any

from symconv.cli import output
from symconv.cli.models import Asked, of_model, proof_of
from symconv.cli.options import command_line
from symconv.cli.results import Result, blame, failure, one_line, reported
from symconv.cli.running import finish
from symconv.errors import InputError
from symconv.network.results import factors_in_space
from symconv.size.numbers import freeze

if TYPE_CHECKING:
    from collections.abc import Callable

    from symconv.network.results import ModelProof
    from symconv.sharing.figures import NodeFigures, Totals

Options = Mapping[str, Any]


def each_model(
    sources: Sequence[str],
    asked: Asked,
    options: Options,
    work: Callable[[str, ModelProof], list[Result]],
    quiet: bool,
) -> list[Result]:
    """The results of each model; one bad file stops none of the others."""
    results: list[Result] = []
    for source in sources:
        try:
            with output.told_progress(quiet):
                proof = proof_of(source, asked, options, None)
            results += work(source, proof)
        except Exception as fault:  # noqa: BLE001 - one bad file stops none of the others
            results.append({**failure(source, one_line(fault)), **blame(fault)})
    return results


def show_models(sources: Sequence[str], asked: Asked, options: Options, as_json: bool) -> None:
    """Print a table of each model's nodes with its totals, and exit."""
    from symconv.sharing.figures import figures, totals

    start = perf_counter()

    def work(source: str, proof: ModelProof) -> list[Result]:
        rows = figures(proof)
        if not as_json:
            output.print_lines(_table(proof, rows, totals(rows)))
            return []
        return [*map(_of_row, rows), _of_totals(proof, rows, totals(rows))]

    finish(each_model(sources, asked, options, work, as_json), perf_counter() - start, as_json)


def draw_one(
    sources: Sequence[str], path: str, asked: Asked, options: Options, as_json: bool
) -> None:
    """Draw a model's graph into a file, and exit.

    Raises:
        InputError: there are several models.
    """
    from symconv.report import draw_model

    start = perf_counter()
    if len(sources) != 1:
        raise InputError(f"draw takes one model, got {len(sources)}; name one of them")

    def work(source: str, proof: ModelProof) -> list[Result]:
        note = draw_model(proof, path)
        return [{"name": proof.verdict.name, "note": note, "files": [path]}]

    finish(each_model(sources, asked, options, work, as_json), perf_counter() - start, as_json)


def report_models(
    sources: Sequence[str],
    folder: str,
    asked: Asked,
    options: Options,
    pdf: bool,
    as_json: bool,
) -> None:
    """Prove each model, write its report, and exit with the verdicts' status."""
    from symconv.report import write_model_report

    start = perf_counter()
    words = ["--region", asked.region, *["--pdf"] * pdf]
    words += [] if asked.max_factor is None else ["--max-factor", str(asked.max_factor)]

    def work(source: str, proof: ModelProof) -> list[Result]:
        command = command_line(["report", source, "-o", folder, *words], dict(options), asked.sizes)
        files = write_model_report(proof, folder, command=command, pdf=pdf)
        *_, last = of_model(proof)
        return [reported(last, files)]

    finish(each_model(sources, asked, options, work, as_json), perf_counter() - start, as_json)


def _of_row(row: NodeFigures) -> Result:
    shape = None if row.shape is None else list(freeze(row.shape))
    return {
        "name": row.node.label,
        "node": row.node.to_dict(),
        "output_shape": shape,
        **_counted(row.parameters, row.before, row.after),
    }


def _of_totals(proof: ModelProof, rows: Sequence[NodeFigures], total: Totals) -> Result:
    return {
        "name": proof.verdict.name,
        "model": dict(Counter(row.node.status for row in rows)),
        **_counted(total.parameters, total.before, total.after),
    }


def _counted(parameters: int, before: int | None, after: int | None) -> Result:
    return {
        "parameters": parameters,
        "multiply_adds": before,
        "expanded_multiply_adds": after,
    }


HEAD = ("node", "operator", "becomes", "output", "phases", "param", "mul-add", "after")
WIDTH = 80
"""Columns of a terminal, and of a table in a bug report."""

LEAST, MOST_OP = 10, 10
"""Letters of a node's name and of its operator that are always shown, or at most."""


def _table(proof: ModelProof, rows: Sequence[NodeFigures], total: Totals) -> Iterator[str]:
    """The table's lines; nodes that only make constants are counted at its end."""
    shown = [row for row in rows if not row.makes_constant]
    cells = [_cells(row) for row in shown]
    last = ("total", "", "", "", "", *_figures(total.parameters, total.before, total.after))
    lines = [HEAD, *cells, last]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    widths[0] = min(widths[0], max(LEAST, WIDTH - sum(widths[1:]) - len(HEAD) + 1))
    for line in lines:
        yield _line(line, widths)
    counted = Counter(row.node.status for row in shown)
    said = [f"{count} {status}" for status, count in counted.most_common()]
    made = len(rows) - len(shown)
    yield from wrap(f"{proof.verdict.name}: {len(shown)} nodes: {', '.join(said)}", WIDTH)
    if made:
        yield f"not shown: {made} nodes that only make constants"
    if any(row.node.mask is not None for row in shown):
        yield "*: a mask stands in front, or else it would read beyond the end of its input"
    if isinstance(reason := proof.verdict.told().get("reason"), str):
        yield from wrap(output.plain(f"undecided: {reason}"), WIDTH)


def _line(line: Sequence[str], widths: Sequence[int]) -> str:
    name, *words = line
    first = f"{in_the_middle(name, widths[0]):{widths[0]}}"
    left = [f"{word:{width}}" for word, width in zip(words[:4], widths[1:5], strict=True)]
    right = [f"{word:>{width}}" for word, width in zip(words[4:], widths[5:], strict=True)]
    return " ".join([first, *left, *right]).rstrip()


SHORT = {"left strided": "strided"}


def _cells(row: NodeFigures) -> tuple[str, ...]:
    node = row.node
    size = "?" if row.shape is None else "x".join(map(str, freeze(row.shape)))
    return (
        output.plain(node.label).removesuffix(f"/{node.phased.node.op}"),
        in_the_middle(output.plain(node.phased.node.op), MOST_OP),
        SHORT.get(node.status, node.status) + ("*" if node.mask is not None else ""),
        in_the_middle(size, 15),
        in_the_middle(_phases(row), 11),
        *_figures(row.parameters, row.before, row.after),
    )


def _phases(row: NodeFigures) -> str:
    """The factors: what goes in, and what comes out where that is another."""
    if not row.node.phased.has_phases:
        return ""
    words = [factors_in_space(factors) for factors in (row.factor_in, row.factor_out)]
    return words[0] if words[0] == words[1] else ">".join(words)


def _figures(parameters: int, before: int | None, after: int | None) -> tuple[str, ...]:
    return tuple("?" if n is None else _small(n) for n in (parameters, before, after))


def _small(count: int) -> str:
    return "" if count == 0 else output.rounded(count).replace(" ", "")


def in_the_middle(text: str, most: int) -> str:
    """A text shortened in its middle, where names of nodes are least told apart.

    >>> in_the_middle("/blocks/blocks.1/conv_dw", 15)
    '/bl…s.1/conv_dw'
    """
    if len(text) <= most:
        return text
    front = most // 4
    return f"{text[:front]}…{text[front + 1 - most :]}"
