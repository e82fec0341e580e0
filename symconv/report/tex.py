"""LaTeX documents to PDF, through latexmk, without a shell and in a folder of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from symconv.errors import InternalError, MissingTool, TooLarge

PACKAGES = "a TeX (Debian: latexmk texlive-latex-extra texlive-pictures lmodern)"
_SECONDS = 180
_OPTIONS = ("-norc", "-pdf", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape")


class NoTeX(MissingTool):
    """There is no latexmk on this machine."""


class TeXFault(InternalError):
    """LaTeX did not compile a document; the message is its first error."""


def latex_to_pdf(source: str) -> bytes:
    """The PDF of a LaTeX document.

    LaTeX runs in a temporary folder, may not start programs, and reads and writes files only there
    and in its own installation.

    Raises:
        NoTeX: latexmk is not installed.
        TeXFault: LaTeX reports an error.
        TooLarge: it does not end.
    """
    program = shutil.which("latexmk")
    if program is None:
        raise NoTeX(
            f"PDF needs latexmk, which is not installed; install {PACKAGES}, or write .tex, .svg "
            "or HTML instead"
        )
    with tempfile.TemporaryDirectory(prefix="symconv-tex-") as name:
        folder = Path(name)
        (folder / "document.tex").write_text(source, encoding="utf-8")
        _run([program, *_OPTIONS, "document.tex"], folder)
        return (folder / "document.pdf").read_bytes()


def _run(command: list[str], folder: Path) -> None:
    safe = {
        "openin_any": "p",
        "openout_any": "p",
        "shell_escape": "f",
        "SOURCE_DATE_EPOCH": "0",
        "FORCE_SOURCE_DATE": "1",
        "max_print_line": "1000",
    }
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, **safe},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as fault:
        raise TooLarge(
            f"LaTeX did not end within {_SECONDS} seconds; the document is too big"
        ) from fault
    if done.returncode or not (folder / "document.pdf").exists():
        said = _first_error(folder, done.stderr)
        if ".sty' not found" in said:
            raise NoTeX(f"{said.removeprefix('! ')}; install {PACKAGES}, or write .tex or HTML")
        raise TeXFault(f"LaTeX failed: {said}")


def _first_error(folder: Path, printed: bytes) -> str:
    log = folder / "document.log"
    text = log.read_text(errors="replace") if log.exists() else printed.decode(errors="replace")
    errors = [line for line in text.splitlines() if line.startswith("!")]
    return (errors or text.splitlines()[-1:] or ["no message"])[0]
