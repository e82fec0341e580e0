"""Certificates: written, rechecked, and rejected when anything in them is changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from symconv.claim import digest
from symconv.cli import main
from tests.helpers.requirements import require

STEM = "conv i3x20x20 o4 k7 s2 p3"
FLIPPED = {
    "name": "flipped",
    "input": {"channels": 1, "size": [4]},
    "left": [{"op": "flip", "axes": [1]}],
    "right": [],
}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def refused(*arguments: str) -> str:
    """The one line of a command line that ends with status 2."""
    found = run(*arguments)
    assert (found.exit_code, found.stdout) == (2, "")
    (line,) = found.stderr.splitlines()
    return line


def test_a_refuted_claim_leaves_no_older_certificate_behind(tmp_path: Path) -> None:
    certificate, claim = tmp_path / "out" / "certificate.json", tmp_path / "claim.json"
    assert run("prove", STEM, "--certificate", str(certificate)).exit_code == 0
    assert run("recheck", str(certificate)).exit_code == 0
    claim.write_text(json.dumps(FLIPPED))
    assert run("check", str(claim), "--certificate", str(certificate)).exit_code == 1
    assert "holds no certificate" in refused("recheck", str(certificate))


def changed(certificate: dict[str, Any], where: list[Any], value: Any) -> dict[str, Any]:
    """The certificate with one thing changed and its digest made anew, as a forger would."""
    body = json.loads(json.dumps({k: v for k, v in certificate.items() if k != "digest"}))
    place = body
    for key in where[:-1]:
        place = place[key]
    assert place[where[-1]] != value
    place[where[-1]] = value
    return {**body, "digest": digest(body)}


FORGED: dict[str, tuple[list[Any], Any]] = {
    "layer's stride": (["layer", "stride"], [3, 3]),
    "layer's padding": (["layer", "padding"], [[2, 3], [3, 3]]),
    "layer's kernel": (["layer", "kernel_size"], [7, 6]),
    "layer's dilation": (["layer", "dilation"], [1, 2]),
    "layer's mode": (["layer", "padding_mode"], "circular"),
    "layer's channels": (["layer", "in_channels"], 4),
    "layer's outputs": (["layer", "out_channels"], 8),
    "layer's bias": (["layer", "bias"], False),
    "layer's size": (["layer", "input_size"], [20, 21]),
    "layer's op": (["layer", "op"], "max_pool"),
    "output shape": (["output_shape"], [4, 10, 11]),
    "left stride": (["claim", "left", 0, "stride"], [2, 1]),
    "left": (["claim", "left"], []),
    "right": (["claim", "right"], []),
    "right padding": (["claim", "right", 1, "padding"], [[1, 2], [2, 1]]),
    "pattern": (["claim", "right", 0, "pattern"], "c (h0 r0) (h1 r1) -> (c r1 r0) h0 h1"),
    "weight map": (["claim", "weights", "w_phases", "steps", 0, "padding", 2], [0, 1]),
    "weight's shape": (["claim", "weights", "w", "shape"], [4, 3, 7, 8]),
    "constant weight": (["claim", "weights", "w"], {"shape": [4, 3, 7, 7], "fill": 0}),
    "input": (["claim", "input"], {"channels": 3, "size": [20, 22]}),
    "verdict": (["verdict"], "refuted"),
    "sizes": (["sizes"], "all"),
    "format": (["format"], "symconv-certificate/2"),
}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    path = tmp_path_factory.mktemp("certificate") / "certificate.json"
    assert run("prove", STEM, "--certificate", str(path)).exit_code == 0
    text: dict[str, Any] = json.loads(path.read_text())
    return text


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_certificate_is_rejected(
    name: str, certificate: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "forged.json"
    path.write_text(json.dumps(changed(certificate, *FORGED[name])))
    found = run("recheck", str(path), "--json")
    (result,) = json.loads(found.stdout)["results"]
    assert result["verdict"] in ("refuted", "error"), name
    assert found.exit_code in (1, 2)
    assert "a fault of symconv itself" not in found.stdout


def test_a_certificate_with_a_stale_digest_is_rejected(
    certificate: dict[str, Any], tmp_path: Path
) -> None:
    for key in sorted(set(certificate) - {"digest"}):
        path = tmp_path / f"{key}.json"
        path.write_text(json.dumps({**certificate, key: "other"}))
        assert "digest" in refused("recheck", str(path))


def for_all_sizes(layer: str, folder: Path) -> Path:
    """The file of a layer's certificate for all sizes."""
    path = folder / "all.json"
    arguments = ["prove", layer, "--all-sizes", "--certificate", str(path)]
    assert run(*arguments).exit_code == 0
    return path


def test_a_certificate_for_all_sizes_is_rechecked(tmp_path: Path) -> None:
    require("z3")
    path = for_all_sizes("conv i1x20 o1 k3 s2 p1", tmp_path)
    found = run("recheck", str(path), "--json")
    (result,) = json.loads(found.stdout)["results"]
    assert (found.exit_code, result["verdict"], result["sizes"]) == (0, "proved", "all")
    text = json.loads(path.read_text())
    path.write_text(json.dumps(changed(text, ["facts", 0, "figures", "domain"], "N >= 2")))
    assert "makes sense elsewhere" in refused("recheck", str(path))


def test_what_is_not_settled_in_time_ends_with_status_3(tmp_path: Path) -> None:
    require("z3")
    path = for_all_sizes("conv i3x20x20 o4 k7 s2 p3", tmp_path)
    found = run("recheck", str(path), "--seconds", "0.01", "--json")
    (result,) = json.loads(found.stdout)["results"]
    assert (found.exit_code, result["verdict"]) == (3, "undecided")
    assert "within 0.01 s" in result["reason"]


def test_without_z3_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = for_all_sizes("conv i1x20 o1 k3 s2 p1", tmp_path)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "pip install 'symconv[z3]'" in refused("recheck", str(path))
