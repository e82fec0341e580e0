"""The one place that escapes: other people's text made safe for LaTeX, for HTML and for XML."""

from __future__ import annotations

import hashlib
import html
import unicodedata

_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    "-": r"-{}",
    ",": r",{}",
    "\N{MULTIPLICATION SIGN}": r"\ensuremath{\times}",
    "÷": r"\ensuremath{\div}",
    "·": r"\ensuremath{\cdot}",
    "→": r"\ensuremath{\rightarrow}",
    "⊥": r"\ensuremath{\bot}",
    "…": r"\ldots{}",
    "\N{EN DASH}": r"\textendash{}",
    "—": r"\textemdash{}",
}
"""Characters with a meaning, and those that would join their neighbour into a ligature."""


def escape_latex(text: str) -> str:
    r"""Text that LaTeX (T1 fonts) prints as it stands, whatever it holds.

    A character outside Latin-1 is shown by its code point, since no LaTeX font has them all.

    >>> print(escape_latex(r"50% of \input{x} --> y_1"))
    50\% of \textbackslash{}input\{x\} -{}-{}\textgreater{} y\_1
    """
    return "".join(map(_latex_character, text))


def _latex_character(character: str) -> str:
    if character in _LATEX:
        return _LATEX[character]
    if character.isspace():
        return " "
    if " " < character < "\x7f" or "\u00c0" <= character <= "\u00ff":
        return character
    return rf"\textless{{}}U+{ord(character):04X}\textgreater{{}}"


def escape_html(text: str) -> str:
    """Text for HTML and XML, in content and in quoted attributes.

    >>> escape_html('<b title="x">')
    '&lt;b title=&quot;x&quot;&gt;'
    """
    return html.escape("".join(map(_xml_character, text)), quote=True)


def _xml_character(character: str) -> str:
    """Characters that XML forbids, or that would turn the text around, as their code point."""
    if character in "\t\n":
        return character
    if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"}:
        return f"<U+{ord(character):04X}>"
    return character


def file_stem(name: str) -> str:
    """A file name for a name, without its ending: plain ASCII, never empty, never a path.

    >>> file_stem("resnet50-stem")
    'resnet50-stem'
    """
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in name)
    plain = plain.strip("-.")[:80]
    if plain == name != "":
        return plain
    return f"{plain or 'layer'}-{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:8]}"
