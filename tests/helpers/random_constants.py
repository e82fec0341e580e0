"""Random claims in which constants are everywhere, and torch's word on whether they are true.

Layers of constant weights make hidden channels that are all alike.  The right side has other
numbers of them, and weights that make up for it, or do not: what is summed must be counted.
"""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

Text = dict[str, Any]
FILLS = (-2, -1, 1, 1, 1, 2, 3)


def constant_claim(rng: random.Random, *, derived: bool = True) -> Text:
    """Two to four layers of constant weights; hidden widths differ on the right.

    Some weights are derived by convolutions of constants, if asked for.
    """
    rank, depth = rng.choice([1, 1, 2]), rng.randint(2, 4)
    size = [rng.randint(3, 6) for _ in range(rank)]
    maker = _Maker(rng, rank, rng.randint(1, 3), depth, derived)
    left, right = maker.sides()
    return {
        "name": "constants",
        "input": {"channels": maker.channels, "size": size},
        "weights": maker.weights,
        "left": left,
        "right": right,
    }


class _Maker:
    """Writes both sides layer by layer."""

    def __init__(
        self, rng: random.Random, rank: int, channels: int, depth: int, derived: bool
    ) -> None:
        self.derived = derived
        self.rng, self.rank, self.channels, self.depth = rng, rank, channels, depth
        self.weights: Text = {}
        self.honest = rng.random() < 0.5

    def sides(self) -> tuple[list[Text], list[Text]]:
        left: list[Text] = []
        right: list[Text] = []
        widths = self.channels, self.channels
        alike = False
        for place in range(self.depth):
            last = place == self.depth - 1
            after = (self.rng.randint(1, 4), self.rng.randint(1, 4))
            after = (after[0], after[0]) if last else after
            steps, alike = self._layer(place, widths, after, alike)
            left.append(steps[0])
            right.append(steps[1])
            widths = after
            if self.rng.random() < 0.3:
                extra = self._between(widths)
                left += extra
                right += extra
        if self.rng.random() < 0.15:
            swapped = self._swapped(widths[0])
            left.append(swapped)
            right.append(swapped)
        return left, right

    def _swapped(self, channels: int) -> Text:
        """The tensor as the kernel of a constant one."""
        shape = [self.rng.randint(1, 2), channels, *[40] * self.rank]
        self.weights["z"] = {"shape": shape, "fill": self.rng.choice(FILLS)}
        return {"op": "conv_as_kernel", "weight": "z", "stride": 20}

    def _layer(
        self, place: int, before: tuple[int, int], after: tuple[int, int], alike: bool
    ) -> tuple[tuple[Text, Text], bool]:
        """A layer with as many channels as each side has, and whether its outputs are alike."""
        rng = self.rng
        kind = rng.choice(["conv", "conv", "conv", "conv_transpose"])
        taps = [rng.randint(1, 2) for _ in range(self.rank)]
        options = self._options(kind)
        groups = rng.choice([g for g in (1, 2) if not any(n % g for n in (*before, *after))])
        options |= {"groups": groups} if groups > 1 else {}
        fill = rng.choice(FILLS)
        # Alike channels summed: so many on the left, so many on the right.
        share = Fraction(before[0], before[1]) if alike or before == after else Fraction(1)
        fills = Fraction(fill), fill * share
        if not self.honest and rng.random() < 0.6:
            fills = Fraction(fill), Fraction(fill)
        pair = tuple(
            {
                "op": kind,
                **options,
                "weight": self._weight(f"{side}{place}", self._lead(kind, c, m, groups), taps, f),
            }
            for side, c, m, f in zip("lr", before, after, fills, strict=True)
        )
        if rng.random() < 0.4:
            value = rng.choice(FILLS)
            for side, step, m in zip("lr", pair, after, strict=True):
                self.weights[f"b{side}{place}"] = {"shape": [m], "fill": value}
                step["bias"] = f"b{side}{place}"
        return (pair[0], pair[1]), True

    def _lead(self, kind: str, before: int, after: int, groups: int) -> list[int]:
        """The weight's first two axes in PyTorch's layout."""
        if kind == "conv_transpose":
            return [before, after // groups]
        return [after, before // groups]

    def _options(self, kind: str) -> Text:
        rng = self.rng
        stride = [rng.choice([1, 1, 2]) for _ in range(self.rank)]
        if kind == "conv_transpose":
            return {"stride": stride}
        options: Text = {
            "stride": stride,
            "padding": [[rng.randint(0, 1), rng.randint(0, 2)] for _ in range(self.rank)],
        }
        if rng.random() < 0.4:
            options["padding_value"] = rng.choice([1, -1, 2])
        elif rng.random() < 0.2:
            options["padding_mode"] = "replicate"
        return options

    def _weight(self, name: str, lead: list[int], taps: list[int], fill: Fraction) -> str:
        """A constant weight: filled, or derived by a convolution of constants."""
        shape, value = [*lead, *taps], fill
        if self.rng.random() < 0.7 or not self.derived:
            self.weights[name] = {"shape": shape, "fill": str(value)}
            return name
        # A sum over so many ones, of which each is a share of the value.
        inner, axes = self.rng.randint(1, 4), " ".join("xyz"[: self.rank])
        self.weights[f"{name}o"] = {"shape": [lead[0], inner, *taps], "fill": 1}
        kernel = {"shape": [lead[1], inner, 1, *[1] * self.rank], "fill": str(value / inner)}
        self.weights[f"{name}k"] = kernel
        self.weights[name] = {
            "from": f"{name}o",
            "steps": [
                {"op": "rearrange", "pattern": f"a i {axes} -> i a {axes}"},
                {"op": "conv", "weight": f"{name}k"},
                {"op": "rearrange", "pattern": f"b a {axes} -> a b {axes}"},
            ],
        }
        return name

    def _between(self, widths: tuple[int, int]) -> list[Text]:
        """A step that treats all channels alike."""
        rng, rank = self.rng, self.rank
        functions: list[list[Text]] = [[{"op": "relu"}]] if widths[0] == widths[1] else []
        return rng.choice(
            [
                *functions,
                [
                    {
                        "op": "pad",
                        "padding": [[0, 0], *[[0, 1]] * rank],
                        "value": rng.choice([1, -2]),
                    }
                ],
                [{"op": "flip", "axes": [1]}],
                [{"op": "add", "branches": [[], []]}],
                [{"op": "avg_pool", "kernel_size": 1}],
                [{"op": "tile", "repeats": [1, 2, *[1] * (rank - 1)]}],
                [{"op": "slice", "slices": [[None] * 3, *[[1, None, 1]] * rank]}],
            ]
        )
