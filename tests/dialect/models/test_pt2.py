"""Exported programs of PyTorch: the module's own values, and what is refused."""

from __future__ import annotations

import json
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symconv.dialect.models.pt2.module import read_torch_module
from symconv.dialect.models.pt2.weights import laid_out
from symconv.dialect.models.registry import read_model_file
from symconv.errors import InputError, SymconvError, Unsupported
from symconv.network.model import Model
from tests.helpers.model_to_onnx import run_model
from tests.helpers.requirements import require

torch: Any = require("torch")
nn, F = torch.nn, torch.nn.functional
SHAPE = (2, 4, 13, 11)


def function_of(function: Callable[..., Any], **modules: Any) -> Any:
    """A function of a module and of tensors as a module of its own."""

    def forward(self: Any, *inputs: Any) -> Any:
        return function(self, *inputs)

    module = type("Function", (nn.Module,), {"forward": forward})()
    for name, inner in modules.items():
        setattr(module, name, inner)
    return module


def agrees(module: Any, *shapes: tuple[int, ...], opaque: tuple[str, ...] = ()) -> Model:
    """The module read as a model has the module's values; these operators alone have no rule."""
    torch.manual_seed(0)
    for parameter in (*module.parameters(), *module.buffers()):
        if parameter.dtype.is_floating_point:
            parameter.data.uniform_(0.5, 1.5)
    model = read_torch_module(module, shapes)
    assert tuple(n.op for n in model.nodes if n.domain) == opaque
    if not opaque:
        inputs = [torch.randn(*shape) for shape in shapes]
        found = run_model(model, *(x.numpy() for x in inputs))
        wanted = module.eval()(*[x.clone() for x in inputs])
        wanted = wanted if isinstance(wanted, tuple | list) else (wanted,)
        for one, other in zip(found, wanted, strict=True):
            assert np.allclose(one, other.detach().numpy(), rtol=1e-4, atol=1e-4)
    return model


MODULES: dict[str, Callable[[], Any]] = {
    "conv": lambda: nn.Conv2d(4, 6, (3, 2), (2, 3), (1, 0), (1, 2), groups=2),
    "conv same": lambda: nn.Conv2d(4, 6, (4, 3), padding="same", bias=False),
    "conv reflect": lambda: nn.Conv2d(4, 6, 3, 2, 2, padding_mode="reflect"),
    "transposed": lambda: nn.ConvTranspose2d(4, 6, 3, 2, 1, 1, groups=2),
    "max": lambda: nn.MaxPool2d(3, 2, 1, dilation=2),
    "max ceil": lambda: nn.MaxPool2d(3, 2, 1, ceil_mode=True),
    "average": lambda: nn.AvgPool2d(3, 2, 1),
    "average alone": lambda: nn.AvgPool2d((3, 2), 2, 1, count_include_pad=False),
    "global": lambda: nn.AdaptiveAvgPool2d(1),
    "parts": lambda: nn.Sequential(nn.ZeroPad2d((0, 1, 0, 2)), nn.AdaptiveAvgPool2d((5, 3))),
    "norms": lambda: nn.Sequential(
        nn.BatchNorm2d(4), nn.InstanceNorm2d(4, affine=True), nn.LayerNorm(11)
    ),
    "batch norm without weights": lambda: nn.BatchNorm2d(4, affine=False),
    "pads": lambda: nn.Sequential(
        nn.ReflectionPad2d((1, 2, 3, 0)),
        nn.ReplicationPad2d(1),
        nn.ConstantPad2d((-1, 2, 0, 1), 3.5),
    ),
    "nearest": lambda: nn.Upsample(scale_factor=2),
    "nearest to a size": lambda: nn.Upsample((26, 33)),
    "bilinear": lambda: nn.Upsample(scale_factor=2, mode="bilinear"),
    "bilinear corners": lambda: nn.Upsample((20, 20), mode="bilinear", align_corners=True),
    "shuffle": lambda: nn.PixelShuffle(2),
    "unshuffle": lambda: nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), nn.PixelUnshuffle(2)),
    "functions": lambda: nn.Sequential(
        nn.ReLU(inplace=True),
        nn.SiLU(),
        nn.Hardswish(),
        nn.Hardsigmoid(),
        nn.GELU(),
        nn.ELU(0.7),
        nn.LeakyReLU(0.2, inplace=True),
        nn.ReLU6(),
        nn.Hardtanh(-2, 3),
        nn.Softplus(),
        nn.Mish(),
        nn.PReLU(4),
        nn.Dropout(0.5),
        nn.Sigmoid(),
        nn.Tanh(),
    ),
    "arithmetic": lambda: function_of(
        lambda _, x: (x * 2 + x - x / 3).abs().sqrt().add(x, alpha=0.5).clamp(min=-1).maximum(x)
    ),
    "gate": lambda: function_of(
        lambda s, x: x * torch.sigmoid(s.conv(x.mean((2, 3), keepdim=True))),
        conv=nn.Conv2d(4, 4, 1),
    ),
    "joins": lambda: function_of(
        lambda _, x: torch.cat([*x.chunk(2, 1)[::-1], *x.split([1, 3], 1)], 1)[:, 1:, ::2, -3:]
    ),
    "views": lambda: function_of(
        lambda _, x: x.permute(0, 2, 3, 1).reshape(2, -1, 2, 2).transpose(1, 3).unsqueeze(1)[:, 0]
    ),
    "channel shuffle": lambda: function_of(
        lambda _, x: x.view(2, 2, 2, 13, 11).transpose(1, 2).contiguous().view(2, 4, 13, 11)
    ),
    "heads": lambda: function_of(
        lambda s, x: (s.fc(x.flatten(1)), s.last(x), x.flatten(2).softmax(-1), x[:, 0].squeeze(0)),
        fc=nn.Linear(4 * 13 * 11, 3),
        last=nn.Linear(11, 2, bias=False),
    ),
    "products": lambda: function_of(lambda _, x: (x @ x.transpose(2, 3), x.amax(1), x.sum((1, 2)))),
}


@pytest.mark.parametrize("make", MODULES.values(), ids=list(MODULES))
def test_a_module_s_values(make: Callable[[], Any]) -> None:
    agrees(make(), SHAPE)


@pytest.mark.parametrize("rank", [1, 3])
def test_other_ranks(rank: int) -> None:
    def of(name: str) -> Any:
        return getattr(nn, f"{name}{rank}d")

    net = nn.Sequential(
        of("Conv")(4, 6, 3, 2, 1),
        of("BatchNorm")(6),
        of("MaxPool")(3, 2, 1),
        of("ConvTranspose")(6, 4, 2, 2),
        of("AvgPool")(2, 1),
        of("AdaptiveAvgPool")(1),
    )
    agrees(net, (2, 4, 13, 12, 9)[: rank + 2])


@pytest.mark.parametrize("seed", range(12))
def test_random_windows(seed: int) -> None:
    rng = random.Random(seed)
    k, s, d, pad = rng.randint(1, 4), rng.randint(1, 3), rng.randint(1, 2), rng.randint(0, 2)
    conv = nn.Conv2d(4, 4, k, s, pad, d, rng.choice([1, 2, 4]))
    pool = nn.MaxPool2d(k, s, min(pad, k // 2), ceil_mode=rng.random() < 0.5)
    up = nn.ConvTranspose2d(4, 2, k, s, min(pad, k - 1), rng.randint(0, s - 1))
    agrees(nn.Sequential(conv, nn.ReLU(), pool, up), (1, 4, 25, 23))


def test_two_inputs_and_shared_weights() -> None:
    module = function_of(
        lambda s, x, y: (s.conv(x) + s.conv(y), s.conv(x)), conv=nn.Conv2d(4, 4, 1)
    )
    model = agrees(module, SHAPE, SHAPE)
    assert len(model.inputs) == 2
    assert set(model.constants) == {"conv.weight", "conv.bias"}


def test_what_has_no_rule_is_opaque() -> None:
    model = agrees(
        function_of(lambda _, x: x.cumsum(1) + x.cumsum(2)), SHAPE, opaque=("cumsum",) * 2
    )
    first, second = (n for n in model.nodes if n.domain)
    assert first.attributes != second.attributes
    agrees(nn.AvgPool2d(2, divisor_override=3), SHAPE, opaque=("avg_pool2d",))
    agrees(nn.Upsample(scale_factor=2, mode="bicubic"), SHAPE, opaque=("upsample_bicubic2d",))


def test_integers_are_left_to_torch() -> None:
    model = read_torch_module(function_of(lambda _, x: torch.sigmoid(x.to(torch.int64))), [SHAPE])
    assert {node.op for node in model.nodes if node.domain} >= {"sigmoid"}


def test_a_change_in_place_is_seen_or_refused() -> None:
    def fine(_: Any, x: Any) -> Any:
        y = x + 1
        z = y.relu_()
        return y + z

    def aliased(_: Any, x: Any) -> Any:
        y = x + 1
        view = y[:, :2]
        y.mul_(2)
        return view + y[:, 2:]

    agrees(function_of(fine), SHAPE)
    try:
        agrees(function_of(aliased), SHAPE)
    except Unsupported as fault:
        assert "a view of a tensor that was changed in place" in str(fault)  # noqa: PT017


def saved(tmp_path: Path, module: Any, *shapes: tuple[int, ...], **more: Any) -> Path:
    path = tmp_path / "m.pt2"
    inputs = tuple(torch.randn(*shape) for shape in shapes)
    torch.export.save(torch.export.export(module.eval(), inputs, **more), path)
    return path


def test_a_file_with_free_sizes(tmp_path: Path) -> None:
    module = nn.Sequential(
        nn.Conv2d(3, 4, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    )
    batch, height = torch.export.Dim("b"), torch.export.Dim("h", min=8, max=64)
    dynamic = {"input": {0: batch, 2: height}}
    path = saved(tmp_path, module, (2, 3, 16, 16), dynamic_shapes=dynamic)
    model = read_model_file(path)
    (port,) = model.inputs
    assert port.shape is not None
    assert [isinstance(n, str) for n in port.shape] == [True, False, True, False]
    x = torch.randn(3, 3, 21, 16)
    assert np.allclose(run_model(model, x.numpy())[0], module(x).detach().numpy(), atol=1e-5)


def test_computed_sizes(tmp_path: Path) -> None:
    module = function_of(lambda _, x: x.view(x.shape[0], x.shape[1] * 2, -1))
    dynamic = {"inputs": ({0: torch.export.Dim("b"), 1: torch.export.Dim("c")},)}
    path = saved(tmp_path, module, (2, 4, 6), dynamic_shapes=dynamic)
    x = torch.randn(3, 5, 6)
    assert np.array_equal(run_model(read_model_file(path), x.numpy())[0], module(x).numpy())


def changed(path: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """The file with another program in it."""
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    name = next(name for name in members if name.endswith("models/model.json"))
    program = json.loads(members[name])
    change(program)
    members[name] = json.dumps(program).encode()
    with zipfile.ZipFile(path, "w") as new:
        for member, data in members.items():
            new.writestr(member, data)
    return path


def _graph(program: dict[str, Any]) -> Any:
    return program["graph_module"]["graph"]


def _cycle(program: dict[str, Any]) -> None:
    _graph(program)["nodes"].reverse()


def _huge(program: dict[str, Any]) -> None:
    specs = program["graph_module"]["signature"]["input_specs"]
    specs[0]["parameter"]["parameter_name"] = "no.such"


BROKEN: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "no graph": (lambda p: p.pop("graph_module"), "graph_module must be an object"),
    "another order": (_cycle, "which nothing before it makes"),
    "a weight that is not there": (_huge, "weight 'no.such' is not in the file"),
    "no nodes": (lambda p: _graph(p).update(nodes=7), "nodes must be a list"),
    "no target": (lambda p: _graph(p).update(nodes=[{}]), "a node has no target"),
    "no shapes": (lambda p: _graph(p).update(tensor_values={}), "does not say the sizes"),
    "a bad argument": (
        lambda p: _graph(p)["nodes"][0]["inputs"][0].update(arg=3),
        "an argument must hold one value",
    ),
}


@pytest.mark.parametrize(("change", "said"), BROKEN.values(), ids=list(BROKEN))
def test_malformed_programs_end_in_one_line(tmp_path: Path, change: Any, said: str) -> None:
    path = changed(
        saved(tmp_path, nn.Sequential(nn.Conv2d(1, 1, 3), nn.ReLU()), (1, 1, 5, 5)), change
    )
    with pytest.raises(SymconvError) as caught:
        read_model_file(path)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_damaged_archives_end_in_one_line(tmp_path: Path) -> None:
    whole = saved(tmp_path, nn.Conv2d(1, 1, 3), (1, 1, 5, 5)).read_bytes()
    rng = random.Random(0)
    for _ in range(40):
        data = bytearray(whole[: rng.randint(10, len(whole))])
        data[rng.randrange(len(data))] ^= 255
        (tmp_path / "bad.pt2").write_bytes(data)
        try:
            read_model_file(tmp_path / "bad.pt2")
        except SymconvError as fault:
            assert "\n" not in str(fault)  # noqa: PT017


def test_weights_that_unpack_to_too_much_are_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, nn.Conv2d(1, 1, 3), (1, 1, 5, 5))
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in members.items():
            new.writestr(name, bytes(70 << 20) if name.endswith("weight_0") else data)
    with pytest.raises(InputError, match="unpacks to more than 64 MB"):
        read_model_file(path)


def test_weights_in_their_storage() -> None:
    form = {"dtype": 7, "sizes": [{"as_int": 2}, {"as_int": 3}], "storage_offset": {"as_int": 1}}
    form["strides"] = [{"as_int": 1}, {"as_int": 2}]
    data = np.arange(7, dtype=np.float32).tobytes()
    assert laid_out(data, form).tolist() == [[1, 3, 5], [2, 4, 6]]
    with pytest.raises(InputError, match="it needs 7 values, got 6"):
        laid_out(data[:-4], form)
    with pytest.raises(InputError, match="needs 1000000000000 values"):
        laid_out(data, {**form, "sizes": [{"as_int": 10**6}] * 2, "strides": [{"as_int": 0}] * 2})


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "random": (
        lambda: function_of(lambda _, x: x + torch.rand_like(x)),
        "no two runs of it are equal",
    ),
    "control flow": (
        lambda: function_of(lambda _, x: torch.cond(x.sum() > 0, torch.sin, torch.cos, (x,))),
        "takes a graph",
    ),
    "what torch cannot export": (
        lambda: function_of(lambda _, x: x if x.sum() > 0 else -x),
        "PyTorch cannot export Function",
    ),
}


@pytest.mark.parametrize(("make", "said"), REFUSED.values(), ids=list(REFUSED))
def test_what_is_not_read_is_named(make: Callable[[], Any], said: str) -> None:
    with pytest.raises(SymconvError) as caught:
        read_torch_module(make(), [SHAPE])
    assert said in str(caught.value)
