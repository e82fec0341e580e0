"""Every command as a user meets it: output, exit status, and one line where the input is bad."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from symconv.cli import main

ROOT = Path(__file__).parents[2]
STEM = "conv i3x20x20 o4 k7 s2 p3"


def run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, list(arguments), input=stdin, catch_exceptions=False)


def run_json(*arguments: str, stdin: str | None = None) -> tuple[int, dict[str, Any]]:
    found = run(*arguments, "--json", stdin=stdin)
    return found.exit_code, json.loads(found.stdout)


def write(path: Path, value: Any) -> str:
    path.write_text(json.dumps(value), encoding="utf-8")
    return str(path)


def layer(**changes: Any) -> dict[str, Any]:
    plain = {"op": "conv", "in_channels": 2, "out_channels": 3, "kernel_size": 3, "stride": 2}
    return {**plain, "input_size": [9, 9], **changes}


def test_prove_says_what_was_proved_and_how() -> None:
    found = run("prove", STEM)
    assert found.exit_code == 0
    assert "proved" in found.stdout
    assert "by tables and sympy" in found.stdout
    assert "a stand-in of the same geometry" in found.stdout or "output 10x10" in found.stdout


def test_prove_json_holds_what_scripts_read() -> None:
    code, printed = run_json("prove", "resnet50-stem")
    (result,) = printed["results"]
    assert code == 0
    assert result["verdict"] == "proved"
    assert result["sizes"] == "these"
    assert result["method"] == ["tables", "sympy"]
    assert result["output_size"] == [112, 112]
    assert result["expansion"]["layer"]["padding"] == [[2, 1], [2, 1]]
    assert result["expansion"]["factor_in"] == [2, 2]
    assert printed["summary"]["proved"] == 1


@pytest.mark.parametrize(
    "source",
    [
        "resnet50-stem",
        "dcgan-up",
        "resnet-maxpool",
        "conv i4x9x7 o6 k3x2 s2x3 p1:0x0:2 g2 reflect",
        "avg_pool i3x8x9 k3 s2 p1 exclude_pad",
        "conv i2x12 o2 k5 s3 psame d2",
    ],
)
@pytest.mark.parametrize("order", ["channel", "phase"])
def test_an_expansion_fed_back_is_proved_by_check(source: str, order: str, tmp_path: Path) -> None:
    _, printed = run_json("expand", source, "--order", order)
    expansion = printed["results"][0]["expansion"]
    claim = expansion["claim"]
    step = next(s for s in claim["right"] if s["op"] in ("conv", "max_conv"))
    assert claim["weights"]["w_phases"]["steps"] == expansion["weight"]
    assert claim["right"] == [*expansion["input"], step, *expansion["output"]]
    code, checked = run_json("check", write(tmp_path / "claim.json", claim))
    assert (code, checked["results"][0]["verdict"]) == (0, "proved")


@pytest.mark.parametrize("source", ["resnet50-stem", "unet3d-up", "mobilenet-dw-s2"])
def test_the_parts_of_an_expansion_make_a_claim_that_check_proves(
    source: str, tmp_path: Path
) -> None:
    (result,) = json.loads(run("expand", source, "--json").stdout)["results"]
    (config,) = _configs(source)
    expansion = result["expansion"]
    claim: dict[str, Any] = {
        "input": {"channels": config["in_channels"], "size": config["input_size"]},
        "weights": {
            "w": {"shape": _weight_shape(config)},
            "v": {"from": "w", "steps": expansion["weight"]},
        },
        "left": [_step(config, "w")],
        "right": [*expansion["input"], _step(expansion["layer"], "v"), *expansion["output"]],
    }
    path = tmp_path / "claim.json"
    path.write_text(json.dumps(claim))
    assert run("check", str(path)).exit_code == 0
    claim["right"][len(expansion["input"])]["padding"][0] = [9, 9]
    path.write_text(json.dumps(claim))
    assert run("check", str(path)).exit_code == 1


def _configs(source: str) -> list[dict[str, Any]]:
    from symconv.dialect.config import Config
    from symconv.dialect.files import read_layers

    return [entry.to_dict() for entry in read_layers(source) if isinstance(entry, Config)]


def _step(layer: dict[str, Any], weight: str) -> dict[str, Any]:
    """A layer of the layer format as a step, without its bias."""
    keys = ("op", "stride", "padding", "dilation", "groups", "output_padding")
    return {"weight": weight, **{key: layer[key] for key in keys if key in layer}}


def _weight_shape(layer: dict[str, Any]) -> list[int]:
    first, second = layer["out_channels"], layer["in_channels"]
    if layer["op"] == "conv_transpose":
        first, second = second, first
    return [first, second // layer["groups"], *layer["kernel_size"]]


def test_expand_takes_factors_and_a_residual_stride() -> None:
    _, printed = run_json(
        "expand", "conv i3x133 o4 k7 s14", "--factor", "7", "--residual-stride", "2"
    )
    expansion = printed["results"][0]["expansion"]
    assert (expansion["factor_in"], expansion["factor_out"]) == ([7], [1])
    assert expansion["layer"]["stride"] == [2]
    refused = run("expand", STEM, "--factor", "3")
    assert refused.exit_code == 2
    assert "factors must satisfy E_in * u * t == E_out * s" in refused.stderr
    assert run("expand", STEM, "--factor", "2x0").exit_code == 2


def test_a_false_claim_is_refuted_with_its_counterexample(tmp_path: Path) -> None:
    _, printed = run_json("expand", STEM)
    claim = printed["results"][0]["expansion"]["claim"]
    claim["weights"]["w_phases"]["steps"][0]["padding"][2].reverse()
    code, checked = run_json("check", write(tmp_path / "claim.json", claim))
    counterexample = checked["results"][0]["counterexample"]
    assert code == 1
    assert {"output", "input", "weight", "left", "right"} <= set(counterexample)
    assert counterexample["left"] != counterexample["right"]
    assert "refuted" in run("check", str(tmp_path / "claim.json")).stdout


def test_one_bad_layer_of_many_is_an_error_and_the_others_are_settled(tmp_path: Path) -> None:
    layers = [layer(name="good"), layer(name="bad", stride=0), layer(name="also good")]
    code, printed = run_json("prove", write(tmp_path / "layers.json", {"layers": layers}))
    assert code == 2
    assert [r["verdict"] for r in printed["results"]] == ["proved", "error", "proved"]
    assert "stride must be an integer of at least 1" in printed["results"][1]["error"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "standard input"),
        ("{", "standard input"),
        ("[]", "no preset"),
        ('{"op": "conv"}', "in_channels"),
        (json.dumps(layer(stride=0)), "stride"),
        (json.dumps(layer(kernel_size=40)), "no output position"),
        ('{"op": "conv", "in_channels": NaN}', ""),
        (json.dumps(layer(input_size=["H", "H"])), "names one size twice"),
    ],
)
def test_bad_input_is_one_line_and_status_2(text: str, message: str) -> None:
    found = run("prove", "-", stdin=text)
    assert found.exit_code == 2
    assert found.stdout == ""
    assert len(found.stderr.strip().splitlines()) == 1
    assert message in found.stderr
    code, printed = run_json("prove", "-", stdin=text)
    assert (code, printed["results"][0]["verdict"]) == (2, "error")


def test_sources_that_are_not_there(tmp_path: Path) -> None:
    for source in ("nosuch", str(tmp_path / "nosuch.json"), str(tmp_path)):
        found = run("prove", source)
        assert found.exit_code == 2
        assert len(found.stderr.strip().splitlines()) == 1
    assert "resnet50-stem" in run("prove", "resnet50-stm").stderr


def test_names_with_markup_and_control_characters_are_printed_as_text(tmp_path: Path) -> None:
    path = write(tmp_path / "layer.json", layer(name="[red]x\x1b[31m\u20ac"))
    shown = run("prove", path).stdout
    assert "[red]x" in shown
    assert "\x1b[31m" not in shown


def test_a_certificate_is_rechecked_and_a_changed_one_rejected(tmp_path: Path) -> None:
    path = tmp_path / "certificate.json"
    assert run("prove", STEM, "--certificate", str(path)).exit_code == 0
    code, printed = run_json("recheck", str(path))
    assert (code, printed["results"][0]["verdict"]) == (0, "proved")
    text = json.loads(path.read_text())
    text["output_shape"][0] += 1
    assert run("recheck", write(path, text)).exit_code == 2
    assert run("recheck", str(tmp_path / "none.json")).exit_code == 2


def test_many_certificates_stand_in_one_file(tmp_path: Path) -> None:
    path = tmp_path / "certificates.json"
    run("prove", STEM, "conv_transpose i2x5 o3 k4 s2 p1", "--certificate", str(path))
    code, printed = run_json("recheck", str(path))
    assert code == 0
    assert [r["verdict"] for r in printed["results"]] == ["proved", "proved"]


def test_show_counts_before_and_after() -> None:
    _, printed = run_json("show", "resnet50-stem")
    figures = printed["results"][0]["counts"]
    assert figures["parameters"] == 64 * 3 * 49
    assert figures["slots"] == 64 * 12 * 16
    assert "9,408" in run("show", "resnet50-stem").stdout


@pytest.mark.parametrize("ending", ["svg", "tex", "graphml", "json"])
def test_draw_writes_every_kind_of_file(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"tying.{ending}"
    found = run("draw", "conv i1x16 o1 k7 s2 p3", "-o", str(path))
    assert found.exit_code == 0
    assert path.stat().st_size > 100
    assert run("draw", STEM, "-o", str(tmp_path / "tying.bmp")).exit_code == 2


def test_report_writes_its_files_and_says_where_there_is_no_tex(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    code, printed = run_json("report", STEM, "-o", str(tmp_path / "out"), "--pdf")
    result = printed["results"][0]
    assert code == 0
    assert [Path(p).suffix for p in result["files"]] == [".tex", ".html"]
    assert "latexmk" in result["note"]


def test_crosscheck_is_an_observation() -> None:
    code, printed = run_json("crosscheck", STEM)
    result = printed["results"][0]
    assert code == 0
    assert result["observation"]["equal"] is True
    assert "verdict" not in result
    refused = run("crosscheck", STEM, "--device", "cuda")
    assert refused.exit_code == 2
    assert "runs on device 'cpu', got 'cuda'" in refused.stderr


def test_presets_are_listed_and_all_are_proved() -> None:
    _, printed = run_json("presets")
    names = [preset["name"] for preset in printed["results"]]
    assert len(names) > 30
    code, proved = run_json("prove", *names)
    assert code == 0
    assert proved["summary"]["proved"] == len(names)


@pytest.mark.once
@pytest.mark.parametrize("every", [10, pytest.param(1, marks=pytest.mark.slow)])
def test_the_zoo_in_one_command(every: int, tmp_path: Path) -> None:
    zoo = json.loads(gzip.decompress((ROOT / "tests/data/zoo.json.gz").read_bytes()))
    some = zoo["layers"][::every]
    path = tmp_path / "zoo.json.gz"
    path.write_bytes(gzip.compress(json.dumps({**zoo, "layers": some}).encode()))
    code, printed = run_json("prove", str(path))
    assert code == 0
    assert printed["summary"]["proved"] == len(some) == -(-12134 // every)
    recorded = [entry["output_size"] for entry in some]
    assert [result["output_size"] for result in printed["results"]] == recorded


def test_as_a_process_it_prints_no_traceback_and_loads_little() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    code = (
        "import sys; from symconv.cli import main; "
        "print(sorted({'numpy', 'sympy'} & set(sys.modules)))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() in ("[]", "['numpy']")
    bad = subprocess.run(
        [sys.executable, "-m", "symconv.cli", "prove", "nosuch"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert bad.returncode == 2
    assert "Traceback" not in bad.stderr


STEM_SAME = {
    "name": "same as symmetric",
    "input": {"channels": 1, "size": [8]},
    "weights": {"w": {"shape": [1, 1, 3]}},
    "left": [{"op": "conv", "weight": "w", "stride": 2, "padding": "same"}],
    "right": [{"op": "conv", "weight": "w", "stride": 2, "padding": 1}],
}


def test_check_tells_a_refutation_and_its_repair(tmp_path: Path) -> None:
    path = write(tmp_path / "claim.json", STEM_SAME)
    printed = run("check", path).stdout
    assert "left multiplies w[0, 0, 0] with x[0, 0]; right multiplies it with no input" in printed
    assert "The claim holds if step 0 of right pads by [[0, 1]] instead of 1" in printed
    code, found = run_json("check", path)
    (result,) = found["results"]
    assert code == 1
    assert result["repair"]["claim"]["right"][0]["padding"] == [[0, 1]]
    assert "import numpy" in result["snippet"]
    assert "repair" not in run_json("check", path, "--no-repair")[1]["results"][0]


def test_one_broken_claim_of_many_stops_no_other(tmp_path: Path) -> None:
    broken = {**STEM_SAME, "name": "broken", "right": [{"op": "convolve"}]}
    true = {**STEM_SAME, "name": "true", "right": STEM_SAME["left"]}
    path = write(tmp_path / "claims.json", {"claims": [STEM_SAME, broken, 7, true]})
    code, found = run_json("check", path)
    assert code == 1
    verdicts = [result["verdict"] for result in found["results"]]
    assert verdicts == ["refuted", "error", "error", "proved"]


CHAIN = json.dumps({"network": [layer(), {"op": "relu"}]})


@pytest.mark.parametrize(
    ("option", "message"),
    [("--kernel", "takes single layers"), ("--factor=2", "the factors of a chain are solved")],
)
def test_options_that_a_chain_does_not_take(tmp_path: Path, option: str, message: str) -> None:
    path = tmp_path / "chain.json"
    path.write_text(CHAIN)
    run = CliRunner().invoke(main, ["prove", str(path), option])
    assert (run.exit_code, message in run.stderr) == (2, True)


def test_chains_in_every_command(tmp_path: Path) -> None:
    path = tmp_path / "chain.json"
    path.write_text(CHAIN)
    for words in (
        ["prove"],
        ["show"],
        ["expand"],
        ["report", "-o", str(tmp_path)],
        ["draw", "-o", str(tmp_path / "chain.svg")],
        ["draw", "-o", str(tmp_path / "chain.graphml")],
    ):
        run = CliRunner().invoke(main, [words[0], str(path), *words[1:]])
        assert run.exit_code == 0, run.output
    assert "1 copy" in (tmp_path / "chain.svg").read_text()
    assert "signal" in (tmp_path / "chain.graphml").read_text()
