"""The report of a device: what was compared there, how it ended, and what a stride costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from symconv.crosscheck.observation import Observation
from symconv.crosscheck.timing import Timing

Rows = Iterable[Sequence[object]]

COMPARING = {"comparisons of presets": "presets", "zoo layers": "zoo layers"}
"""The stages that compare, and what their tallies are called."""


@dataclass
class Tally:
    """What came of one stage in one dtype and mode."""

    stage: str
    dtype: str
    mode: str
    layers: int = 0
    gradients: int = 0
    agreed: int = 0
    worst_of_bound: float = 0.0
    worst_ulps: float = 0.0
    seconds: float = 0.0
    refused: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def add(self, name: str, seen: Observation) -> None:
        """Count one observation."""
        self.layers += 1
        self.gradients += len(seen.compared) > 1
        self.seconds += sum(seen.seconds)
        if seen.agrees:
            self.agreed += 1
            self.worst_of_bound = max(
                self.worst_of_bound, *(c.of_bound or 0 for c in seen.compared)
            )
            self.worst_ulps = max(self.worst_ulps, *(c.ulps or 0 for c in seen.compared))
        else:
            told = f"{name}: {seen.text()}"
            (self.faults if seen.fault else self.outside).append(told)

    def to_dict(self) -> dict[str, Any]:
        """The tally's JSON form."""
        return {**vars(self), "refused": dict(self.refused)}


@dataclass
class Record:
    """Everything that was seen on one device; ``asked`` says how many layers each stage had."""

    device: str
    versions: dict[str, str]
    command: str
    tallies: list[Tally] = field(default_factory=list)
    timings: list[Timing] = field(default_factory=list)
    asked: dict[str, int] = field(default_factory=dict)
    done: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def outside(self) -> list[str]:
        """What disagreed and was no fault of the framework's."""
        return [told for tally in self.tallies for told in tally.outside]

    @property
    def idle(self) -> list[str]:
        """The stages that were to compare layers and compared none."""
        seen = {tally.stage for tally in self.tallies if tally.layers}
        return [s for s in COMPARING if self.asked.get(s) and COMPARING[s] not in seen]

    def to_dict(self) -> dict[str, Any]:
        """The record's JSON form."""
        return {
            **vars(self),
            "tallies": [tally.to_dict() for tally in self.tallies],
            "timings": [timing.to_dict() for timing in self.timings],
        }


def markdown(record: Record) -> str:
    """The record as a page: what was compared, what was refused, what it costs."""
    versions = ", ".join(f"{name} {version}" for name, version in record.versions.items())
    counts = ", ".join(f"{record.done.get(k, 0)} of {n} {k}" for k, n in record.asked.items())
    parts = [
        f"# Cross-check on {record.device}",
        f"{versions}. Written by `{record.command}` in {record.seconds:.0f} s: {counts}.",
        _WORDS,
        _table(_HEADS, map(_row, record.tallies)),
        *_lists(record),
    ]
    if record.timings:
        parts += [_TIMED, _table(_TIMED_HEADS, map(_timed_row, record.timings))]
    return "\n\n".join(filter(None, parts)) + "\n"


_WORDS = """A layer is run by PyTorch as it is, and on phases at stride 1. *Exact*: integers whose
sums are exact in the dtype; agreement is bit for bit. *Rounding*: real numbers; the largest
difference is in parts of the a-priori bound of both sides, and in ulps of the sum of magnitudes.
Gradients are those by input, weight (summed over the slots that hold one parameter) and bias. An
observation, never a proof."""

_HEADS = ("layers", "dtype", "mode", "compared", "with gradients", "agreed", "of its bound", "ulps")

_TIMED = """## What the rewrite costs

Median milliseconds of one call; on a processor of its own time, with one thread. *Stride-free* has
its kernel expanded beforehand, *tied* expands it in each call, *training* is forward and backward
(strided / tied). A ratio below 1 is a gain. *Apart* is the largest difference in parts of the
largest output, seen and not judged: cuDNN may choose any algorithm here."""

_TIMED_HEADS = (
    "layer",
    "dtype",
    "batch",
    "strided",
    "stride-free",
    "ratio",
    "tied",
    "training",
    "apart",
)


def _row(tally: Tally) -> Sequence[object]:
    exact = tally.mode == "exact"
    worst = "0" if exact else f"{tally.worst_of_bound:.2g}"
    ulps = "0" if exact else f"{tally.worst_ulps:.2g}"
    agreed = f"{tally.agreed} of {tally.layers}"
    return (
        tally.stage,
        tally.dtype,
        tally.mode,
        tally.layers,
        tally.gradients,
        agreed,
        worst,
        ulps,
    )


def _timed_row(t: Timing) -> Sequence[object]:
    training = f"{t.training[0]:.3g} / {t.training[1]:.3g}"
    return (
        t.layer,
        t.dtype,
        t.batch,
        f"{t.strided:.3g}",
        f"{t.stride_free:.3g}",
        f"{t.ratio:.2f}",
        f"{t.tied:.3g}",
        training,
        f"{t.apart:.1e}",
    )


def _table(heads: Sequence[str], rows: Rows) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def _lists(record: Record) -> list[str]:
    """What disagreed, what the framework got wrong, and what could not be compared."""
    refused: Counter[str] = sum((tally.refused for tally in record.tallies), Counter())
    faults = [told for tally in record.tallies for told in tally.faults]
    lists = {
        "Outside its bound, or not equal": record.outside,
        "Where PyTorch contradicts itself": faults,
        "Compared without gradients, or not at all": [f"{n}: {t}" for t, n in refused.items()],
        "Notes": record.notes,
    }
    return [
        f"## {head}\n\n" + "\n".join(f"- {line}" for line in lines)
        for head, lines in lists.items()
        if lines
    ]
