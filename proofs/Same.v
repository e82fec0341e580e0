(* Same.v: padding by name: 'same', 'same_lower', and the crops of a transposed convolution.

   span K d       samples from the first tap to the last, both counted
   same_sum       the pads of both ends, max((ceil(N / s) - 1) s + span - N, 0)
   shared lower total   total in two halves, the smaller in front ('same') or behind ('same_lower')
   same_outputs   with these pads there are ceil(N / s) outputs, for any stride and dilation
   same_even      both ends are padded alike iff the total is even
   same_two, same_two_symmetric   at stride 2 they are the pads of Boundary.v, of equal halves iff N
                  and K have the same parity (K > 2)
   same_crop, same_crop_outputs   the crops of a transposed convolution leave N * s outputs
   Edges: a kernel must have a tap; a total of 0 pads nothing, however small the kernel is. *)

From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require Import Arith Index Conv Destride Tie Layer Compute Array Taps Relatives.
From Symconv Require Import Boundary Modes Transposed Pools.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory Num.Theory Order.Theory.
Local Open Scope ring_scope.

Definition span (K d : nat) : int := d%:Z * (K%:Z - 1) + 1.

Definition same_sum (N : int) (K s d : nat) : int :=
  Num.max ((coarse N s - 1) * s%:Z + span K d - N) 0.

Definition shared (lower : bool) (total : int) : int * int :=
  let small := halved total in
  if lower then (total - small, small) else (small, total - small).

Definition same_pair (lower : bool) (N : int) (K s d : nat) : int * int :=
  shared lower (same_sum N K s d).

Lemma shared_sum (lower : bool) (total : int) :
  (shared lower total).1 + (shared lower total).2 = total.
Proof. by case: lower => /=; int_lia. Qed.

Lemma span_gt0 (K d : nat) : (0 < K)%N -> 0 < span K d.
Proof.
move=> K_gt0; rewrite /span; have : 0 <= d%:Z * (K%:Z - 1) by rewrite mulr_ge0 // subr_ge0.
by move=> ?; int_lia.
Qed.

Theorem same_outputs (lower : bool) (N : int) (K s d : nat) (pads := same_pair lower N K s d) :
  (0 < s)%N -> (0 < K)%N -> out_size N K s d 1 pads.1 pads.2 = coarse N s.
Proof.
move=> s_gt0 K_gt0; have eq_sum : pads.1 + pads.2 = same_sum N K s d by exact: shared_sum.
have /andP[c_ge c_lt] := coarse_bounds N s_gt0.
apply: out_size_unique => //; move: eq_sum c_ge c_lt (span_gt0 d K_gt0).
rewrite /same_sum -/(span K d); set c := coarse N s; set sp := span K d.
by split_max => ? ? ? ?; apply/andP; split; int_lia.
Qed.

Lemma same_even (lower : bool) (total : int) :
  (shared lower total).1 = (shared lower total).2 <-> parity_of total = 0.
Proof.
have eq_total := euclid_eq total 2; have /andP[? ?] := euclid_bound total (isT : (0 < 2)%N).
rewrite /shared /parity_of /halved; move: eq_total; case: lower => /= ?; split=> ?; int_lia.
Qed.

Theorem same_two (N : int) (K : nat) : same_pair false N K 2 1 = same_pads N K%:Z.
Proof.
rewrite /same_pair /shared /same_pads (_ : same_sum N K 2 1 = same_total N K%:Z) //.
rewrite /same_sum /same_total /span; set c := coarse N 2.
by case: ltP => ?; split_max; int_lia.
Qed.

Theorem same_two_symmetric (N : int) (K : nat) : (2 < K)%N ->
  same_pair false N K 2 1 = (halved (K%:Z - 1), halved (K%:Z - 1)) <-> parity_of N = parity_of K.
Proof. by move=> K_gt2; rewrite same_two; exact: same_symmetric. Qed.

(* A transposed convolution: crops that leave s outputs a sample. *)
Definition same_crop (lower : bool) (K s d : nat) : int * int :=
  let total := span K d - s%:Z in
  if 0 <= total then shared lower total else (0, total).

Theorem same_crop_outputs (lower : bool) (l : layer) (n : nat) (a := on (windows l n)) :
  (lo a, high (windows l n)) = same_crop lower (kernel a) (stride a) (dilation a) ->
  outs (as_conv l) n = (stride a)%:Z * sizes l n.
Proof.
move=> eq_pads.
have eq_sum : lo a + high (windows l n) = span (kernel a) (dilation a) - (stride a)%:Z.
  rewrite -[lo a]/(lo a, high (windows l n)).1 -[X in _ + X]/(lo a, high (windows l n)).2 eq_pads.
  by rewrite /same_crop; case: ifP => _; rewrite ?shared_sum ?add0r.
rewrite transposed_outputs /= -/a; move: eq_sum; rewrite /span => ?.
by int_lia.
Qed.

(* The package's own example, and a stride and a dilation that leave the ends unequal. *)
Example same_of_224 : same_pair false 224 3 2 1 = (0, 1). Proof. by vm_compute. Qed.
Example same_of_11 :
  (same_pair false 11 4 3 2, same_pair true 11 4 3 2, out_size 11 4 3 2 1 2 3)
  = ((2, 3), (3, 2), 4).
Proof. by vm_compute. Qed.
