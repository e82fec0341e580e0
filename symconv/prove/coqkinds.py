"""What each kind of layer is to the proof library: its statement, and what it is called there.

Statements are templates; ``${order}`` is the channel order, ``${rank}`` the number of axes.  Each
says, for one output ``(m, o)`` of the layer, which output of the expanded layer it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from symconv.errors import InternalError
from symconv.expand import Expansion
from symconv.layer import AvgPool, MaxPool, Pool
from symconv.layer.base import forward_pads
from symconv.prove.coqwords import binaries


def _nothing(expansion: Expansion) -> dict[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Kind:
    """A statement of the library with what it needs.

    ``about`` says in words what the theorem is about; ``strided`` names the numbers that the ties
    cut into phases, the layer's own or those of a convolution that it is proved to be;
    ``own_names`` fills in what depends on the layer.
    """

    about: str
    home: str
    imports: str
    theorem: str
    every_size: str
    strided: str = "the_layer"
    definitions: str = ""
    glossary: str = ""
    own_names: Callable[[Expansion], dict[str, str]] = _nothing


_SIGNATURE = """\
    (x : nat -> vec ${rank} -> %s) (m : nat) (o : vec ${rank}) :
%s  (m < ${groups} * ${out})%%N -> within ${outputs} o ->
  within ${coarse_outputs} (coarse_at E_out o)
"""

_PLACE = """\
         (joined ${order} ${out} (many_out ${rank} axes) m (phase_at E_out o)) (coarse_at E_out o).
"""

_ON_PHASES = (
    """\
     = conv_layer the_expansion (expanded_weight ${rank} ${strided} axes ${order} %s)
         (expanded_bias ${rank} ${strided} axes ${order} b)
         (phase_array ${strided} axes ${order} 0%%R %s)
"""
    + _PLACE
)

_WEIGHTED = "(w : nat -> nat -> seq nat -> R) (b : nat -> R)\n"

_RING = """\
(R : ringType) (w : nat -> nat -> seq nat -> R) (b : nat -> R)
    (x : nat -> vec ${rank} -> R)"""


def _any_size(
    over: str, left: str, lemma: str, weight: str = "w", x: str = "x", sizes: str = "N",
    bias: str = "(expanded_bias ${rank} before_N axes ${order} b)", end: str = "",
) -> str:  # fmt: skip
    """The theorem at any size: ``left`` equals the expanded layer on the phases of ``x``."""
    names = " ".join(re.findall(r"[{(](\w+)[^:]*:", over))
    return f"""\
Theorem every_size (N : nat -> int) :
  let before_N := at_sizes ${{strided}} {sizes} in
  let after_N := expanded_at ${{strided}} the_expansion [:: ${{tie_names}}] {sizes} in
  (forall n, 0 < sizes before_N n)%R -> (forall n, 0 < outs before_N n)%R ->
  forall {over} (m : nat) (o : vec ${{rank}}),
  (m < ${{groups}} * ${{out}})%N -> in_box (outs before_N) o ->
  in_box (outs after_N) (coarse_at E_out o)
  /\\ ({left}
     = conv_layer after_N (expanded_weight ${{rank}} before_N axes ${{order}} {weight}) {bias}
         (phase_array before_N axes ${{order}} 0 {x})
         (joined ${{order}} ${{out}} (many_out ${{rank}} axes) m (phase_at E_out o))
         (coarse_at E_out o){end})%R.
Proof. by move=> before_N after_N N_gt0 O_gt0 {names} m o; exact: {lemma}. Qed.
"""


_CONVOLUTION = Kind(
    about="for every ring, every weight, bias and input",
    home="Array.v alone",
    imports="Kinds",
    theorem="Theorem this_layer (R : ringType) " + _WEIGHTED
    + _SIGNATURE % ("R", "")
    + "  /\\ conv_layer the_layer w b x m o\n" + _ON_PHASES % ("w", "x")
    + "Proof. exact: (conv_checked ${order} numbers_agree). Qed.",
    every_size=_any_size(
        _RING, "conv_layer before_N w b x m o", "(conv_any_size ${order} numbers_agree N_gt0 O_gt0)"
    ),
)  # fmt: skip

_CEIL = """

Lemma rounded_up : ceil_ok {rank} both {declared}.
Proof. by vm_compute. Qed.

Theorem ceil_mode (n : nat) : (n < {rank})%N ->
  let a := on (windows the_layer n) in
  ceil_outputs (sizes the_layer n) (kernel a) (stride a) (dilation a) (lo a)
    (int_of (nth Z0 {declared} n))
  = int_of (nth Z0 {outputs} n).
Proof. by move=> n_lt; exact: (ceil_checked rounded_up). Qed."""

_CEIL_GLOSSARY = """\
   ceil_mode        the outputs are those that ceil_mode counts with the declared high pads
"""


def _pool(expansion: Expansion) -> dict[str, str]:
    """What a pooling declares: high pads, rounding, and whether its pads count."""
    layer = expansion.original
    if not isinstance(layer, Pool):
        raise InternalError(f"a pooling is expected, got op={layer.op!r}; please report it")
    declared = binaries(_declared_highs(layer, expansion.input_size))
    outputs, rank = binaries(expansion.output_size), len(expansion.axes)
    ceil = _CEIL.format(rank=rank, declared=declared, outputs=outputs)
    return {
        "declared": declared,
        "ceil": ceil if layer.ceil_mode else "",
        "ceil_glossary": _CEIL_GLOSSARY if layer.ceil_mode else "",
        "counted": str(isinstance(layer, AvgPool) and layer.count_include_pad).lower(),
    }


def _declared_highs(layer: Pool, size: Sequence[int]) -> list[int]:
    """High pads as they are declared, without what the last window of ceil_mode hangs over."""
    names = ("padding", "kernel_size", "stride")
    columns = [layer.per_axis(name, len(size)) for name in names]
    dilations = (
        layer.per_axis("dilation", len(size)) if isinstance(layer, MaxPool) else [1] * len(size)
    )
    return [
        forward_pads(pads, n, d * (k - 1) + 1, s)[1]
        for n, d, pads, k, s in zip(size, dilations, *columns, strict=True)
    ]


_MAXIMUM = Kind(
    about="for every idempotent commutative monoid (a maximum with -inf is one) and every input",
    home="Pools.v (maxima; -inf is None)",
    imports="Pools Kinds",
    glossary="""\
${ceil_glossary}   maximum          the theorem for a maximum over any total order with -inf
""",
    theorem="""\
Theorem this_layer (T : Type) (idx : T) (op : Monoid.com_law idx)
"""
    + _SIGNATURE % ("T", "  idempotent op ->\n")
    + """\
  /\\ pool_layer the_layer op x m o
     = max_conv_layer the_expansion op (reached ${rank} the_layer axes ${order})
         (phase_array the_layer axes ${order} idx x)
"""
    + _PLACE
    + """\
Proof. exact: (pool_checked ${order} numbers_agree). Qed.

Theorem maximum (disp : unit) (T : orderType disp)
"""
    + _SIGNATURE % ("option T", "")
    + """\
  /\\ max_layer the_layer x m o
     = max_conv_layer the_expansion (@maxo_comoid _ T) (reached ${rank} the_layer axes ${order})
         (phase_array the_layer axes ${order} None x)
"""
    + _PLACE
    + "Proof. exact: (maximum_checked ${order} numbers_agree). Qed.${ceil}",
    every_size="""\
Theorem every_size (N : nat -> int) :
  (forall n, 0 < N n)%R -> (forall n, 0 < outs (at_sizes the_layer N) n)%R ->
  forall (T : Type) (idx : T) (op : Monoid.com_law idx) (x : nat -> vec ${rank} -> T) (m : nat)
    (o : vec ${rank}),
  let before_N := at_sizes the_layer N in
  let after_N := expanded_at the_layer the_expansion [:: ${tie_names}] N in
  idempotent op -> (m < ${groups} * ${out})%N -> in_box (outs before_N) o ->
  in_box (outs after_N) (coarse_at E_out o)
  /\\ pool_layer before_N op x m o
     = max_conv_layer after_N op (reached ${rank} before_N axes ${order})
         (phase_array before_N axes ${order} idx x)
         (joined ${order} ${out} (many_out ${rank} axes) m (phase_at E_out o)) (coarse_at E_out o).
Proof.
by move=> N_gt0 O_gt0 T idx op x m o /=; exact: (pool_any_size ${order} numbers_agree N_gt0 O_gt0).
Qed.
""",
    own_names=_pool,
)

_MODE_NAMES = {
    "zeros": "zeros", "reflect": "reflect_mode", "replicate": "replicate", "circular": "circular",
}  # fmt: skip


def _mode(expansion: Expansion) -> dict[str, str]:
    return {"mode": _MODE_NAMES[getattr(expansion.original, "padding_mode", "zeros")]}


_MODE = Kind(
    about="for every ring, every weight, bias and input, with what its pads read",
    home="Modes.v (boundary modes; fill is the value that a constant pad reads)",
    imports="Modes Kinds",
    strided="behind_the_gather",
    definitions="Definition behind_the_gather : numbers := ${inner}.\n\n",
    glossary="""\
   behind_the_gather   the layer without pads, on the padded array
""",
    theorem="""\
Lemma gather_agrees : mode_ok ${rank} both the_layer.
Proof. by vm_compute. Qed.

Theorem this_layer (R : ringType) (fill : R) """ + _WEIGHTED
    + _SIGNATURE % ("R", "")
    + "  /\\ conv_mode_layer the_layer (fun _ => ${mode}) fill w b x m o\n"
    + _ON_PHASES % ("w", "(padded fill (windows the_layer) (fun _ => ${mode}) x)")
    + "Proof. exact: (mode_checked ${order} numbers_agree _ _ _ _ _ gather_agrees). Qed.",
    every_size=_any_size(
        "(R : ringType) (fill : R) (w : nat -> nat -> seq nat -> R) (b : nat -> R)\n"
        "    (x : nat -> vec ${rank} -> R)",
        "conv_mode_layer (at_sizes the_layer N) (fun _ => ${mode}) fill w b x m o",
        "(mode_any_size ${order} numbers_agree _ _ _ _ _ gather_agrees N_gt0 O_gt0)",
        x="(padded fill (windows (at_sizes the_layer N)) (fun _ => ${mode}) x)",
        sizes="(behind_pads the_layer N)",
    ),
    own_names=_mode,
)  # fmt: skip

_AVERAGE = Kind(
    about="for every field and every input, divided by the samples that its windows count",
    home="Pools.v (means and their divisors)",
    imports="Pools Kinds",
    glossary="${ceil_glossary}",
    theorem="Theorem this_layer (F : fieldType)\n"
    + _SIGNATURE % ("F", "")
    + """\
  /\\ (average_layer the_layer ${counted} (fun n => int_of (nth Z0 ${declared} n)) x m o
     = conv_layer the_expansion (expanded_weight ${rank} the_layer axes ${order} (fun _ _ _ => 1%R))
         (fun _ => 0%R) (phase_array the_layer axes ${order} 0%R x)
         (joined ${order} ${out} (many_out ${rank} axes) m (phase_at E_out o)) (coarse_at E_out o)
       / (divisor ${counted} (windows the_layer) (fun n => int_of (nth Z0 ${declared} n)) o)%:R)%R.
Proof. exact: (average_checked ${order} numbers_agree). Qed.${ceil}""",
    every_size=_any_size(
        "(F : fieldType) (x : nat -> vec ${rank} -> F)",
        "average_layer before_N ${counted} (fun n => int_of (nth Z0 ${declared} n)) x m o",
        "(average_any_size ${order} numbers_agree _ _ _ N_gt0 O_gt0)",
        weight="(fun _ _ _ => 1)",
        bias="(fun _ => 0)",
        end="""
       / (divisor ${counted} (windows before_N) (fun n => int_of (nth Z0 ${declared} n)) o)%:R""",
    ),
    own_names=_pool,
)

_TRANSPOSED = Kind(
    about="for every ring, every weight, bias and input, by the definition of the adjoint",
    home="Transposed.v (what a transposed convolution means)",
    imports="Transposed Kinds",
    strided="the_convolution",
    definitions="Definition the_convolution : numbers := ${inner}.\n\n",
    glossary="""\
   the_convolution  the convolution that it is proved to be: base dilation for stride, the kernel
                    from its far end, the weight's channels in the other places (turned)
""",
    theorem="""\
Lemma convolution_agrees : transposed_ok ${rank} both the_layer.
Proof. by vm_compute. Qed.

Theorem this_layer (R : ringType) """ + _WEIGHTED
    + _SIGNATURE % ("R", "")
    + "  /\\ transposed_layer the_layer w b x m o\n"
    + _ON_PHASES % ("(turned the_layer w)", "x")
    + "Proof. exact: (transposed_checked ${order} numbers_agree _ _ _ convolution_agrees). Qed.",
    every_size=_any_size(
        _RING,
        "transposed_layer (at_sizes the_layer N) w b x m o",
        "(transposed_any_size ${order} numbers_agree _ _ _ convolution_agrees N_gt0 O_gt0)",
        weight="(turned the_layer w)",
    ),
)  # fmt: skip

KINDS: dict[str, Kind] = {
    "convolution": _CONVOLUTION,
    "maximum": _MAXIMUM,
    "average": _AVERAGE,
    "mode": _MODE,
    "transposed": _TRANSPOSED,
}
