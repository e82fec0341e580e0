"""``symconv.torch.destride``: modules of stride 1 that train as the strided ones do."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

import symconv
from symconv.errors import InputError, Unsupported
from tests.helpers.requirements import require

torch: Any = require("torch")
nn: Any = torch.nn
F: Any = torch.nn.functional

TOLERANCE = 1e-12


class Block(nn.Module):
    """A strided body beside a strided projection, as in ResNet."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 7, 2, 3, bias=False), nn.BatchNorm2d(8))
        self.pool = nn.MaxPool2d(3, 2, 1)
        self.body = nn.Conv2d(8, 8, 3, 2, 1, groups=2)
        self.beside = nn.Conv2d(8, 8, 1, 2)
        self.up = nn.ConvTranspose2d(8, 4, 3, 2, 1, output_padding=1)
        self.mean = nn.AvgPool2d(2, ceil_mode=True)
        self.head = nn.Linear(4, 5)

    def forward(self, x: Any) -> Any:
        x = self.pool(torch.relu(self.stem(x)))
        x = torch.relu(self.body(x) + self.beside(x))
        return self.head(self.mean(self.up(x)).mean((2, 3)))


def trained(module: Any, steps: int) -> tuple[list[float], dict[str, Any]]:
    """The losses of some steps, and the parameters behind them."""
    torch.manual_seed(1)
    x, y = torch.randn(4, 3, 37, 41), torch.randn(4, 5)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-3)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.mse_loss(module(x), y)
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses, module.state_dict()


@pytest.fixture(autouse=True)
def double() -> Any:
    """Double precision, and back."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    yield
    torch.set_default_dtype(before)


def test_ten_steps_are_the_strided_module_s() -> None:
    strided = Block()
    free = symconv.torch.destride(strided, (37, 41))
    (losses, weights), (found, others) = trained(strided, 10), trained(free, 10)
    assert losses[-1] < 0.9 * losses[0]
    assert found == pytest.approx(losses, abs=TOLERANCE)
    assert list(weights) == list(others)
    for name, weight in weights.items():
        assert torch.allclose(weight, others[name], rtol=0, atol=TOLERANCE), name


def test_the_module_itself_is_left_alone() -> None:
    strided = Block().train()
    before = copy.deepcopy(strided.state_dict())
    free = symconv.torch.destride(strided, (37, 41))
    assert type(strided.body) is nn.Conv2d
    assert strided.training
    assert free.training
    assert all(torch.equal(before[name], w) for name, w in strided.state_dict().items())
    assert not any(getattr(part, "stride", 1) not in (1, (1, 1)) for part in free.modules())


def test_weights_of_either_are_loaded_by_the_other() -> None:
    strided, other = Block().eval(), Block().eval()
    free = symconv.torch.destride(other, (37, 41))
    free.load_state_dict(strided.state_dict())
    x = torch.randn(2, 3, 50, 33)  # Another size than that of the trial.
    assert torch.allclose(free(x), strided(x), rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("size", [(37, 41), (3, 37, 41), (1, 3, 37, 41), [(2, 3, 37, 41)]])
def test_a_size_is_that_in_space_or_a_shape(size: Any) -> None:
    assert symconv.torch.destride(Block(), size).training


LAYERS = [
    (nn.Conv1d, (2, 4, 5, 3, 2), (2, 31)),
    (nn.Conv1d, (2, 4, 1, 2), (2, 9)),
    (nn.Conv3d, (2, 2, 3, (1, 2, 3), 1), (2, 5, 8, 9)),
    (nn.Conv2d, (2, 2, 3, 2, 1, 2), (2, 14, 15)),
    (nn.Conv1d, (2, 4, 3, 1, 2, 2), (2, 9)),
    (nn.Conv2d, (2, 4, 3, (2, 1), (1, 3), (2, 3)), (2, 12, 13)),
    (nn.ConvTranspose1d, (2, 4, 4, 3, 1, 2), (2, 7)),
    (nn.ConvTranspose3d, (2, 2, 2, 2), (2, 3, 4, 5)),
    (nn.MaxPool1d, (3, 2, 1), (2, 10)),
    (nn.MaxPool2d, (3, (2, 1), 1, (1, 2)), (2, 10, 9)),
    (nn.MaxPool3d, (2,), (2, 4, 5, 6)),
    (nn.AvgPool1d, (4, 3, 2, True), (2, 11)),
    (nn.AvgPool3d, (3, 2, 1, False, False), (2, 7, 6, 5)),
    (nn.Conv2d, (2, 4, 3, (2, 1), 0, (1, 3), 2), (2, 13, 17)),
    (nn.MaxPool2d, (3, (1, 2), 0, (2, 1)), (2, 13, 17)),
]


@pytest.mark.parametrize(("kind", "arguments", "shape"), LAYERS)
def test_layers_of_every_rank(kind: Any, arguments: Any, shape: Any) -> None:
    layer = kind(*arguments)
    free = symconv.torch.destride(layer, (1, *shape))
    # Whole numbers of few values: maxima are often met twice, where the first one counts.
    x = torch.randint(-2, 3, (2, *shape)).double().requires_grad_()
    y, found = layer(x), free(x)
    back = torch.randn_like(y)
    assert torch.allclose(found, y, rtol=0, atol=TOLERANCE)
    inputs = [x, *layer.parameters()], [x, *free.parameters()]
    pairs = zip(
        torch.autograd.grad(y, inputs[0], back),
        torch.autograd.grad(found, inputs[1], back),
        strict=True,
    )
    assert all(torch.allclose(a, b, rtol=0, atol=TOLERANCE) for a, b in pairs)
    assert torch.allclose(free(x[0]), layer(x[0]), rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
def test_other_paddings_are_gathered_first(mode: str) -> None:
    layer = nn.Conv2d(2, 3, 3, 2, (2, 1), padding_mode=mode)
    free = symconv.torch.destride(layer, (9, 10))
    x = torch.randn(2, 2, 9, 10)
    assert torch.allclose(free(x), layer(x), rtol=0, atol=TOLERANCE)


def test_a_layer_that_stands_twice_is_one_still() -> None:
    conv = nn.Conv1d(2, 2, 3, 2, 1)
    free = symconv.torch.destride(nn.Sequential(conv, nn.ReLU(), conv), (17,))
    assert free[0] is free[2]
    assert len(list(free.parameters())) == 2


class Functional(nn.Module):
    """A module that takes its stride in a function."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Any) -> Any:
        return self.function(x)


FUNCTIONS = {
    "conv2d": lambda x: F.conv2d(x, torch.ones(1, 3, 2, 2), stride=2),
    "conv_transpose2d": lambda x: F.conv_transpose2d(x, torch.ones(3, 1, 2, 2), stride=2),
    "max_pool2d": lambda x: F.max_pool2d(x, 2),
    "avg_pool2d": lambda x: F.avg_pool2d(x, 2),
    "max_pool1d": lambda x: F.max_pool1d(x.flatten(1, 2), 3),
    "avg_pool1d": lambda x: F.avg_pool1d(x.flatten(1, 2), 3),
    "lp_pool2d": lambda x: F.lp_pool2d(x, 2, 2),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_stride_that_is_left_is_refused(name: str) -> None:
    with pytest.raises(Unsupported, match=r"still takes a stride, in \w+ of stride \[\d"):
        symconv.torch.destride(Functional(FUNCTIONS[name]), (1, 3, 8, 8))


def test_a_window_over_all_there_is_takes_none() -> None:
    whole = Functional(lambda x: F.avg_pool2d(x, 8))
    assert symconv.torch.destride(whole, (1, 3, 8, 8))(torch.ones(1, 3, 8, 8)).shape == (1, 3, 1, 1)


def test_hooks_are_not_lost() -> None:
    layer = nn.Sequential(nn.Conv1d(1, 1, 3, 2))
    layer[0].register_forward_hook(lambda *_: None)
    with pytest.raises(Unsupported, match="the layer '0' \\(Conv1d\\) has hooks"):
        symconv.torch.destride(layer, (9,))


def test_what_is_no_module_or_does_not_fit_is_refused() -> None:
    with pytest.raises(InputError, match=r"expected a torch\.nn module, got int"):
        symconv.torch.destride(3, (9,))
    with pytest.raises(InputError, match=r"does not take inputs of shape \[\[1, 4, 9, 9\]\]"):
        symconv.torch.destride(Block(), (1, 4, 9, 9))
    with pytest.raises(InputError, match="of a size in numbers"):
        symconv.torch.destride(Block(), ("H", "W"))


def test_an_empty_batch_stays_empty() -> None:
    free = symconv.torch.destride(nn.ConvTranspose1d(2, 4, 3, 2), (5,))
    assert free(torch.zeros(0, 2, 5)).shape == (0, 4, 11)


def test_a_module_is_saved_as_any_other() -> None:
    free = symconv.torch.destride(Block().eval(), (37, 41))
    x = torch.randn(1, 3, 37, 41)
    assert torch.equal(pickle.loads(pickle.dumps(free))(x), free(x))  # noqa: S301
