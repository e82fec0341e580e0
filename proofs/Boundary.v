(* Boundary.v: pads, slices and what is read outside a signal, on one axis.

   pad_folding    zeros in front and behind (a, b >= 0) are pads of the layer
   boundary_gather   where the layer reads through a gather g (reflect, replicate, circular, or any
                  other) it is a layer without pads on the gathered signal
   front a f x    a samples of value f in front of x; beside n x y: n samples of x and then y;
                  mirror n x: the n samples of x backwards; every s x: every s-th sample
   slice_of_pad, slice_of_concat   a strided slice of each of them
   slice_of_reverse   for every array of N samples it commutes with reversal iff s divides N - 1
   same_pads N K  the pads of 'SAME' at stride 2, the smaller one in front
   same_symmetric they are (K - 1) / 2 at both ends iff N and K have the same parity (K > 2)
   ceil_is_pad    a number of outputs rounded up is one rounded down behind a pad of (-v) mod s
   Edges: a crop (a < 0) loses samples that a pad does not bring back; K <= 2 needs no pad at all
   for some sizes, so that same_symmetric asks for more. *)

From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require Import Arith Index Conv Relatives.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory Num.Theory Order.Theory.
Local Open Scope ring_scope.

(* Zeros in front and behind are pads of the layer; a crop is not. *)
Theorem pad_folding (R : ringType) (C M : finType) (K s d : nat) (p N a b : int)
    (w : M -> C -> 'I_K -> R) (x : C -> int -> R) m o : 0 <= a -> 0 <= b ->
  conv_axis (plain K s d p) w (fun c => zero_outside (N + a + b)
      (fun v => zero_outside N (x c) (v - a))) m o
  = conv_axis (plain K s d (p + a)) w (fun c => zero_outside N (x c)) m o.
Proof.
move=> a_ge0 b_ge0; rewrite !conv1E; do 2![apply: eq_bigr => ? _]; congr (_ * _).
rewrite opprD addrA {1}/zero_outside; case: ifP => // out.
rewrite /zero_outside; case: ifP => // /andP[ge0 lt].
by case/negP: (negbT out); apply/andP; split; int_lia.
Qed.

(* Any boundary: what a position reads is a gather g of the signal. *)
Definition gathered_access (a : axis) (g : int -> option int) : access int :=
  @Access int [finType of 'I_(kernel a)] (fun o k => obind g (undilate (base a) (position a o k))).

Theorem boundary_gather (R : ringType) (C M : finType) (K s d : nat) (p : int)
    (g : int -> option int) (w : M -> C -> 'I_K -> R) (x : C -> int -> R) m o :
  conv (A := gathered_access (plain K s d p) g) w x m o
  = conv_axis (plain K s d 0) w (fun c j => read_or 0 (x c) (g (j - p))) m o.
Proof.
rewrite conv1E; do 2![apply: eq_bigr => ? _]; congr (_ * _).
by rewrite /= undilate1 subr0.
Qed.

Definition front (V : Type) (a : int) (fill : V) (x : int -> V) (v : int) : V :=
  if v < a then fill else x (v - a).
Definition beside (V : Type) (n : int) (x y : int -> V) (v : int) : V :=
  if v < n then x v else y (v - n).
Definition mirror (V : Type) (n : int) (x : int -> V) (v : int) : V := x (n - 1 - v).
Definition every (V : Type) (s : nat) (x : int -> V) (v : int) : V := x (s%:Z * v).

Section Slices.

Variables (s : nat) (V : Type).
Hypothesis s_gt0 : (0 < s)%N.

Lemma scaled_lt (v a : int) : (s%:Z * v < s%:Z * a) = (v < a).
Proof. by rewrite ltr_pmul2l // ltz_nat. Qed.

Theorem slice_of_pad (a : int) (fill : V) (x : int -> V) (v : int) :
  every s (front (s%:Z * a) fill x) v = front a fill (every s x) v.
Proof. by rewrite /every /front scaled_lt mulrBr. Qed.

Theorem slice_of_concat (n : int) (x y : int -> V) (v : int) :
  every s (beside (s%:Z * n) x y) v = beside n (every s x) (every s y) v.
Proof. by rewrite /every /beside scaled_lt mulrBr. Qed.

End Slices.

(* The N samples of x are an array: of every s-th there are coarse N s, and the two orders agree on
   them for every signal iff s divides N - 1. *)
Theorem slice_of_reverse (s : nat) (N : int) : (0 < s)%N -> 0 < N ->
  (forall (V : Type) (x : int -> V) v, 0 <= v < coarse N s ->
     every s (mirror N x) v = mirror (coarse N s) (every s x) v)
  <-> ((N - 1) %% s%:Z)%Z = 0.
Proof.
move=> s_gt0 N_gt0; have n_gt0 : 0 < coarse N s by rewrite coarse_fits ?mulr0.
have last_in : s%:Z * (coarse N s - 1) < N by rewrite -coarse_fits // ltr_subl_addr ltr_addl.
have next_out : N <= s%:Z * coarse N s by rewrite leNgt -coarse_fits // ltxx.
split=> [commute|N_mod V x v _].
  have := commute int id 0; rewrite lexx n_gt0 => /(_ isT).
  by rewrite /every /mirror mulr0 !subr0 => ->; rewrite mulrC modzMl.
rewrite /every /mirror; congr (x _); have := euclid_eq (N - 1) s; rewrite N_mod addr0 => eq_N.
suff -> : coarse N s - 1 - v = ((N - 1) %/ s%:Z)%Z - v by rewrite mulrBr -eq_N.
congr (_ - v); move: eq_N last_in next_out; move: (coarse N s) (_ %/ _)%Z => n q eq_N last next.
have s_pos : 0 < s%:Z :> int by [].
by apply/eqP; rewrite eq_le; apply/andP; split; rewrite leNgt; apply/negP => ?; int_nia.
Qed.

(* 'SAME' at stride 2: as few zeros as give ceil(N / 2) outputs of K taps, the smaller half in
   front (ONNX SAME_UPPER, TensorFlow). *)
Definition halved (v : int) : int := (v %/ 2%N%:Z)%Z.
Definition parity_of (v : int) : int := (v %% 2%N%:Z)%Z.
Definition same_total (N K : int) : int :=
  let total := 2 * (coarse N 2 - 1) + K - N in if total < 0 then 0 else total.
Definition same_pads (N K : int) : int * int :=
  (halved (same_total N K), same_total N K - halved (same_total N K)).

Theorem same_symmetric (N K : int) : 2 < K ->
  same_pads N K = (halved (K - 1), halved (K - 1)) <-> parity_of N = parity_of K.
Proof.
move=> K_gt2; have split2 v : v = 2 * halved v + parity_of v /\ 0 <= parity_of v < 2.
  by split; [exact: (euclid_eq v 2) | exact: (euclid_bound v (isT : (0 < 2)%N))].
have eT : same_total N K = 2 * (- halved (- N) - 1) + K - N.
  have [? /andP[? ?]] := split2 (- N); rewrite /same_total /coarse -/(halved (- N)).
  by case: ifP => // T_lt; int_lia.
have [? /andP[? ?]] := split2 N; have [? /andP[? ?]] := split2 K.
have [? /andP[? ?]] := split2 (- N); have [? /andP[? ?]] := split2 (K - 1).
have [? /andP[? ?]] := split2 (same_total N K).
rewrite /same_pads; split=> [[eq_lo eq_hi]|eq_bit]; first by int_lia.
by congr (_, _); int_lia.
Qed.

(* v = N + lo + hi - d(K - 1) - 1 + s is what a number of outputs is s-th part of. *)
Theorem ceil_is_pad (v : int) (s : nat) : (0 < s)%N ->
  coarse v s = ((v + ((- v) %% s%:Z)%Z) %/ s%:Z)%Z.
Proof.
move=> s_gt0; have := euclid_eq (- v) s; rewrite /coarse; set q := (_ %/ _)%Z; set r := (_ %% _)%Z.
move=> eq_v; have -> : v + r = (- q) * s%:Z by rewrite mulrC; int_lia.
by rewrite mulzK //; case: s s_gt0 {q r eq_v}.
Qed.
