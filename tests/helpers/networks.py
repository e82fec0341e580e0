"""Chains of real networks, at their own sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from symconv.layer import Conv, MaxPool
from symconv.network import Network, chain
from symconv.network.proof import NetworkProof
from symconv.prove.network.decide import decide_network
from symconv.size.names import axis_names


def vgg(size: int) -> Network:
    """VGG-16's convolutions and poolings (Simonyan and Zisserman 2015, table 1)."""
    layers: list[Any] = []
    channels = 3
    for width in (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0):
        layers += (
            [Conv(channels, width, 3, 1, 1), "relu"]
            if width
            else [MaxPool(2, 2, channels=channels)]
        )
        channels = width or channels
    return chain("vgg", layers, (size, size))


def wav2vec() -> Network:
    """wav2vec 2.0's feature encoder (Baevski et al. 2020, section 4.2)."""
    layers: list[Any] = []
    for place, (kernel, stride) in enumerate([(10, 5), *[(3, 2)] * 4, *[(2, 2)] * 2]):
        layers += [Conv(512 if place else 1, 512, kernel, stride, bias=False), "gelu"]
    return chain("wav2vec", layers, (16_000,))


def all_convolutional() -> Network:
    """All-CNN-C (Springenberg et al. 2015, table 1)."""
    shape = [
        (3, 96, 3, 1),
        (96, 96, 3, 1),
        (96, 96, 3, 2),
        (96, 192, 3, 1),
        (192, 192, 3, 1),
        (192, 192, 3, 2),
        (192, 192, 3, 1),
        (192, 192, 1, 1),
        (192, 10, 1, 1),
    ]
    layers: list[Any] = []
    for c, m, k, s in shape:
        layers += [Conv(c, m, k, s, k // 2), "relu"]
    return chain("all-convolutional", layers, (32, 32))


NETWORKS = {"all-convolutional": all_convolutional, "VGG-16": lambda: vgg(224), "wav2vec": wav2vec}


def everywhere(
    network: Network, names: Sequence[str] | None = None, where: Sequence[str] = ()
) -> NetworkProof:
    """The proof of a chain with its sizes named, whatever they were."""
    sizes = tuple(names or axis_names(len(network.input_size)))
    return decide_network(replace(network, input_size=sizes), where)
