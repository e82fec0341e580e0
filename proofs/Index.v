(* Index.v: where a tap reads, in integers.

   (m %/ d)%Z, (m %% d)%Z   Euclidean division of int; for d > 0 it is the floor, also where m < 0
   out_size N K s d u lo hi number of outputs, ((u(N-1) + 1 + lo + hi) - (d(K-1) + 1)) / s + 1;
                            0 or less where the kernel is larger than the padded input
   coarse N E               samples a phase, the ceiling of N / E
   N, lo, hi are of int (a negative pad crops); s, d, u, K, E are of nat.  A stride larger than
   the kernel (s > K) needs no care.  E = 0 has no phases; lemmas ask 0 < E where they need it. *)

From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require Import Arith.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory Num.Theory Order.Theory.
Local Open Scope ring_scope.

Definition out_size (N : int) (K s d u : nat) (lo hi : int) : int :=
  ((u%:Z * (N - 1) + 1 + lo + hi - (d%:Z * (K%:Z - 1) + 1)) %/ s%:Z)%Z + 1.

Definition coarse (N : int) (E : nat) : int := - ((- N) %/ E%:Z)%Z.

Lemma euclid_eq (v : int) (E : nat) : v = E%:Z * (v %/ E%:Z)%Z + (v %% E%:Z)%Z.
Proof. by rewrite mulrC -divz_eq. Qed.

Lemma euclid_bound (v : int) (E : nat) : (0 < E)%N -> 0 <= (v %% E%:Z)%Z < E%:Z.
Proof. by move=> E_gt0; rewrite modz_ge0 ?ltz_pmod //; case: E E_gt0. Qed.

(* A position has one quotient and one remainder. *)
Lemma euclid_unique (E : nat) (q q' r r' : int) :
  0 <= r < E%:Z -> 0 <= r' < E%:Z -> E%:Z * q + r = E%:Z * q' + r' -> q = q' /\ r = r'.
Proof.
move=> r_in r'_in eq_v; suff eq_q : q = q' by split=> //; move: eq_v; rewrite eq_q => /addrI.
by move: r_in r'_in eq_v => /andP[? ?] /andP[? ?] ?; apply/eqP; rewrite eq_le; apply/andP; split;
  rewrite leNgt; apply/negP=> ?; int_nia.
Qed.

Lemma div_bounds (v : int) (E : nat) : (0 < E)%N ->
  E%:Z * (v %/ E%:Z)%Z <= v < E%:Z * (v %/ E%:Z)%Z + E%:Z.
Proof.
move=> /(euclid_bound v) /andP[ge0 ltE]; rewrite {2 3}(euclid_eq v E).
by apply/andP; split; [rewrite ler_addl | rewrite ltr_add2l].
Qed.

(* Output o exists iff its last tap stays inside the padded, base-dilated input. *)
Lemma out_size_fits (N : int) (K s d u : nat) (lo hi o : int) : (0 < s)%N ->
  (o < out_size N K s d u lo hi)
  = (s%:Z * o + d%:Z * (K%:Z - 1) - lo <= u%:Z * (N - 1) + hi).
Proof.
move=> s_gt0; rewrite /out_size ltz_addr1 lez_divRL; last by rewrite ltz_nat.
by apply/idP/idP=> ?; int_lia.
Qed.

Lemma kernel_too_large (N : int) (K s d u : nat) (lo hi : int) : (0 < s)%N ->
  u%:Z * (N - 1) + hi < d%:Z * (K%:Z - 1) - lo -> out_size N K s d u lo hi <= 0.
Proof.
by move=> s_gt0 ?; rewrite leNgt out_size_fits //; apply/negP=> ?; int_lia.
Qed.

(* Block i of a signal holds a sample iff its first position does. *)
Lemma coarse_fits (N i : int) (E : nat) : (0 < E)%N -> (i < coarse N E) = (E%:Z * i < N).
Proof.
move=> E_gt0; rewrite /coarse ltr_oppr ltz_divLR; last by rewrite ltz_nat.
by apply/idP/idP=> ?; int_lia.
Qed.

Lemma coarse_position (N v : int) (E : nat) : (0 < E)%N ->
  0 <= v < N -> 0 <= (v %/ E%:Z)%Z < coarse N E.
Proof.
move=> E_gt0 /andP[v_ge0 v_lt]; rewrite divz_ge0 ?ltz_nat // v_ge0 coarse_fits //=.
by have /andP[? ?] := div_bounds v E_gt0; int_lia.
Qed.

(* With high pad t(O' - 1) + q_max - (N' - 1), q_max = K' - 1 - lo', the expanded layer has as many
   outputs as a phase of the original output has samples. *)
Lemma expanded_out_size (N' O' lo' : int) (K' t : nat) : (0 < t)%N ->
  out_size N' K' t 1 1 lo' (t%:Z * (O' - 1) + (K'%:Z - 1 - lo') - (N' - 1)) = O'.
Proof.
move=> t_gt0; rewrite /out_size (_ : _ - _ = (O' - 1) * t%:Z); last by int_lia.
by rewrite mulzK ?subrK //; case: t t_gt0.
Qed.
