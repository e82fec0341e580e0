"""Proofs of layers, kept by geometry: layers that differ in channels alone are decided once."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from time import perf_counter

from symconv.claim.verdict import Certificate
from symconv.machine.caches import Cache
from symconv.prove.confirm import evaluated
from symconv.prove.engine import Question

_PROVED = Cache[Certificate](most=8 * 2**20)
"""The 1,481 geometries of 12,134 real layers take 5 MB."""

PER_CHARACTER = 4
"""Bytes that a certificate takes for each character of its claim's text, about."""


def proved_before(question: Question) -> Certificate | None:
    """The certificate of a layer whose geometry is proved already; None of any other claim."""
    if question.expansion is None:
        return None
    start = perf_counter()
    known = _PROVED.get(question.geometry)
    if known is None:
        return None
    claim, layer = question.claim, question.expansion.original
    shape = (layer.out_channels, *known.output_shape[1:])
    told = replace(known, claim=claim, output_shape=shape, facts=deepcopy(known.facts))
    seen = evaluated(told, _sizes_seen(known), question)
    if not isinstance(seen, Certificate):
        return None
    return replace(seen, seconds=perf_counter() - start)


def _sizes_seen(known: Certificate) -> list[Mapping[str, int]]:
    """The sizes at which the second voice looked; it says of each layer what it saw of that one."""
    sizes = (known.evaluation or {}).get("sizes", ())
    return [dict(size) for size in sizes] or [{}]


def keep(question: Question, verdict: Certificate) -> None:
    """Keep the proof of a layer's geometry."""
    if question.expansion is not None:
        geometry = question.geometry
        kept = replace(verdict, facts=deepcopy(verdict.facts))  # the caller's is not shared
        _PROVED.put(geometry, kept, PER_CHARACTER * len(repr(geometry)))
