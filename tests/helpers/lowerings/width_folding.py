"""Every width folding of a compiler over a grid of kernels, strides, sizes and factors.

The formulas are `vela_same` and `vela_valid`; which claims are true is computed from the pads.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.helpers.lowerings.families import Text, vela_same, vela_valid

COUNT = 12_162


def foldings() -> Iterator[Text]:
    """Every folding whose factor divides stride and size, the small ones first."""
    for stride in range(2, 33):
        for factor in (f for f in range(2, stride + 1) if stride % f == 0):
            for kernel in range(1, 17):
                for coarse in range(kernel // factor + 1, kernel // factor + 12):
                    size = coarse * factor * (1 + stride // 8)
                    yield _named(vela_valid(kernel, stride, size, factor), factor)
                    yield _named(vela_same(kernel, stride, size, factor), factor)


def _named(text: Text, factor: int) -> Text:
    return {**text, "name": f"{text['name']}-by-{factor}"}


def width_foldings(count: int = COUNT) -> list[Text]:
    """Return so many distinct claims, spread evenly over the grid.

    Raises:
        ValueError: there are not so many.
    """
    distinct = list({text["name"]: text for text in foldings()}.values())
    if len(distinct) < count:
        raise ValueError(f"there are {len(distinct)} foldings, asked for {count}")
    return [distinct[place * len(distinct) // count] for place in range(count)]
