(* The theorem of one layer, written by symconv:
   ${layer}.

   the_layer        its numbers: Numbers groups, input and output channels of a group, then for each
                    axis Sized (Axis kernel stride dilation base-dilation low-pad reversed) samples
                    high-pad
   the_expansion    the same of the expanded layer, whose stride is the residual one
   tie0, tie1, ...  one per axis: Tie (Axis ...) E_in E_out t K' lo' rows; a row ((rho, k), (r, q))
                    says that in output phase rho tap k lands on tap q of the expanded kernel, in
                    input phase r
   numbers_agree    decided by computing: the tables are exactly the solutions of
                    s*rho + d*k - lo = u*(E_in*(q - lo') + r) (k from the far end if reversed), the
                    factors fit the strides, and the sizes and pads are those of blocks
   slot m o         the channel of output (m, o) in the expanded layer's output
   block o          its position there
${glossary}   this_layer       the theorem: each output of the layer is one of the expanded layer; that the
                    boxes are the two layers' outputs is in numbers_agree
   every_size       the same numbers with other samples, under the same pads

   Definitions begin in ${home}
   and use Conv.v, Index.v, Tie.v, Layer.v and Compute.v.  Arrays are functions of a channel and a
   position, which are read in the box of their sizes. *)

From Coq Require Import ZArith.
From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require Import Arith Index Conv Destride Tie Layer Array Expansion Decide.
From Symconv Require Import Modes Transposed Pools Kinds.

${ties}

Definition axes : nat -> tie := ties [:: ${tie_names}].
Notation slot m o :=
  (joined ${order} ${out} (many_out ${rank} axes) m (phase_at (factors_out axes) o)).
Notation block o := (coarse_at (factors_out axes) o).

Definition the_layer : numbers := ${numbers}.

${definitions}Definition the_expansion : numbers := ${expanded}.

Definition both : expansion_numbers := Expanded ${strided} the_expansion [:: ${tie_names}]
  ${outputs} ${coarse_outputs}.

Lemma numbers_agree : checked ${rank} both.
Proof. by vm_compute. Qed.

${statement}
