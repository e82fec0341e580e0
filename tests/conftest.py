"""How much Hypothesis tries, and the refusal of skips where everything is required."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from functools import wraps
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from symconv.machine.caches import forget
from tests.helpers.requirements import everything_required

settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("default"), derandomize=True, print_blob=True)
settings.register_profile("brief", settings.get_profile("ci"), max_examples=15)
settings.load_profile("ci" if everything_required() else "default")


class SkipsFail:
    """A plugin under which a skipped test, or a skipped file, is a failure that says so."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, Any, Any]:
        """Turn a test's skip into a failure; an expected failure is no skip."""
        report = yield
        return report if hasattr(report, "wasxfail") else _failed(report)

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self) -> Generator[None, Any, Any]:
        """Turn a file's skip into a failure."""
        return _failed((yield))


@pytest.fixture
def monkeypatch() -> Generator[pytest.MonkeyPatch]:
    """Replace pytest's own: under a planted fault nothing stands that was worked out before it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("setattr", "undo"):
            vars(patch)[name] = _forgetting(getattr(patch, name))
        yield patch
    forget()


def _forgetting(change: Callable[..., None]) -> Callable[..., None]:
    @wraps(change)
    def changed(*args: Any, **named: Any) -> None:
        change(*args, **named)
        forget()

    return changed


def _failed(report: Any) -> Any:
    if report.skipped:
        report.longrepr = f"skipped, and SYMCONV_REQUIRE_ALL=1 allows no gap: {report.longrepr}"
        report.outcome = "failed"
    return report


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Under ``python -O`` leave out what does not run symconv in this process."""
    if not sys.flags.optimize:
        return
    left_out = [item for item in items if item.get_closest_marker("once")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def pytest_configure(config: pytest.Config) -> None:
    """Refuse skips in doctests too: a plugin reaches further than this folder."""
    if everything_required():
        config.pluginmanager.register(SkipsFail(), "skips-fail")
