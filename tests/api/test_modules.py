"""``symconv.prove`` of modules of PyTorch that are no chains of layers."""

from __future__ import annotations

from typing import Any

import pytest

import symconv
from symconv.errors import InputError, SymconvError
from symconv.models.prove import prove_model
from symconv.network.results import ModelCertificate
from symconv.recheck import recheck
from tests.helpers.requirements import require

pytestmark = pytest.mark.once

torch: Any = require("torch")
nn: Any = torch.nn


def residual() -> Any:
    """Two strided branches that meet, and a head."""

    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU())
            self.beside = nn.Conv2d(3, 8, 1, 2)
            self.pool = nn.MaxPool2d(2)
            self.head = nn.Linear(8, 4)

        def forward(self, x: Any) -> Any:
            return self.head(self.pool(self.body(x) + self.beside(x)).mean((2, 3)))

    return Residual()


@pytest.mark.parametrize("size", [(32, 48), (1, 3, 32, 48), [(2, 3, 32, 48)]])
def test_a_module_is_proved_as_a_model(size: Any) -> None:
    module = residual().train()
    verdict = symconv.prove(module, size)
    assert isinstance(verdict, ModelCertificate)
    statuses = [node.status for node in verdict.graphs[0].nodes]
    assert statuses.count("converted") == 3
    assert module.training
    assert recheck(verdict.to_dict()).verdict == "proved"


def test_a_sequence_with_more_than_layers_is_a_model() -> None:
    verdict = symconv.prove(nn.Sequential(nn.Conv1d(2, 4, 3, 2), nn.BatchNorm1d(4)), (17,))
    assert isinstance(verdict, ModelCertificate)
    layers = nn.Sequential(nn.Conv1d(2, 4, 3, 2), nn.ReLU())
    assert isinstance(symconv.prove(layers, (17,)), symconv.Certificate)


def test_a_module_without_strides_left_says_so() -> None:
    assert len(prove_model(residual(), (32, 48)).strided) == 3
    free = symconv.torch.destride(residual(), (32, 48))
    assert prove_model(free, (1, 3, 32, 48)).strided == ()


def test_sizes_are_given_in_numbers() -> None:
    with pytest.raises(InputError, match=r"proved at a size, such as \(224, 224\)"):
        symconv.prove(residual())
    with pytest.raises(InputError, match="of a size in numbers"):
        symconv.prove(residual(), ("H", "W"))
    with pytest.raises(InputError, match="a model file does not take engine"):
        symconv.prove(residual(), (32, 48), engine="tables")


def test_a_module_that_pytorch_cannot_export_is_refused() -> None:
    class Branching(nn.Module):
        def forward(self, x: Any) -> Any:
            return x if x.sum() > 0 else -x

    with pytest.raises(SymconvError, match="PyTorch cannot export Branching"):
        symconv.prove(Branching(), (1, 1, 4, 4))
