"""Mistakes planted in the first step of a right side, and the words of their repair."""

from __future__ import annotations

from typing import Any

Text = dict[str, Any]


def conv(**attributes: Any) -> Text:
    return {"op": "conv", "weight": "w", **attributes}


def pad(*pairs: list[int], **attributes: Any) -> Text:
    return {"op": "pad", "padding": [[0, 0], *pairs], **attributes}


def max_pool(**attributes: Any) -> Text:
    return {"op": "max_pool", "kernel_size": 3, **attributes}


def avg_pool(**attributes: Any) -> Text:
    return {"op": "avg_pool", "kernel_size": 3, "padding": 1, **attributes}


PLANTED: dict[str, tuple[list[Text], list[Text], str]] = {
    "a stride lost": ([conv(stride=2)], [conv()], "has stride 2 instead of 1"),
    "a stride added": ([conv()], [conv(stride=2)], "has stride 1 instead of 2"),
    "a stride moved": (
        [conv(stride=[2, 1])],
        [conv(stride=[1, 2])],
        "has stride [2, 1] instead of [1, 2]",
    ),
    "a stride of one axis lost": (
        [conv(stride=[3, 2])],
        [conv(stride=[3, 1])],
        "has stride [3, 2] instead of [3, 1]",
    ),
    "a stride of another number": ([conv(stride=3)], [conv(stride=1)], "has stride 3 instead of 1"),
    "a pool's stride lost": ([max_pool(stride=2)], [max_pool()], "has stride 2 instead of 3"),
    "a dilation lost": ([conv(dilation=2)], [conv()], "has dilation 2 instead of 1"),
    "a dilation moved": (
        [conv(dilation=[1, 2])],
        [conv(dilation=[2, 1])],
        "has dilation [1, 2] instead of [2, 1]",
    ),
    "the axes' pads swapped": (
        [conv(padding=[[4, 5], [1, 0]])],
        [conv(padding=[[1, 0], [4, 5]])],
        "pads by [[4, 5], [1, 0]] instead of [[1, 0], [4, 5]]",
    ),
    "a list of begins and ends read as pairs": (
        [conv(padding=[[5, 3], [0, 4]])],
        [conv(padding=[[5, 0], [3, 4]])],
        "pads by [[5, 3], [0, 4]] instead of [[5, 0], [3, 4]]",
    ),
    "the same of a pad step": (
        [pad([5, 3], [0, 4])],
        [pad([5, 0], [3, 4])],
        "pads by [[0, 0], [5, 3], [0, 4]] instead of [[0, 0], [5, 0], [3, 4]]",
    ),
    "a mode lost": (
        [conv(padding=1, padding_mode="reflect")],
        [conv(padding=1)],
        "pads in mode reflect instead of zeros",
    ),
    "a mode added": (
        [conv(padding=1)],
        [conv(padding=1, padding_mode="circular")],
        "pads in mode zeros instead of circular",
    ),
    "a pad's mode": (
        [pad([1, 1], [1, 1], mode="replicate")],
        [pad([1, 1], [1, 1], mode="reflect")],
        "pads in mode replicate instead of reflect",
    ),
    "a zero point lost": (
        [conv(padding=1, padding_value=7)],
        [conv(padding=1)],
        "pads with 7 instead of 0",
    ),
    "a zero point added": (
        [conv(padding=1)],
        [conv(padding=1, padding_value=7)],
        "pads with 0 instead of 7",
    ),
    "zeros before a maximum": (
        [max_pool(padding=1)],
        [pad([1, 1], [1, 1]), max_pool()],
        "pads with -inf instead of 0",
    ),
    "-inf before a maximum": (
        [pad([2, 2], [2, 2]), max_pool()],
        [pad([2, 2], [2, 2], value="-inf"), max_pool()],
        "pads with 0 instead of -inf",
    ),
    "pads not counted": (
        [avg_pool()],
        [avg_pool(count_include_pad=False)],
        "has count_include_pad True instead of False",
    ),
    "pads counted": (
        [avg_pool(count_include_pad=False)],
        [avg_pool()],
        "has count_include_pad False instead of True",
    ),
    "a last window lost": (
        [max_pool(stride=2, ceil_mode=True)],
        [max_pool(stride=2)],
        "has ceil_mode True instead of False",
    ),
    "SAME at the other end": (
        [conv(stride=2, padding="same")],
        [conv(stride=2, padding="same_lower")],
        "pads by same instead of same_lower",
    ),
}
