"""Options are honoured or refused by every kind of subject, and never dropped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import symconv
from symconv.claim.verdict import Fact
from symconv.errors import InputError, SymconvError
from symconv.expand.lattice import expand_lattice
from symconv.layer import LatticeConv
from symconv.network import chain

CONV = symconv.Conv(1, 1, 3, stride=2)
NET = chain("net", [CONV, "relu"], (9,))
LATTICE = LatticeConv(1, 1, 3, ((1, 1), (1, -1)))

SUBJECTS: dict[str, tuple[Any, tuple[int, ...] | None]] = {
    "layer at a size": (CONV, (9,)),
    "expansion": (symconv.destride(CONV, (9,)), None),
    "expansion and its size": (symconv.destride(CONV, (9,)), (9,)),
    "open expansion at a size": (symconv.destride(CONV), (9,)),
    "layer": (CONV, None),
    "open expansion": (symconv.destride(CONV), None),
    "network": (NET, None),
    "network and its size": (NET, (9,)),
    "matrix stride": (LATTICE, None),
    "matrix stride at a size": (LATTICE, (7, 6)),
    "expanded matrix stride": (expand_lattice(LATTICE), (7, 6)),
}
AT_A_SIZE = {name for name in SUBJECTS if "layer at" in name or "expansion" in name} - {
    "open expansion"
}
FOR_ALL = {"layer", "open expansion"}
NETWORKS = {"network", "network and its size"}


@pytest.mark.parametrize("name", SUBJECTS)
def test_a_name_is_given(name: str) -> None:
    subject, size = SUBJECTS[name]
    verdict = symconv.prove(subject, size, name="mine")
    assert isinstance(verdict, symconv.Certificate)
    assert verdict.claim.name == "mine"
    assert verdict.sizes == ("all" if name in FOR_ALL | {"matrix stride"} else "these")


@pytest.mark.parametrize("name", SUBJECTS)
def test_a_configuration_is_kept_or_refused(name: str) -> None:
    subject, size = SUBJECTS[name]
    if name not in NETWORKS:
        stride = [[1, 1], [1, -1]] if "matrix" in name else 2
        own = {
            "op": "conv",
            "in_channels": 1,
            "out_channels": 1,
            "kernel_size": 3,
            "stride": stride,
        }
        verdict = symconv.prove(subject, size, config=own)
        assert isinstance(verdict, symconv.Certificate)
        assert verdict.layer == own
        with pytest.raises(SymconvError, match="no attribute 'mine'"):
            symconv.prove(subject, size, config={**own, "mine": 1})
        return
    with pytest.raises(SymconvError, match="does not take config"):
        symconv.prove(subject, size, config={"op": "conv"})


def proved(subject: Any, size: Any, **options: Any) -> symconv.Certificate:
    found = symconv.prove(subject, size, **options)
    assert isinstance(found, symconv.Certificate)
    return found


@pytest.mark.parametrize("name", SUBJECTS)
def test_the_identity_of_sympy_is_added_left_out_or_refused(name: str) -> None:
    subject, size = SUBJECTS[name]
    assert "sympy" not in proved(subject, size, symbolic=False).method
    if name in AT_A_SIZE:
        assert "sympy" in proved(subject, size, symbolic=True).method
        return
    with pytest.raises(SymconvError, match="does not take symbolic"):
        symconv.prove(subject, size, symbolic=True)


@pytest.mark.parametrize("option", ["kernel", "keep"])
@pytest.mark.parametrize("name", SUBJECTS)
def test_the_kernel_is_asked_or_refused(
    name: str, option: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[Any] = []

    def fact(expansion: Any, keep: Any) -> Fact:
        asked.append(keep)
        return Fact("kernel", "", {})

    monkeypatch.setattr("symconv.prove.kernel.theorem.kernel_fact", fact)
    monkeypatch.setattr("symconv.prove.kernel.theorem.lattice_fact", fact)
    subject, size = SUBJECTS[name]
    given: dict[str, Any] = {"kernel": True} if option == "kernel" else {"keep": tmp_path}
    if name in AT_A_SIZE or "matrix stride" in name:
        symconv.prove(subject, size, **given)
        assert asked == [given.get("keep")]
        return
    with pytest.raises(SymconvError, match=f"does not take {option}; "):
        symconv.prove(subject, size, **given)
    assert asked == []


@pytest.mark.parametrize("name", ["expansion", "network"])
@pytest.mark.parametrize("size", [(7,), (9, 9), 7, [10]])
def test_another_size_than_its_own_is_refused(name: str, size: Any, tmp_path: Path) -> None:
    subject, _ = SUBJECTS[name]
    for call in (symconv.prove, lambda s, n: symconv.report(s, tmp_path, n)):
        with pytest.raises(SymconvError, match=r"is for input_size=\[9\], got \["):
            call(subject, size)
    assert not list(tmp_path.iterdir())


def test_a_network_is_reported_under_the_name_that_is_asked_for(tmp_path: Path) -> None:
    symconv.report(NET, tmp_path, (9,), name="mine")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.html", "mine.tex"]


def test_for_all_sizes_by_name() -> None:
    verdict = symconv.prove(NET, ("N",), name="mine")
    assert (verdict.claim.name, verdict.sizes) == ("mine", "all")
    assert symconv.prove(SUBJECTS["expansion"][0], ["M"]).claim.names == ("M",)


@pytest.mark.parametrize(
    ("text", "kind", "verb"),
    [
        ('{"op": "max_pool", "kernel_size": 1, "input_size": 9}', "layer", "prove"),
        ('{"network": [{"op": "max_pool", "kernel_size": 1, "input_size": 9}]}', "chain", "prove"),
        ('{"digest": "", "format": ""}', "certificate", "recheck"),
    ],
)
def test_check_names_the_command_for_another_kind(
    text: str, kind: str, verb: str, tmp_path: Path
) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(
        SymconvError, match=rf"x\.json' is a {kind}; {verb} it with: symconv {verb} "
    ):
        symconv.check(path)


@pytest.mark.parametrize("subject", [None, 7, [CONV], np.zeros(3), symconv.Conv])
@pytest.mark.parametrize("size", [None, (9,)])
def test_what_is_no_subject_is_refused_in_one_line(subject: Any, size: Any) -> None:
    with pytest.raises(SymconvError, match="expected a layer, an expansion, a network, a preset"):
        symconv.prove(subject, size)


@pytest.mark.parametrize("odd", [None, 3, b"", "resnet50-stem", {"op": "conv"}, object()])
@pytest.mark.parametrize("verb", ["destride", "toeplitz", "crosscheck", "evaluate"])
def test_what_takes_a_layer_says_so(verb: str, odd: Any) -> None:
    with pytest.raises(InputError, match=f"^{verb} takes a layer, such as symconv.Conv") as fault:
        getattr(symconv, verb)(odd, (8, 8))
    assert "symconv.prove and symconv.report take names" in str(fault.value)


@pytest.mark.parametrize("odd", [None, 3, "resnet50-stem", symconv.Conv(1, 1, 3)])
def test_what_takes_an_expansion_says_so(odd: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^draw takes an expansion, as"):
        symconv.draw(odd, tmp_path / "tying.svg")
    with pytest.raises(InputError, match="takes an expansion, as"):
        symconv.tie_graph(odd)


PLAIN: dict[str, Any] = {"op": "conv", "in_channels": 1, "out_channels": 1, "kernel_size": 3}


@pytest.mark.parametrize("size", [8, "N", (8,)])
def test_a_size_alone_is_that_of_one_axis(size: Any) -> None:
    for subject in (PLAIN, symconv.Conv(1, 1, 3), chain("one", [symconv.Conv(1, 1, 3)], size)):
        assert symconv.prove(subject, size, symbolic=False).verdict == "proved"


@pytest.mark.parametrize("size", [0, -1, 8.5, {"H": 8}, [], [[8]], [None], [True], b"8"])
def test_a_size_that_is_none_is_refused_in_one_line(size: Any) -> None:
    for subject in (PLAIN, symconv.Conv(1, 1, 3), "conv i1x8 o1 k3"):
        with pytest.raises(InputError) as fault:
            symconv.prove(subject, size)
        assert "\n" not in str(fault.value)
