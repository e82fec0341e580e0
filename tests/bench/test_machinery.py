"""The machinery of the speed table and of the comparison; no time is asserted anywhere."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.bench import compare, table
from tests.bench.lines import LINES, Line
from tests.bench.measure import Figure, NotMeasured, apart, environment, rounds_of
from tests.bench.runtimes import numpy_limit, torch_pair
from tests.bench.solvers import refuted_by, smt
from tests.helpers.requirements import require, require_tool

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where modules are compiled, once for all tests."""
    return tmp_path_factory.mktemp("compiled")


def test_a_round_is_measured_after_those_that_do_not_count() -> None:
    done: list[int] = []
    line = Line(
        "g",
        "w",
        lambda: lambda: done.append(1),
        rounds=4,
        warm=3,
        before=lambda: done.append(0),
    )
    assert len(rounds_of(line)) == 4
    assert done == [1, 1, 1, *[0, 1] * 4]


def test_lines_are_told_apart_in_their_table() -> None:
    assert len({(one.group, one.words) for one in LINES.values()}) == len(LINES)


def test_samples_stand_for_long_lines_where_it_is_to_be_quick() -> None:
    everything, quick = table.chosen([], quick=False), table.chosen([], quick=True)
    assert {"zoo", "stem"} <= set(everything)
    assert {"zoo-100", "stem"} <= set(quick)
    assert not {"zoo-100"} & set(everything)
    assert not {"zoo"} & set(quick)
    assert table.chosen(["zoo-100", "stem"], quick=False) == ["stem", "zoo-100"]


def test_a_line_is_measured_in_a_process_of_its_own(compiled: Path) -> None:
    figure = apart("python", silent=False, roots=[ROOT], keep=compiled)
    assert figure.seconds > 0
    assert 1 < figure.megabytes < 1000


def test_a_line_that_fails_says_why(tmp_path: Path) -> None:
    own = tmp_path / "own"
    for package in (own / "tests", own / "tests" / "bench"):
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
    (own / "tests" / "bench" / "measure.py").write_text("raise SystemExit('it cannot be done')\n")
    with pytest.raises(NotMeasured, match="python: it cannot be done"):
        apart("python", silent=False, roots=[own], keep=tmp_path)


def test_a_silent_line_has_no_second_voice(compiled: Path) -> None:
    code = (
        "from tests.bench.voice import silence; import symconv; layer = symconv.Conv(1, 1, 3, 2); "
        "print(symconv.prove(layer, (9, 8)).evaluation is None, silence() != [], "
        "symconv.prove(layer, (9, 9)).evaluation, symconv.prove(layer).evaluation)"
    )
    env = environment([ROOT], compiled)
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "True", "None", "None"], done.stderr


def fake(name: str, silent: bool) -> Figure:
    if name == "cvc5-given":
        raise NotMeasured("cvc5-given: no solver")
    return Figure(0.001 if silent else 0.004, 40.0)


def test_a_table_of_fake_figures() -> None:
    names = ("stem", "numpy-limit", "cvc5-given", "start-help")
    found = [table.measured(name, fake) for name in names]
    assert table.table(found).splitlines()[2:] == [
        "| **the stem of ResNet-50 at 224x224, 64 filters** | | | |",
        "| asked for again, when it is known | 1.0 ms | 4.0 ms | 40 MB |",
        "| *NumPy alone: two axis tables, made and compared* | 4.0 ms | | 40 MB |",
        "| **all sizes** | | | |",
        "| *cvc5 on one axis, the derivation given* | not measured: cvc5-given: no solver | | |",
        "| **from the command line** | | | |",
        "| symconv --help | 4.0 ms | | 40 MB |",
    ]


def test_the_table_is_written_between_its_marks(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n")
    table.main(["python", "--write", str(readme)])
    lines = readme.read_text().splitlines()
    assert lines[:2] == ["before", table.BEGIN]
    assert lines[-2:] == [table.END, "after"]
    assert lines[-3].startswith("| *python -c pass* | ")


@pytest.mark.parametrize(
    "text", ["", f"{table.END}{table.BEGIN}", table.BEGIN, f"{table.BEGIN * 2}{table.END}"]
)
def test_a_file_without_the_marks_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must hold <!-- speed -->"):
        table.written(text, "new")


@pytest.mark.parametrize("words", [["--fast"], ["--write"], ["no-such-line"]])
def test_a_wrong_argument_of_the_table_is_refused(words: list[str]) -> None:
    with pytest.raises(ValueError, match=r"expected|there is no line"):
        table.main(words)


def times(old: float, new: float) -> compare.Run:
    """Fake rounds that differ by a hundredth at most."""
    noise: Iterator[int] = count()
    return lambda _, tree: (old if tree == "old" else new) * (1 + (next(noise) % 3) / 200)


@pytest.mark.parametrize(
    ("old", "new", "slower"),
    [(1.0, 1.0, False), (1.0, 1.5, True), (1.5, 1.0, False), (1.0, 1.15, False)],
)
def test_what_got_slower_is_named(old: float, new: float, slower: bool) -> None:
    (pair,) = compare.compared(["stem"], 3, times(old, new))
    assert len(pair.old) == len(pair.new) == 3
    assert pair.slower(1.2) == slower


def test_what_noise_may_be_is_not_named() -> None:
    pair = compare.Pair("stem", [1.0, 1.6, 1.7], [1.5, 1.5, 1.5])
    assert pair.noise == pytest.approx(1.6)
    assert not pair.slower(1.2)


def test_a_tick_of_the_clock_is_not_named() -> None:
    assert not compare.Pair("stem", [0.0001] * 3, [0.00035] * 3).slower(1.2)


def test_a_line_that_fails_in_the_new_tree_alone_is_named() -> None:
    def run(name: str, tree: str) -> float:
        if tree == "new":
            raise NotMeasured(f"{name}: it fails now")
        return 1.0

    (pair,) = compare.compared(["stem"], 3, run)
    assert pair.slower(1.2)


@pytest.mark.parametrize("number", ["nan", "inf", "0", "-1"])
@pytest.mark.parametrize("option", ["--rounds", "--factor"])
def test_rounds_and_factors_are_numbers(option: str, number: str) -> None:
    with pytest.raises(ValueError, match="must be numbers of at least 1"):
        compare.read_arguments(["old", "new", option, number])


def test_a_line_that_one_tree_lacks_is_passed_over() -> None:
    def run(name: str, tree: str) -> float:
        if tree == "old":
            raise NotMeasured(f"{name}: the old tree has no such thing")
        return 1.0

    (pair,) = compare.compared(["stem"], 3, run)
    assert not pair.slower(1.2)
    assert "no such thing" in compare.told(pair, 1.2)


def test_both_trees_are_checked_out_and_taken_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git = require_tool("git")
    (tmp_path / "tests").mkdir()
    own = {"GIT_CONFIG_GLOBAL": os.devnull, **os.environ}

    def run(*words: str) -> str:
        done = subprocess.run(
            [git, "-c", "user.name=n", "-c", "user.email=e", *words],
            cwd=tmp_path,
            env=own,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    run("init", "-q")
    for text in ("one", "two"):
        (tmp_path / "file").write_text(text)
        run("add", "file")
        run("commit", "-q", "-m", text)
    monkeypatch.setattr(compare, "ROOT", tmp_path)
    with compare.trees("HEAD~1", "HEAD") as roots:
        found = [(roots[name][1] / "file").read_text() for name in ("old", "new")]
    assert found == ["one", "two"]
    assert len(run("worktree", "list").splitlines()) == 1
    with (
        pytest.raises(ValueError, match=r"git worktree add: .*nosuch"),
        compare.trees("nosuch", ""),
    ):
        pass


@pytest.mark.parametrize(
    "words", [["a"], ["a", "b", "no-such"], ["a", "b", "--x"], ["a", "b", "--rounds", "0"]]
)
def test_a_wrong_argument_of_the_comparison_is_refused(words: list[str]) -> None:
    with pytest.raises(ValueError, match=r"expected|there is no line|at least 1"):
        compare.read_arguments(words)


def test_all_lines_but_the_peers_are_compared() -> None:
    asked = compare.read_arguments(["a", "b", "--factor", "1.5"])
    assert "stem" in asked.lines
    assert "scipy" not in asked.lines
    assert asked.factor == 1.5


def test_numpy_s_tables_agree() -> None:
    assert numpy_limit(224, 7, 2, 3)


@pytest.mark.parametrize(("dtype", "whole"), [("float32", False), ("float64", True)])
def test_torch_s_two_layers_agree(dtype: str, whole: bool) -> None:
    require("torch")
    assert torch_pair(16, 7, 2, 3, dtype, whole)


@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize("name", ["z3", "cvc5"])
@pytest.mark.parametrize(("stride", "dilation"), [(2, 1), (7, 3)])
def test_a_solver_proves_an_axis_and_refutes_another_pad(
    name: str, given: bool, stride: int, dilation: int
) -> None:
    require(name)
    solver = smt(name)
    assert not refuted_by(solver, stride, dilation, given)
    assert refuted_by(solver, stride, dilation, given, wrong=1)
