(* Relatives.v: identities that live next door, on one axis (channels are any finite types).

   downsampled s x, upsampled u x   every s-th sample; u - 1 zeros between samples
   noble_down     filtering the subsampled signal = subsampling the signal filtered with dilation s
   noble_up       zeros into the filtered signal = filtering with dilation u what has zeros inside
   strided_subsampled   a strided layer keeps every s-th output of the one of stride 1
   common_divisor   a common divisor of stride, dilation and pad goes into a subsampling
   strided_one_by_one, stride_behind   a strided 1x1 is a 1x1 on every s-th sample
   polyphase      a strided filter is the sum of its components, each on its phase of the signal
   coefficient A w o v  what multiplies input v in output o: the sum of w k over taps k reading v
   transposed a   the axis of the transposed convolution: base dilation s, stride 1, the same kernel
                  reversed, low pad d(K-1) - lo
   transposed_is_adjoint, adjoint   its coefficients are the convolution's, transposed;
                  <Ax,y> = <x,A'y>
   subpixel       a transposed convolution of stride u is one of stride 1 with u times the channels,
                  and depth-to-space (E_in = 1, E_out = u)
   composition    two strided layers in a row are one of kernel K1 + s1(K2-1), stride s1*s2 and low
                  pad lo1 + s1*lo2 (dilation 1), as long as the hidden signal is not cut off at a
                  border: there, what is outside its box must be zero by itself
   dilation_on_phases   a convolution of dilation d is one without on each of the d phases *)

From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require Import Arith Index Conv Destride Tie.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory Num.Theory Order.Theory.
Local Open Scope ring_scope.

Notation conv_axis a := (conv (A := axis_access a)).
Notation plain K s d p := (Axis K s d 1 p false).

Definition downsampled (V C : Type) (s : nat) (x : C -> int -> V) (c : C) (v : int) : V :=
  x c (s%:Z * v).
Definition upsampled (R : ringType) (C : Type) (u : nat) (x : C -> int -> R) (c : C) (v : int) :
    R :=
  read_or 0 (x c) (undilate u v).

Section Noble.

Variables (R : ringType) (C M : finType) (K : nat).
Variables (w : M -> C -> 'I_K -> R) (x : C -> int -> R) (m : M) (o : int).

Theorem noble_down (s d : nat) (p : int) :
  conv_axis (plain K 1 d p) w (downsampled s x) m o
  = downsampled s (conv_axis (plain K 1 (s * d) (s%:Z * p)) w x) m o.
Proof.
rewrite /downsampled !conv1E; apply: eq_bigr => c _; apply: eq_bigr => k _.
by congr (_ * x c _); rewrite PoszM !mul1r !mulrBr !mulrDr mulrA.
Qed.

Theorem noble_up (u d : nat) (p : int) : (0 < u)%N ->
  upsampled u (conv_axis (plain K 1 d p) w x) m o
  = conv_axis (plain K 1 (u * d) (u%:Z * p)) w (upsampled u x) m o.
Proof.
move=> u_gt0; rewrite conv1E /upsampled.
have eq_pos (k : 'I_K) : 1%N%:Z * o + (u * d)%N%:Z * (k : nat)%:Z - u%:Z * p
    = (d%:Z * (k : nat)%:Z - p) * u%:Z + o by int_lia.
case o_mod: ((o %% u%:Z)%Z == 0); rewrite {1}/undilate o_mod /=.
  rewrite conv1E; apply: eq_bigr => c _; apply: eq_bigr => k _.
  rewrite eq_pos /undilate modzMDl o_mod /= divzMDl; last by case: u u_gt0 {o_mod eq_pos}.
  by congr (_ * x c _); int_lia.
rewrite big1 // => c _; rewrite big1 // => k _.
by rewrite eq_pos /undilate modzMDl o_mod mulr0.
Qed.

Theorem strided_subsampled (s d : nat) (p : int) :
  conv_axis (plain K s d p) w x m o = downsampled s (conv_axis (plain K 1 d p) w x) m o.
Proof. by rewrite /downsampled !conv1E; do 2![apply: eq_bigr => ? _]; rewrite mul1r. Qed.

Theorem dilation_on_phases (d : nat) (p rho : int) :
  conv_axis (plain K 1 d (d%:Z * p)) w x m (d%:Z * o + rho)
  = conv_axis (plain K 1 1 p) w (fun c i => x c (d%:Z * i + rho)) m o.
Proof.
rewrite !conv1E; do 2![apply: eq_bigr => ? _]; congr (_ * x _ _).
by rewrite !mul1r mulrBr mulrDr; int_lia.
Qed.

End Noble.

(* A common divisor g of stride, dilation and pad goes into a subsampling. *)
Theorem common_divisor (R : ringType) (C M : finType) (K g s d : nat) (p : int)
    (w : M -> C -> 'I_K -> R) (x : C -> int -> R) m o :
  conv_axis (plain K (g * s) (g * d) (g%:Z * p)) w x m o
  = conv_axis (plain K s d p) w (downsampled g x) m o.
Proof.
rewrite !conv1E; do 2![apply: eq_bigr => ? _]; rewrite /downsampled !PoszM; congr (_ * x _ _).
by rewrite mulrBr mulrDr !mulrA.
Qed.

(* A strided 1x1 is a 1x1 on every s-th sample. *)
Theorem strided_one_by_one (R : ringType) (C M : finType) (s : nat) (w : M -> C -> 'I_1 -> R)
    (x : C -> int -> R) m o :
  conv_axis (plain 1 s 1 0) w x m o = conv_axis (plain 1 1 1 0) w (downsampled s x) m o.
Proof.
rewrite !conv1E; apply: eq_bigr => c _; rewrite !big_ord1 /downsampled; congr (_ * x _ _).
by rewrite /=; int_lia.
Qed.

(* The stride behind a layer or in it: a strided 1x1 on a layer of stride 1. *)
Theorem stride_behind (R : ringType) (C M : finType) (s : nat) (v : M -> C -> 'I_1 -> R)
    (y : C -> int -> R) m o :
  conv_axis (plain 1 s 1 0) v y m o = conv_axis (plain 1 1 1 0) v (fun c o => y c (s%:Z * o)) m o.
Proof. exact: strided_one_by_one. Qed.

(* A strided filter is the sum of its polyphase components, each on its phase of the signal. *)
Theorem polyphase (R : ringType) (C M : finType) (K s : nat) (w : M -> C -> nat -> R)
    (x : C -> int -> R) m o :
  conv_axis (plain (K * s) s 1 0) (fun m c (k : 'I_(K * s)) => w m c k) x m o
  = \sum_(r < s) conv_axis (plain K 1 1 0) (fun m c (q : 'I_K) => w m c (q * s + r)%N)
      (fun c i => x c (s%:Z * i + (r : nat)%:Z)) m o.
Proof.
rewrite conv1E; under [RHS]eq_bigr => r _ do rewrite conv1E.
rewrite [RHS]exchange_big /=; apply: eq_bigr => c _.
pose F k := w m c k * x c (s%:Z * o + 1%N%:Z * k%:Z - 0).
rewrite -(big_mkord xpredT F) big_nat_mul big_mkord [RHS]exchange_big /=; apply: eq_bigr => q _.
rewrite mulSn addnC -{1}[(q * s)%N]add0n big_addn addKn big_mkord; apply: eq_bigr => r _.
by rewrite /F addnC; congr (_ * x c _); rewrite PoszD PoszM; int_lia.
Qed.

Section Adjoint.

Definition transposed (a : axis) : axis :=
  Axis (kernel a) 1 (dilation a) (stride a)
    ((dilation a)%:Z * ((kernel a)%:Z - 1) - lo a) (~~ reversed a).

Definition coefficient (R : ringType) (a : axis) (w : 'I_(kernel a) -> R) (o v : int) : R :=
  \sum_(k | reads (axis_access a) o k == Some v) w k.

Lemma undilate_eq (u : nat) (v o : int) : (0 < u)%N -> (undilate u v == Some o) = (v == u%:Z * o).
Proof.
move=> u_gt0; apply/eqP/eqP => [|->]; last exact: undilateM.
rewrite /undilate; case: eqP => // v_mod [<-].
by rewrite {1}(euclid_eq v u) v_mod addr0.
Qed.

Theorem transposed_is_adjoint (R : ringType) (a : axis) (w : 'I_(kernel a) -> R) (o v : int) :
  base a = 1%N -> (0 < stride a)%N ->
  @coefficient R (transposed a) w v o = coefficient w o v.
Proof.
move=> u1 s_gt0; apply: eq_bigl => k; rewrite /= u1 undilate1 undilate_eq //.
rewrite (inj_eq Some_inj) /position /=.
by case: (reversed a) => /=; apply/eqP/eqP => eq_v; int_lia.
Qed.

Lemma conv_coefficient (R : ringType) (a : axis) (w : 'I_(kernel a) -> R) (x : int -> R)
    (N : nat) (o : int) : (forall v, ~~ (0 <= v < N%:Z) -> x v = 0) ->
  \sum_k w k * read_or 0 x (reads (axis_access a) o k)
  = \sum_(v < N) coefficient w o (v : nat)%:Z * x (v : nat)%:Z.
Proof.
move=> x_out; rewrite /coefficient; under [RHS]eq_bigr => v _ do rewrite mulr_suml.
rewrite [RHS](exchange_big_dep xpredT) //=; apply: eq_bigr => k _.
case: (undilate _ _) => [v|] /=; last by rewrite mulr0 big_pred0.
have [/andP[v_ge0 v_lt]|v_out] := boolP (0 <= v < N%:Z); last first.
  rewrite x_out // mulr0 big1 // => i /eqP[eq_v].
  by move: v_out; rewrite eq_v lez_nat ltz_nat ltn_ord.
have i_lt : (`|v| < N)%N by rewrite -ltz_nat gez0_abs.
rewrite (eq_bigl (pred1 (Ordinal i_lt))); first by rewrite big_pred1_eq /= gez0_abs.
move=> i; rewrite /= (inj_eq Some_inj) -val_eqE /=.
by rewrite -(gez0_abs v_ge0) absz_nat eqz_nat eq_sym.
Qed.

(* <A x, y> = <x, A' y> over the boxes [0,N) of x and [0,O) of y. *)
Theorem adjoint (R : comRingType) (a : axis) (w : 'I_(kernel a) -> R) (x y : int -> R) (N O : nat) :
  base a = 1%N -> (0 < stride a)%N ->
  (forall v, ~~ (0 <= v < N%:Z) -> x v = 0) -> (forall o, ~~ (0 <= o < O%:Z) -> y o = 0) ->
  \sum_(o < O) (\sum_k w k * read_or 0 x (reads (axis_access a) (o : nat)%:Z k)) * y (o : nat)%:Z
  = \sum_(v < N) x (v : nat)%:Z
      * (\sum_k w k * read_or 0 y (reads (axis_access (transposed a)) (v : nat)%:Z k)).
Proof.
move=> u1 s_gt0 x_out y_out.
under eq_bigr => o _ do rewrite (conv_coefficient _ _ x_out) mulr_suml.
rewrite exchange_big /=; apply: eq_bigr => v _.
rewrite (@conv_coefficient R (transposed a) w y O _ y_out) mulr_sumr; apply: eq_bigr => o _.
by rewrite (transposed_is_adjoint w) // mulrA (mulrC (x _)).
Qed.

End Adjoint.

(* Sub-pixel form: E_in = 1, E_out = u. *)
Theorem subpixel (a : tie) (ok : tie_ok a) (R : ringType) (C M : finType)
    (w : M -> C -> 'I_(kernel (strided a)) -> R) (x : C -> int -> R) (m : M)
    (rho : 'I_(e_out a)) (i : int) :
  e_in a = 1%N -> new_stride a = 1%N -> stride (strided a) = 1%N ->
  e_out a = base (strided a)
  /\ conv_axis (strided a) w x m ((base (strided a))%:Z * i + (rho : nat)%:Z)
     = conv_axis (unstrided a) (expanded (axis_square ok) w)
         (phases (E := stride_phasing (e_in a)) x) (m, rho) i.
Proof.
move=> e1 t1 s1; have eq_out : e_out a = base (strided a).
  by case/and5P: ok => _ _ /eqP; rewrite e1 t1 s1 mul1n !muln1.
by split=> //; rewrite -eq_out; exact: (destride (axis_square ok) w x (m, rho) i).
Qed.

Section Composition.

Variables (R : ringType) (C H M : finType) (K1 K2 s1 s2 : nat) (p1 p2 : int).
Variables (w1 : H -> C -> 'I_K1 -> R) (w2 : M -> H -> 'I_K2 -> R).

Definition composed (m : M) (c : C) (k : 'I_(K1 + s1 * K2.-1)) : R :=
  \sum_h \sum_(k2 : 'I_K2) \sum_(k1 : 'I_K1 | (s1 * k2 + k1 == k)%N) w2 m h k2 * w1 h c k1.

Lemma composed_tap (k1 : 'I_K1) (k2 : 'I_K2) : (s1 * k2 + k1 < K1 + s1 * K2.-1)%N.
Proof.
have k2_le : (k2 <= K2.-1)%N by rewrite -ltnS (ltn_predK (ltn_ord k2)) ltn_ord.
by rewrite addnC -addSn leq_add // leq_mul2l k2_le orbT.
Qed.

Theorem composition (x : C -> int -> R) (m : M) (o : int) :
  conv_axis (plain K2 s2 1 p2) w2 (conv_axis (plain K1 s1 1 p1) w1 x) m o
  = conv_axis (plain (K1 + s1 * K2.-1) (s1 * s2) 1 (p1 + s1%:Z * p2)) composed x m o.
Proof.
rewrite !conv1E.
under eq_bigr => h _ do under eq_bigr => k2 _ do rewrite conv1E mulr_sumr.
under eq_bigr => h _ do rewrite exchange_big /=.
rewrite exchange_big /=; apply: eq_bigr => c _.
under [RHS]eq_bigr => k _ do rewrite /composed mulr_suml.
rewrite [RHS]exchange_big /=; apply: eq_bigr => h _.
under [RHS]eq_bigr => k _ do rewrite mulr_suml.
rewrite [RHS]exchange_big /=; apply: eq_bigr => k2 _.
rewrite mulr_sumr; under [RHS]eq_bigr => k _ do rewrite mulr_suml.
rewrite [RHS](exchange_big_dep xpredT) //=; apply: eq_bigr => k1 _.
rewrite (eq_bigl (pred1 (Ordinal (composed_tap k1 k2)))); last first.
  by move=> k; apply/eqP/eqP => [eq_k|->] //; apply: val_inj; rewrite /= eq_k.
rewrite big_pred1_eq mulrA; congr (_ * x c _); rewrite /= !PoszD !PoszM.
by int_lia.
Qed.

End Composition.
