"""Failures as the annotations of GitHub's workflow commands: a line each on standard output."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from symconv.testing.families import Family

MOST = 10
"""Annotations of one kind that GitHub shows of a step."""


def annotation_lines(found: Iterable[tuple[str, Family]], title: str) -> Iterator[str]:
    r"""A line for each family, with its least member: verdicts with families, refuted ones first.

    >>> family = Family("k 2", 3, 0, {"k": 2}, "100 % wrong\nthere")
    >>> next(annotation_lines([("refuted", family)], "mine:rewrite"))
    '::error title=mine%3Arewrite refuted::3 with k 2; least: {"k": 2}: 100 %25 wrong%0Athere'
    """
    for place, (verdict, family) in enumerate(found):
        if place == MOST:
            return
        least = json.dumps(family.least)
        said = f"{family.failures} with {family.words}; least: {least}: {family.message}"
        yield f"::error title={of_property(f'{title} {verdict}')}::{of_data(said)}"


def of_data(text: str) -> str:
    """A text as the data of a workflow command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def of_property(text: str) -> str:
    """A text as the value of a property, which colons and commas would end."""
    return of_data(text).replace(":", "%3A").replace(",", "%2C")
