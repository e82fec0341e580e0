"""How far two outputs are apart: what is rounding, what is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from symconv.crosscheck.models import FAR, NEAR, farthest

VALUES = np.asarray([[1.0, -2.0], [3.0, 4.0]], np.float32)


def relative(left: Any, right: Any) -> float:
    return farthest("y", np.asarray(left), np.asarray(right)).relative


def test_one_ulp_is_one_ulp() -> None:
    other = VALUES.copy()
    other[1, 0] = np.nextafter(other[1, 0], np.float32(9))
    found = farthest("y", VALUES, other)
    assert found.index == (1, 0)
    assert found.ulps == pytest.approx(1)
    assert found.relative < NEAR


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_is_infinitely_far_from_one(value: float) -> None:
    other = VALUES.copy()
    other[0, 0] = value
    assert relative(VALUES, other) == np.inf
    assert relative(other, other) == 0


def test_a_difference_is_in_parts_of_the_largest_value() -> None:
    other = VALUES.copy()
    other[0, 0] += 0.4
    assert relative(VALUES, other) == pytest.approx(0.1)
    assert relative(VALUES, other) > FAR


def test_places_of_largest_scores_are_not_numbers() -> None:
    places = np.arange(10_000) % 7
    turned = places.copy()
    turned[3] += 1
    assert relative(places, turned) == pytest.approx(1e-4)
    assert relative(places, turned) < FAR
    assert relative(np.asarray([2]), np.asarray([3])) == 1
    assert relative(np.asarray([True, True]), np.asarray([True, False])) == 0.5


def test_nothing_is_not_apart() -> None:
    assert relative(np.zeros((0, 3)), np.zeros((0, 3))) == 0
