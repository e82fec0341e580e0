"""The proof kernel: this layer's theorem, written as a Coq file and compiled.

The file holds the layer's own numbers and symconv's own tie tables.  The kernel decides by
computing that the tables are what the theorem needs, and checks the identity for every ring, every
number of channels and groups, every weight, every input and every size.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

from symconv.errors import InternalError, TooLarge
from symconv.expand import Expansion
from symconv.files import write_file
from symconv.layer import AvgPool, ConvTranspose
from symconv.polyphase import AxisExpansion
from symconv.prove.compiler import CLOSED, KernelRejects, compile_file, coqc, version
from symconv.prove.coqlib import library
from symconv.verdict import Fact
from symconv.window import Window

MOST_ROWS = 4096
"""Above so many rows of a tie table, or so large a number, the kernel is not asked."""

MOST_NUMBER = 4096
"""The kernel counts in unary; a larger pad, stride or kernel takes it too long."""

MOST_SIZE = 20_000
"""Sizes above this one are left to the theorem for all sizes, without a check of their numbers."""

LIMITS = (
    "the kernel's theorem has phases and channels as pairs: their order and bias are the tables'",
)


def kernel_fact(expansion: Expansion, keep: str | Path | None = None) -> Fact:
    """Have the kernel check the theorem of this expansion.

    Args:
        expansion: a layer with its factors.
        keep: a folder; the Coq file is left there, named after the layer's numbers and its text.

    Raises:
        KernelMissing: Coq or MathComp is not installed; the message says how to install it.
        KernelRejects: the kernel refuses the file, a fault of symconv itself.
        TooLarge: the numbers are too large for the kernel's unary ones.

    Source: THEORY of phases as in Kong and Lucey 2017, section 3; the library's `layer_destride`.
    """
    text, folder = theorem_text(expansion), library()
    name = f"{file_name(expansion)}_{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    start = perf_counter()
    with tempfile.TemporaryDirectory(prefix="symconv-") as scratch:
        path = Path(scratch) / f"{name}.v"
        path.write_text(text, encoding="utf-8")
        run = compile_file(path, folder)
    if not run.accepted or run.output.count(CLOSED) != text.count("Print Assumptions"):
        said = " ".join(run.output.split())[-300:]
        raise KernelRejects(
            f"the kernel rejects the expansion's theorem, a fault of symconv, please report it: "
            f"{said}"
        )
    figures = {"coq": version(coqc()), "seconds": round(perf_counter() - start, 3)}
    if keep is not None:
        figures["file"] = str(_kept(Path(keep), name, text))
    return Fact("kernel", _about(expansion), figures)


def _kept(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.v"
    write_file(path, text)
    return path


def file_name(expansion: Expansion) -> str:
    """A name made of the layer's numbers, fit for a Coq module.

    >>> from symconv import Conv, destride
    >>> file_name(destride(Conv(3, 64, 7, stride=2, padding=3), (224, 224)))
    'conv_k7x7_s2x2_n224x224_e2x2'
    """
    windows = expansion.windows
    parts = {
        "k": [w.kernel for w in windows],
        "s": [w.base_dilation if w.base_dilation > 1 else w.stride for w in windows],
        "n": list(expansion.input_size),
        "e": list(expansion.factor_in),
    }
    numbers = "_".join(letter + "x".join(map(str, row)) for letter, row in parts.items())
    return f"{expansion.original.op}_{numbers}"


def _about(expansion: Expansion) -> str:
    law = "idempotent commutative monoid" if expansion.original.monoid == "max" else "ring"
    text = (
        f"this layer equals its expansion with these tie tables, for every {law}, all channels, "
        "all weights, and inputs of any size under these pads"
    )
    return text + "".join(f"; {remark}" for remark in _remarks(expansion))


def _remarks(expansion: Expansion) -> Iterator[str]:
    layer = expansion.original
    if getattr(layer, "padding_mode", "zeros") != "zeros" or getattr(layer, "padding_value", 0):
        yield "the boundary gather stands in front, the theorem is the valid convolution's"
    if isinstance(layer, AvgPool):
        yield "its windows' divisors stand behind, the theorem is the sum's with any weights"
    if isinstance(layer, ConvTranspose):
        yield "read as its reversed kernel over the zero-filled input (Relatives.v)"


def theorem_text(expansion: Expansion) -> str:
    """The Coq file: numbers, tables, the check of the tables, the theorem.

    The strided side's numbers are the layer's own, read from it again and not from the expansion's
    axes; the tables are the expansion's, and the kernel finds out whether they belong together.

    Raises:
        TooLarge: the numbers are too large for the kernel's unary ones.
        InternalError: the expansion has not as many axes as its layer.
    """
    if (own := len(expansion.windows)) != len(expansion.axes):
        raise InternalError(f"{len(expansion.axes)} axes for a layer of {own}; please report it")
    axes = list(zip(expansion.windows, expansion.axes, strict=True))
    for window, axis in axes:
        _check_small(window, axis)
    ties = "\n\n".join(_tie(n, *pair) for n, pair in enumerate(axes))
    names = "; ".join(f"tie{n}" for n in range(len(axes)))
    theorem = _POOL if expansion.original.monoid == "max" else _CONV
    sizes = "\n".join(_sizes(n, *pair) for n, pair in enumerate(axes))
    sizes += "".join(_transposed(expansion))
    rank = str(len(axes))
    text = _FILE.replace("@LAYER", _layer_in_words(expansion)).replace("@TIES", ties)
    text = text.replace("@NAMES", names).replace("@THEOREM", theorem)
    return text.replace("@SIZES", sizes).replace("@D", rank)


def _layer_in_words(expansion: Expansion) -> str:
    """The layer and its size for a comment of Coq, which ends at a star and a bracket."""
    return f"{expansion.original!r} at {list(expansion.input_size)}".replace("*", " ")


def _check_small(window: Window, axis: AxisExpansion) -> None:
    numbers = (
        axis.factor_in, axis.factor_out, axis.stride, axis.kernel, abs(axis.lo), window.stride,
        abs(window.lo), window.base_dilation, window.dilation * window.kernel,
    )  # fmt: skip
    if axis.live_slots > MOST_ROWS or max(numbers) > MOST_NUMBER:
        raise TooLarge(
            f"the kernel counts in unary: an axis has {axis.live_slots} rows and numbers up to "
            f"{max(numbers)}, it takes {MOST_ROWS} and {MOST_NUMBER}"
        )


def _tie(n: int, w: Window, axis: AxisExpansion) -> str:
    rows = [
        f"(({p}, {k}), ({r}, {q - axis.first_tap}))"
        for p, k, r, q in zip(*(column.tolist() for column in axis.taps), strict=True)
    ]
    lines = [";\n     ".join("; ".join(rows[i : i + 4]) for i in range(0, len(rows), 4))]
    return (
        f"Definition tie{n} : tie := Tie\n"
        f"  (Axis {w.kernel} {w.stride} {w.dilation} {w.base_dilation} {_int(w.lo)} "
        f"{'true' if w.reversal else 'false'})\n"
        f"  {axis.factor_in} {axis.factor_out} {axis.stride} {axis.kernel} {_int(axis.lo)}\n"
        f"  [:: {lines[0]}]."
    )


def _sizes(n: int, w: Window, axis: AxisExpansion) -> str:
    if max(w.size * w.base_dilation, w.padded_size) > MOST_SIZE:
        return f"(* Axis {n}: a size of {w.size} is left to the theorem for all sizes. *)"
    return (
        f"Lemma sizes{n} : sizes_ok tie{n} {_int(w.size)} {_int(w.hi)} {_int(w.output)}\n"
        f"  {_int(axis.coarse_input)} {_int(axis.coarse_output)} {_int(axis.hi)}.\n"
        "Proof. by vm_compute. Qed."
    )


def _transposed(expansion: Expansion) -> Iterator[str]:
    """That each axis of a transposed convolution is the adjoint of a convolution's."""
    layer, rank = expansion.original, len(expansion.axes)
    if not isinstance(layer, ConvTranspose) or isinstance(layer.padding, str):
        return
    names = ("kernel_size", "stride", "dilation", "padding")
    for n, (k, s, d, pads) in enumerate(
        zip(*(layer.per_axis(name, rank) for name in names), strict=True)
    ):
        yield (
            f"\nLemma is_adjoint{n} :\n"
            f"  strided tie{n} = Relatives.transposed (Axis {k} {s} {d} 1 {_int(pads[0])} false).\n"
            "Proof. by vm_compute. Qed."
        )


def _int(value: int) -> str:
    return f"{value}%:Z" if value >= 0 else f"(- {-value}%:Z)%R"


_FILE = """\
(* The theorem of one layer, written by symconv: @LAYER.

   tie0, tie1, ...  one an axis: Tie (Axis K s d u lo reversed) E_in E_out t K' lo' rows; a row
                    ((rho, k), (r, q)) says that in output phase rho tap k lands on tap q of the
                    expanded kernel, in input phase r
   tables_hold      decided by computing: E_in*u*t = E_out*s, and the rows are exactly the solutions
                    of s*rho + d*k - lo = u*(E_in*(q - lo') + r) (k from the far end if reversed)
   this_layer       the layer and its expansion agree at every position
   sizesN           the sizes of axis N at hand, before and after
   is_adjointN      axis N of a transposed convolution is that of the adjoint (Relatives.adjoint) *)

From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require Import Arith Index Conv Destride Tie Layer Relatives.

@TIES

Definition axes : nat -> tie := ties [:: @NAMES].
Definition layer := nd_access @D (fun n => strided (axes n)).
Definition expansion := nd_access @D (fun n => unstrided (axes n)).
Definition phases_of_input := nd_phasing @D (fun n => e_in (axes n)).
Definition phases_of_output := nd_phasing @D (fun n => e_out (axes n)).

Lemma tables_hold : forall n, tie_ok (axes n).
Proof. by apply: ties_ok; vm_compute. Qed.

@THEOREM

Print Assumptions this_layer.

@SIZES
"""

_CONV = """\
Theorem this_layer (R : ringType) (G C M : finType) (w : G -> M -> C -> tap layer -> R)
    (x : G * C -> vec @D -> R) (g : G) (m : M) (rho : phase phases_of_output) (i : vec @D) :
  grouped w x (g, m) (fine phases_of_output rho i)
  = grouped (A := expansion) (fun g => tied (w g))
      (fun gcr => phases (E := phases_of_input) (fun c => x (gcr.1, c)) gcr.2) (g, (m, rho)) i.
Proof. exact: (layer_grouped tables_hold w x g m rho i). Qed."""

_POOL = """\
Theorem this_layer (T : Type) (idx : T) (op : Monoid.com_law idx) (C : finType)
    (x : C -> vec @D -> T) (c : C) (rho : phase phases_of_output) (i : vec @D) :
  idempotent op ->
  pool layer op x c (fine phases_of_output rho i)
  = \\big[op/idx]_r \\big[op/idx]_(q | touched rho r q)
      read idx (phases (E := phases_of_input) x (c, r)) (reads expansion i q).
Proof. exact: (layer_pool tables_hold x c rho i). Qed."""
