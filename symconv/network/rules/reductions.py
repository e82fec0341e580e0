"""Nodes that read every phase of an axis: sums and extremes over it, and normalisations by them.

A sum over an axis is one over all phases of it, in any order: every sample stands in one phase at
one place.  What stands in the tail is no sample, and has to be left out.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from symconv.network.rules.base import Link, NoRule, Rule, RuleOf, Shape, Site, from_front, linked

_REDUCTIONS = (
    "ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSum "
    "ReduceLogSumExp ReduceSumSquare"
)
REDUCTIONS = _REDUCTIONS.split()
GLOBAL_POOLS = ("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool")


def reduction(site: Site) -> Rule:
    """Read a reduction over some axes, or over all."""
    shape = site.shape()
    axes = _axes(site, len(shape))
    if not axes and site.number("noop_with_empty_axes", 0):
        return Rule("pointwise", (shape,), linked(0, range(len(shape))))
    keep = bool(site.number("keepdims", 1))
    rule = _over(site, shape, axes or list(range(len(shape))), keep)
    return replace(rule, partial=site.node.op == "ReduceLogSum")


def _axes(site: Site, rank: int) -> list[int]:
    if site.has(1):
        listed = site.numbers(1, "axes")
    else:
        listed = [int(a) for a in np.atleast_1d(site.node.attributes.get("axes", []))]
    return [from_front(axis, rank) for axis in listed]


def _over(site: Site, shape: Shape, axes: list[int], keep: bool) -> Rule:
    kept = [axis for axis in range(len(shape)) if axis not in axes]
    if keep:
        out: Shape = tuple(1 if axis in axes else size for axis, size in enumerate(shape))
        links = linked(0, kept)
    else:
        out = tuple(shape[axis] for axis in kept)
        links = linked(0, kept, range(len(kept)))
    read = tuple(Link(0, axis, None) for axis in axes)
    return Rule("reduces", (out,), (*links, *read), all_phases=tuple(axes))


def global_pool(site: Site) -> Rule:
    """Read a pooling over all positions."""
    shape = site.shape()
    if len(shape) < 3:
        raise NoRule("it has no spatial axis")
    return _over(site, shape, list(range(2, len(shape))), keep=True)


def instance_norm(site: Site) -> Rule:
    """Read a normalisation of each channel, or group of channels, by statistics over positions."""
    shape = site.shape()
    spatial = tuple(range(2, len(shape)))
    links = linked(0, (0, *spatial))
    return Rule("normalises", (shape,), links, all_phases=spatial)


def by_mean_and_variance(site: Site) -> Rule:
    """Read a normalisation by the mean and the variance over given axes."""
    shape = site.shape()
    axes = tuple(
        from_front(int(a), len(shape))
        for a in np.atleast_1d(site.node.attributes.get("axes", (0, 2, 3)))
    )
    return Rule("normalises", (shape,), linked(0, range(len(shape))), all_phases=axes)


RULES: dict[str, RuleOf] = {
    **dict.fromkeys(REDUCTIONS, reduction),
    **dict.fromkeys(GLOBAL_POOLS, global_pool),
    **dict.fromkeys(("InstanceNormalization", "GroupNormalization"), instance_norm),
    "MeanVarianceNormalization": by_mean_and_variance,
}
