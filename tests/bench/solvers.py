"""One axis's obligation, written by hand for an SMT solver: a strided table is its expansion.

Stride and dilation are numbers; the size, the kernel, the pad and the number of outputs are not
known.  A strided convolution reads input ``i = s*o + d*k - p`` at output ``o`` and tap ``k``; its
expansion reads sample ``r`` of block ``o + q`` where ``d*k - p = s*q + r`` and ``0 <= r < s``.
"""

from __future__ import annotations

from typing import Any


def smt(name: str) -> Any:
    """The solver's Python interface; z3 and cvc5 have one and the same."""
    if name == "z3":
        import z3

        return z3
    import cvc5.pythonic

    return cvc5.pythonic


def refuted_by(solver: Any, stride: int, dilation: int, given: bool, wrong: int = 0) -> bool:
    """Whether the solver finds an output, a tap and an input that one table alone relates.

    Args:
        solver: what `smt` returns.
        stride: of the layer.
        dilation: of the layer.
        given: whether the quotient and the remainder are given, or left for the solver to find.
        wrong: what the expansion's pad is off by.
    """
    size, kernel, pad, outputs, o, k, i = solver.Ints("N K p O o k i")
    q, r = solver.Ints("q r")
    inside = solver.And(i >= 0, i < size)
    strided = solver.And(i == stride * o + dilation * k - pad, inside)
    derived = solver.And(dilation * k - (pad + wrong) == stride * q + r, r >= 0, r < stride)
    read = solver.And(i == stride * (o + q) + r, inside)
    asked = solver.SolverFor("QF_LIA" if given else "LIA")
    asked.add(o >= 0, o < outputs, k >= 0, k < kernel, size >= 1)
    if given:
        asked.add(derived, solver.Xor(strided, read))
    else:
        asked.add(solver.Xor(strided, solver.Exists([q, r], solver.And(derived, read))))
    answer = str(asked.check())
    if answer not in ("sat", "unsat"):
        raise RuntimeError(f"the solver answers {answer!r}")
    return answer == "sat"
