"""Every line of the speed table beside its peers; `make speed` measures them in fresh processes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bench.lines import LINES, line
from tests.bench.work import INSTALLED
from tests.helpers.requirements import require

pytestmark = pytest.mark.once

SLOW = {name for name, one in LINES.items() if one.length == "long"}


def lines(group: str) -> list[Any]:
    """The lines of a group; those that take long are slow tests."""
    of_it = [name for name, one in LINES.items() if one.group == group]
    return [pytest.param(n, marks=[pytest.mark.slow] * (n in SLOW)) for n in of_it]


GROUPS = {one.group: None for one in LINES.values()}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(*one.values, marks=[*one.marks, pytest.mark.benchmark(group=group)])
        for group in GROUPS
        for one in lines(group)
    ],
)
def test_line(benchmark: Any, name: str) -> None:
    for library in INSTALLED.get(name, ()):
        require(library)
    one = line(name)
    benchmark.pedantic(one.make(), setup=one.before, rounds=one.rounds, warmup_rounds=one.warm)
