"""A missing library skips with a reason, and fails where everything is required."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]

SKIPPING = {
    "in a test": "import pytest\ndef test_it():\n    pytest.skip('why not')\n",
    "by a mark": "import pytest\n@pytest.mark.skip(reason='why not')\ndef test_it():\n    pass\n",
    "in a file": "import pytest\npytest.skip('why not', allow_module_level=True)\n",
    "in a doctest": '"""\n>>> 1  # doctest: +SKIP\n2\n"""\n',
    "for a library": "from tests.helpers.requirements import require\nrequire('no_such_library')\n",
    "for a program": (
        "from tests.helpers.requirements import require_tool\n"
        "def test_it():\n    require_tool('no-such-program')\n"
    ),
}


def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, text: str) -> pytest.RunResult:
    """Run one file of tests beside this project's own conftest."""
    pytester.makeconftest((ROOT / "tests" / "conftest.py").read_text())
    pytester.makepyfile(test_one=text)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return pytester.runpytest_subprocess("--doctest-modules", "-p", "no:cacheprovider", "-rs")


@pytest.mark.parametrize("text", SKIPPING.values(), ids=list(SKIPPING))
def test_a_skip_fails_where_everything_is_required(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("SYMCONV_REQUIRE_ALL", "1")
    result = run(pytester, monkeypatch, text)
    assert result.ret not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
    assert "skipped" not in result.parseoutcomes()
    result.stdout.fnmatch_lines(["*SYMCONV_REQUIRE_ALL=1 allows no gap*"])


@pytest.mark.parametrize("text", SKIPPING.values(), ids=list(SKIPPING))
def test_a_skip_is_a_skip_elsewhere(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.delenv("SYMCONV_REQUIRE_ALL", raising=False)
    outcomes = run(pytester, monkeypatch, text).parseoutcomes()
    assert outcomes.pop("skipped") >= 1
    assert not outcomes


def test_the_reason_names_what_is_missing(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SYMCONV_REQUIRE_ALL", raising=False)
    result = run(pytester, monkeypatch, SKIPPING["for a program"])
    result.stdout.fnmatch_lines(["SKIPPED*the program no-such-program is not installed"])


def test_what_passes_and_what_is_expected_to_fail_stay_so(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYMCONV_REQUIRE_ALL", "1")
    text = (
        "import pytest\ndef test_it():\n    pass\n"
        "@pytest.mark.xfail(strict=True)\ndef test_that():\n    raise ValueError\n"
    )
    assert run(pytester, monkeypatch, text).parseoutcomes() == {"passed": 1, "xfailed": 1}


def test_an_import_error_inside_a_library_is_not_hidden(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SYMCONV_REQUIRE_ALL", raising=False)
    pytester.makepyfile(broken="import something_it_needs\n")
    result = run(
        pytester, monkeypatch, "from tests.helpers.requirements import require\nrequire('broken')\n"
    )
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["*No module named 'something_it_needs'*"])
