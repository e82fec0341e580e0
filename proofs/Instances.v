(* Instances.v: named expansions with their numbers, at every size.

   Each theorem is about a layer with these axes, any number of groups and channels, both orders of
   channels, and any size under its pads (Kinds.v, is_on_phases): its form on phases has these axes
   and this table of taps.  Samples written in the axes are examples, and say nothing. *)

From Coq Require Import ZArith.
From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require Import Arith Index Conv Destride Tie Layer Array Expansion Decide Kinds.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory.

(* A 7x7 stem of stride 2 and pad 3 is a 4x4 of stride 1 on blocks of 2x2, with pads (2, 1). *)
Definition stem_tie : tie := Tie
  (Axis 7 2 1 1 3%:Z false)
  2 1 1 4 2%:Z
  [:: ((0, 0), (1, 0)); ((0, 1), (0, 1)); ((0, 2), (1, 1)); ((0, 3), (0, 2));
     ((0, 4), (1, 2)); ((0, 5), (0, 3)); ((0, 6), (1, 3))].

Theorem stem : is_on_phases 2
  [:: Sized (Axis 7 2 1 1 3%:Z false) 224 3;
      Sized (Axis 7 2 1 1 3%:Z false) 224 3]
  [:: Axis 4 1 1 1 2%:Z false;
      Axis 4 1 1 1 2%:Z false]
  [:: stem_tie; stem_tie].
Proof.
apply: (axes_okP (ws' := [:: Sized (Axis 4 1 1 1 2%:Z false) 112 1;
  Sized (Axis 4 1 1 1 2%:Z false) 112 1])).
by vm_compute.
Qed.

(* Its pads are (2, 1) at every size. *)
Theorem stem_pads (N : nat -> int) (n : nat) : (n < 2)%N -> (0 < N n)%R ->
  let stem := Numbers 1 1 1
    [:: Sized (Axis 7 2 1 1 3%:Z false) 224 3; Sized (Axis 7 2 1 1 3%:Z false) 224 3] in
  let w := windows (expanded_at stem (Numbers 1 4 1 [::]) [:: stem_tie; stem_tie] N) n in
  lo (on w) = Posz 2 /\ high w = Posz 1.
Proof.
move=> n_lt N_gt0 stem w.
have -> : w
  = Window (unstrided stem_tie) (coarse (N n) 2)
      (1%:Z * (coarse (out_size (N n) 7 2 1 1 3%:Z 3%:Z) 1 - 1) + (4%:Z - 1 - 2%:Z)
       - (coarse (N n) 2 - 1))%R.
  by rewrite {}/w; case: n n_lt N_gt0 => [|[|//]].
split=> //; move: (N n) N_gt0 => M M_gt0; rewrite /= /coarse /out_size divz1 opprK.
rewrite (_ : (1%:Z * (M - 1) + 1 + 3%:Z + 3%:Z - (1%:Z * (7%:Z - 1) + 1))%R = (M - 1)%R);
  last by int_lia.
have := euclid_eq (- M) 2; have := euclid_bound (- M) (isT : (0 < 2)%N).
have := euclid_eq (M - 1) 2; have := euclid_bound (M - 1) (isT : (0 < 2)%N).
move: (_ %% _)%Z (_ %/ _)%Z (_ %% _)%Z (_ %/ _)%Z => r q r' q'.
by move=> ? ? ? ?; int_lia.
Qed.

(* A stride of 14 is one of 2 on seven phases. *)
Definition stride_14_on_7_phases_tie : tie := Tie
  (Axis 7 14 1 1 0%:Z false)
  7 1 2 1 0%:Z
  [:: ((0, 0), (0, 0)); ((0, 1), (1, 0)); ((0, 2), (2, 0)); ((0, 3), (3, 0));
     ((0, 4), (4, 0)); ((0, 5), (5, 0)); ((0, 6), (6, 0))].

Theorem stride_14_on_7_phases : is_on_phases 1
  [:: Sized (Axis 7 14 1 1 0%:Z false) 28 0]
  [:: Axis 1 2 1 1 0%:Z false]
  [:: stride_14_on_7_phases_tie].
Proof.
apply: (axes_okP (ws' := [:: Sized (Axis 1 2 1 1 0%:Z false) 4 (-1)])).
by vm_compute.
Qed.

(* A stride of 6 is one of 3 on two phases. *)
Definition stride_6_on_2_phases_tie : tie := Tie
  (Axis 7 6 1 1 3%:Z false)
  2 1 3 4 2%:Z
  [:: ((0, 0), (1, 0)); ((0, 1), (0, 1)); ((0, 2), (1, 1)); ((0, 3), (0, 2));
     ((0, 4), (1, 2)); ((0, 5), (0, 3)); ((0, 6), (1, 3))].

Theorem stride_6_on_2_phases : is_on_phases 1
  [:: Sized (Axis 7 6 1 1 3%:Z false) 24 3]
  [:: Axis 4 3 1 1 2%:Z false]
  [:: stride_6_on_2_phases_tie].
Proof.
apply: (axes_okP (ws' := [:: Sized (Axis 4 3 1 1 2%:Z false) 12 (-1)])).
by vm_compute.
Qed.

(* A stride of 6 is one of 2 on three phases. *)
Definition stride_6_on_3_phases_tie : tie := Tie
  (Axis 7 6 1 1 3%:Z false)
  3 1 2 3 1%:Z
  [:: ((0, 0), (0, 0)); ((0, 1), (1, 0)); ((0, 2), (2, 0)); ((0, 3), (0, 1));
     ((0, 4), (1, 1)); ((0, 5), (2, 1)); ((0, 6), (0, 2))].

Theorem stride_6_on_3_phases : is_on_phases 1
  [:: Sized (Axis 7 6 1 1 3%:Z false) 24 3]
  [:: Axis 3 2 1 1 1%:Z false]
  [:: stride_6_on_3_phases_tie].
Proof.
apply: (axes_okP (ws' := [:: Sized (Axis 3 2 1 1 1%:Z false) 8 0])).
by vm_compute.
Qed.

(* A stride of 4 with dilation 2 is one of 2, undilated, on two phases. *)
Definition dilated_on_2_phases_tie : tie := Tie
  (Axis 3 4 2 1 2%:Z false)
  2 1 2 3 1%:Z
  [:: ((0, 0), (0, 0)); ((0, 1), (0, 1)); ((0, 2), (0, 2))].

Theorem dilated_on_2_phases : is_on_phases 1
  [:: Sized (Axis 3 4 2 1 2%:Z false) 24 2]
  [:: Axis 3 2 1 1 1%:Z false]
  [:: dilated_on_2_phases_tie].
Proof.
apply: (axes_okP (ws' := [:: Sized (Axis 3 2 1 1 1%:Z false) 12 0])).
by vm_compute.
Qed.

(* Patches of 2x2 are a 1x1 on blocks. *)
Definition patches_of_2x2_tie : tie := Tie
  (Axis 2 2 1 1 0%:Z false)
  2 1 1 1 0%:Z
  [:: ((0, 0), (0, 0)); ((0, 1), (1, 0))].

Theorem patches_of_2x2 : is_on_phases 2
  [:: Sized (Axis 2 2 1 1 0%:Z false) 8 0;
      Sized (Axis 2 2 1 1 0%:Z false) 8 0]
  [:: Axis 1 1 1 1 0%:Z false;
      Axis 1 1 1 1 0%:Z false]
  [:: patches_of_2x2_tie; patches_of_2x2_tie].
Proof.
apply: (axes_okP (ws' := [:: Sized (Axis 1 1 1 1 0%:Z false) 4 0;
  Sized (Axis 1 1 1 1 0%:Z false) 4 0])).
by vm_compute.
Qed.

(* Patches of 4 are a 1x1 on blocks. *)
Definition patches_of_4_tie : tie := Tie
  (Axis 4 4 1 1 0%:Z false)
  4 1 1 1 0%:Z
  [:: ((0, 0), (0, 0)); ((0, 1), (1, 0)); ((0, 2), (2, 0)); ((0, 3), (3, 0))].

Theorem patches_of_4 : is_on_phases 1
  [:: Sized (Axis 4 4 1 1 0%:Z false) 16 0]
  [:: Axis 1 1 1 1 0%:Z false]
  [:: patches_of_4_tie].
Proof.
apply: (axes_okP (ws' := [:: Sized (Axis 1 1 1 1 0%:Z false) 4 0])).
by vm_compute.
Qed.
