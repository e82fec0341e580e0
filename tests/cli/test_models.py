"""``symconv prove MODEL``: a result a node, a last one for the model, certificates, refusals."""

from __future__ import annotations

import json
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import symconv
from symconv.cli.commands import main
from symconv.machine.caches import forget
from symconv.network.results import ModelCertificate
from tests.helpers.model_files import model_file
from tests.helpers.requirements import require

pytestmark = pytest.mark.once

onnx: Any = require("onnx")

SHIPPED = {
    "models/light_resnet50.onnx": [],
    "models/light_inception_v1.onnx": [],
    "models/light_shufflenet.onnx": [],
    "models/ppocr_cls_v2.onnx": ["x=1,3,48,192"],
    "models/ppocrv6_det_tiny.onnx": ["x=1,3,160,224"],
    "models/silero_vad_v6_fw.onnx": ["input=3,576", "h=1,1,128", "c=1,1,128"],
    "models/dnsmos_model_v8.onnx": ["input_1=1,900,120"],
    "models/brainmaze_spindle_eeg.onnx": ["raw_signal=1,1,7500", "spectrogram=1,15,7500"],
    "models/swift_f0.onnx": ["audio=1,16000"],
    "networks/mobilenetv2_035.onnx": [],
    "networks/resnet_basic_projection.onnx": [],
    "networks/tf_mobilenetv3_same_autopad.onnx": [],
    "networks/unet_transposed_2d.onnx": [],
    "networks/wav2vec2_audio_1d.onnx": [],
}


def run(*words: str) -> tuple[int, dict[str, Any], str]:
    """Exit status, the JSON object, and standard error."""
    found = CliRunner().invoke(main, [*words, "--json"])
    return found.exit_code, json.loads(found.stdout) if found.stdout else {}, found.stderr


def written(folder: Path, *nodes: Any, size: Any = (1, 2, 9, 9), name: str = "m.onnx") -> str:
    """A file of these nodes, from an input ``x`` to an output ``y``."""
    from onnx import TensorProto, helper, numpy_helper

    weight = np.random.default_rng(0).normal(size=(2, 2, 3, 3)).astype(np.float32)
    graph = helper.make_graph(
        list(nodes),
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, size)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(weight, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    path = folder / name
    onnx.save(model, str(path))
    return str(path)


def conv(source: str, target: str, **attributes: Any) -> Any:
    asked = {"strides": [2, 2], "pads": [1, 1, 1, 1], **attributes}
    return onnx.helper.make_node("Conv", [source, "w"], [target], name=target, **asked)


def relu(source: str, target: str) -> Any:
    return onnx.helper.make_node("Relu", [source], [target], name=target)


def two(folder: Path, size: Any = (1, 2, 9, 9)) -> str:
    return written(folder, conv("x", "a"), relu("a", "b"), conv("b", "y"), size=size)


def test_a_result_a_node_and_a_last_one_for_the_model(tmp_path: Path) -> None:
    status, found, _ = run("prove", two(tmp_path))
    *nodes, last = found["results"]
    assert status == 0
    assert [(r["name"], r["node"]["status"]) for r in nodes] == [
        ("a", "converted"),
        ("b", "carried"),
        ("y", "converted"),
    ]
    assert nodes[0]["node"]["factor_in"] == [1, 1, 4, 4]
    assert nodes[0]["expansion"]["layer"]["stride"] == [1, 1]
    assert "it would read what stands beyond the end" in nodes[2]["node"]["mask"]
    assert (last["name"], last["verdict"], last["method"]) == (
        "m",
        "proved",
        ["squares", "congruence"],
    )
    assert last["local"]["strided"] == ["a", "y"]
    assert (last["counts"]["parameters"], last["local"]["counts"]["parameters"]) == (72, 72)
    assert last["counts"]["slots"] > last["local"]["counts"]["slots"] > 72


def test_the_expansion_of_a_node_is_a_claim_that_holds(tmp_path: Path) -> None:
    _, found, _ = run("prove", two(tmp_path))
    claims = [r["expansion"]["claim"] for r in found["results"] if "expansion" in r]
    assert [symconv.check(claim).verdict for claim in claims] == ["proved", "proved"]


def test_named_sizes_say_which_need_a_mask(tmp_path: Path) -> None:
    path = two(tmp_path)
    status, found, _ = run("prove", path, "--size", "x=1,2,H,9")
    assert status == 0
    *nodes, last = found["results"]
    assert (last["sizes"], last["free"]) == ("all", "no size")
    status, found, _ = run("prove", path, "--all-sizes")
    *nodes, last = found["results"]
    assert nodes[2]["holds_on"] == last["free"]
    assert "H" in last["free"]
    assert "W" in last["free"]


def test_sizes_that_a_file_leaves_open_are_named(tmp_path: Path) -> None:
    path = two(tmp_path, size=("batch", 2, None, 9))
    status, found, _ = run("prove", path)
    *_, last = found["results"]
    assert (status, last["sizes"], last["free"]) == (0, "all", "no size")
    assert last["domain"] == run("prove", path, "--size", "x=1,2,H,9")[1]["results"][-1]["domain"]
    status, found, _ = run("prove", path, "--size", "x=1,2,H")
    assert (status, "4 dimensions" in found["results"][0]["error"]) == (2, True)


def test_certificates_are_written_and_settled_again(tmp_path: Path) -> None:
    out = tmp_path / "c.json"
    status, _, _ = run("prove", two(tmp_path), "--certificate", str(out))
    assert status == 0
    text = json.loads(out.read_text())
    assert text["model"]["sha256"]
    status, found, _ = run("recheck", str(out))
    assert (status, found["results"][0]["verdict"]) == (0, "proved")
    status, found, _ = run("recheck", str(out), "--model", two(tmp_path))
    assert "nodes that are" in found["results"][0]["note"]
    status, found, _ = run("recheck", str(out), "--model", str(out))
    assert (status, "has the digest" in found["results"][0]["error"]) == (2, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--region", "nowhere"], "names the node 'nowhere', which 'm' does not have"),
        (["--size", "z=1,2,3,4"], "'m' has no input 'z'; its inputs are x"),
        (["--size", "x=1,2"], "has 4 dimensions"),
        (["--size", "9x9"], "a model's input sizes are written --size INPUT=1,3,224,224"),
        (["--size", "x=1,2,-3,4"], "a model's input sizes are written"),
        (["--engine", "tables"], "--engine is not for models"),
        (["--factor", "2"], "the factors of a model are solved from its strides"),
        (["conv i3x8x8 o4 k3"], "is a model and"),
    ],
)
def test_bad_questions_end_in_one_line(tmp_path: Path, words: list[str], said: str) -> None:
    found = CliRunner().invoke(main, ["prove", two(tmp_path), *words])
    assert found.exit_code == 2
    assert said in found.stderr
    assert found.stderr.count("\n") == 1


def test_an_input_of_unknown_rank_is_asked_for(tmp_path: Path) -> None:
    path = two(tmp_path, None)
    found = CliRunner().invoke(main, ["prove", path])
    assert found.exit_code == 2
    assert "give them: --size x=" in found.stderr
    assert run("prove", path, "--size", "x=1,2,9,9")[0] == 0


def places(*outputs: str) -> Any:
    return onnx.helper.make_node(
        "MaxPool", ["x"], [*outputs], name="p", kernel_shape=[2, 2], strides=[2, 2]
    )


def test_a_strided_node_without_a_rule_is_left_and_named(tmp_path: Path) -> None:
    cast = onnx.helper.make_node("Cast", ["places"], ["y"], to=onnx.TensorProto.FLOAT)
    status, found, _ = run("prove", written(tmp_path, places("z", "places"), cast))
    assert status == 3
    assert "the places of its maxima" in found["results"][0]["reason"]
    assert found["results"][-1]["reason"].startswith("1 strided node is left: p (MaxPool)")


def test_outputs_that_nobody_reads_are_in_nobody_s_way(tmp_path: Path) -> None:
    status, found, _ = run("prove", written(tmp_path, places("y", "places")))
    assert (status, found["results"][0]["node"]["status"]) == (0, "converted")


def test_a_model_without_strides_has_nothing_to_change(tmp_path: Path) -> None:
    status, found, _ = run("prove", written(tmp_path, conv("x", "y", strides=[1, 1])))
    assert status == 0
    assert found["results"][-1]["note"].endswith("no node is strided: nothing would change")


def test_regions_of_the_command_line(tmp_path: Path) -> None:
    _, found, _ = run("prove", two(tmp_path), "--region", "local")
    assert [r["node"].get("factor_in") for r in found["results"][:-1]] == [
        [1, 1, 2, 2],
        None,
        [1, 1, 2, 2],
    ]
    status, found, _ = run("prove", two(tmp_path), "--region", "a")
    assert status == 0
    assert found["results"][-1]["limits"] == ["strided nodes that the region leaves: 1"]


def test_branches_of_an_if_are_graphs_of_their_own(tmp_path: Path) -> None:
    """Both branches read a tensor that has phases outside, and one of them is strided."""
    from onnx import TensorProto, helper

    branches = {
        key: helper.make_graph(
            [node], key, [], [helper.make_tensor_value_info(f"{key}:y", TensorProto.FLOAT, None)]
        )
        for key, node in (
            ("then_branch", conv("a", "then_branch:y", strides=[1, 1])),
            ("else_branch", conv("a", "else_branch:y")),
        )
    }
    nodes = [
        conv("x", "a"),
        conv("a", "deep"),
        helper.make_node("ReduceSum", ["x"], ["s"], keepdims=0),
        helper.make_node("Cast", ["s"], ["c"], to=TensorProto.BOOL),
        helper.make_node("If", ["c"], ["y"], name="if", **branches),
    ]
    path = written(tmp_path, *nodes)
    out = tmp_path / "c.json"
    status, found, _ = run("prove", path, "--certificate", str(out))
    assert status == 0
    by_name = {r["name"]: r.get("node", {}).get("status") for r in found["results"]}
    assert by_name["else_branch:y"] == "converted"
    assert by_name["then_branch:y"] == "untouched"
    assert by_name["if"] == "untouched"
    assert [len(graph["nodes"]) for graph in json.loads(out.read_text())["graphs"]] == [5, 1, 1]
    assert run("recheck", str(out))[0] == 0
    named = {r["name"]: r for r in run("prove", path, "--region", "else_branch:y,a")[1]["results"]}
    assert named["else_branch:y"]["node"]["status"] == "converted"
    assert named["deep"]["node"]["status"] == "left strided"


@pytest.mark.parametrize("name", SHIPPED)
def test_other_people_s_models_are_proved(name: str) -> None:
    sizes = [word for size in SHIPPED[name] for word in ("--size", size)]
    status, found, _ = run("prove", model_file(name), *sizes)
    assert status == 0, found["results"][-1]
    assert found["results"][-1]["verdict"] == "proved"
    for region in ("local", "core"):
        assert run("prove", model_file(name), *sizes, "--region", region)[0] == 0


@pytest.mark.once
def test_a_resnet_takes_two_seconds() -> None:
    path = model_file("models/light_resnet50.onnx")
    start = perf_counter()
    verdict = symconv.prove(path)
    assert perf_counter() - start < 4
    assert isinstance(verdict, ModelCertificate)
    assert len(verdict.squares) < 30


@pytest.mark.parametrize(
    ("name", "size", "free"),
    [
        ("models/dnsmos_model_v8.onnx", "input_1=1,T,120", "T % 8 == 0"),
        ("models/ppocr_cls_v2.onnx", "x=1,3,48,W", "no size"),
    ],
)
def test_other_people_s_models_of_named_sizes(name: str, size: str, free: str) -> None:
    status, found, _ = run("prove", model_file(name), "--size", size)
    assert status == 0, found["results"][-1]
    assert found["results"][-1]["free"] == free


def test_a_budget_that_is_spent_leaves_a_model_undecided(tmp_path: Path) -> None:
    forget()  # what is known already takes no time
    status, found, _ = run("prove", two(tmp_path), "--seconds", "0.01")
    (only,) = found["results"]
    assert (status, only["verdict"]) == (3, "undecided")
    assert "budget" in only["reason"]


def test_a_signal_s_samples_are_named_too(tmp_path: Path) -> None:
    from onnx import helper

    axes = helper.make_node("Constant", [], ["one"], value_ints=[1])
    nodes = [
        axes,
        helper.make_node("Unsqueeze", ["x", "one"], ["u"]),
        helper.make_node(
            "AveragePool", ["u"], ["y"], name="p", kernel_shape=[2], strides=[2], pads=[0, 1]
        ),
    ]
    _, found, _ = run("prove", written(tmp_path, *nodes, size=(1, 20)), "--all-sizes")
    assert (found["results"][-1]["verdict"], found["results"][-1]["sizes"]) == ("proved", "all")


def test_python_takes_a_path(tmp_path: Path) -> None:
    verdict = symconv.prove(two(tmp_path), {"x": (1, 2, "H", "W")})
    assert isinstance(verdict, ModelCertificate)
    assert verdict.names == ("H", "W")
    with pytest.raises(symconv.errors.InputError, match="does not take engine"):
        symconv.prove(two(tmp_path), engine="tables")
    with pytest.raises(symconv.errors.InputError, match="names its inputs"):
        symconv.prove(two(tmp_path), (9, 9))
