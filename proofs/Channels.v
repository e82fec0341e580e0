(* Channels.v: layers that differ in their channels, and maxima, for any access of taps.

   block_diagonal     a grouped convolution is one of a kernel that is zero between groups
   average_depthwise  a mean of K samples is a depthwise convolution whose weights are all 1/K
   average_divisor    dividing by the n counted samples of a window is scaling its mean by K/n
   one_tap            the axis of a 1x1: one tap, stride 1, no pad
   im2col             a convolution is a 1x1 on the columns of what its taps read
   depthwise_separable   a depthwise convolution and a 1x1 are one whose kernel is a product
   clamp_pool         max(., z) before a max pooling is max(., z) after it, z = 0 for ReLU
   Edge: a window that reads no sample gives -inf, and max(-inf, z) = z is not what it was. *)

From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require Import Arith Index Conv Relatives.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory Num.Theory Order.Theory.
Local Open Scope ring_scope.

Section Channels.

Variables (P : Type) (A : access P) (R : ringType).

Theorem block_diagonal (G C M : finType) (w : G -> M -> C -> tap A -> R) (x : G * C -> P -> R)
    (gm : G * M) (o : P) :
  grouped w x gm o
  = conv (fun gm gc k => if gm.1 == gc.1 then w gm.1 gm.2 gc.2 k else 0) x gm o.
Proof.
case: gm => g m; rewrite /grouped /conv /=.
pose term h c := \sum_k (if g == h then w g m c k else 0) * read 0 (x (h, c)) (reads A o k).
rewrite (eq_bigr (fun gc => term gc.1 gc.2)); last by case.
rewrite -(pair_bigA _ term) /term (bigD1 g) //= [X in _ = _ + X]big1 ?addr0.
  by apply: eq_bigr => c _; apply: eq_bigr => k _; rewrite eqxx.
move=> h; rewrite eq_sym => /negbTE->.
by rewrite big1 // => c _; rewrite big1 // => k _; rewrite mul0r.
Qed.

(* The mean of a window: h is 1/K, and the kernel of each channel is h everywhere. *)
Theorem average_depthwise (C : finType) (h : R) (x : C -> P -> R) (c : C) (o : P) :
  h * (\sum_k read 0 (x c) (reads A o k))
  = grouped (A := A) (G := C) (C := [finType of unit]) (M := [finType of unit])
      (fun _ _ _ _ => h) (fun gc => x gc.1) (c, tt) o.
Proof.
rewrite /grouped /conv (eq_bigl (pred1 tt)); last by case.
by rewrite big_pred1_eq mulr_sumr.
Qed.

End Channels.

(* Pads that are not counted: another divisor at the border. *)
Theorem average_divisor (F : fieldType) (P : Type) (A : access P) (C : finType) (x : C -> P -> F)
    (K n : nat) (c : C) (o : P) : K%:R != 0 :> F ->
  (\sum_k read 0 (x c) (reads A o k)) / n%:R
  = K%:R / n%:R * ((\sum_k read 0 (x c) (reads A o k)) / K%:R).
Proof.
move: (\sum_k _) => sum K_neq0.
by rewrite mulrA [_ * sum]mulrC [K%:R / _]mulrC mulrA mulfK.
Qed.

Notation one_tap := (plain 1 1 1 0).

Lemma one_tapE (R : ringType) (C M : finType) (v : M -> C -> R) (y : C -> int -> R) m o :
  conv_axis one_tap (fun m c _ => v m c) y m o = \sum_c v m c * y c o.
Proof.
rewrite conv1E; apply: eq_bigr => c _; rewrite big_ord1.
by rewrite !mul1r addr0 subr0.
Qed.

(* The columns of an output are what its taps read: a channel for each channel and tap. *)
Theorem im2col (R : ringType) (a : axis) (C M : finType) (w : M -> C -> 'I_(kernel a) -> R)
    (x : C -> int -> R) m o :
  conv_axis a w x m o
  = conv_axis one_tap (fun m (ck : C * 'I_(kernel a)) _ => w m ck.1 ck.2)
      (fun ck o => read 0 (x ck.1) (reads (axis_access a) o ck.2)) m o.
Proof. by rewrite one_tapE /conv pair_bigA. Qed.

(* A depthwise layer and a 1x1 are one layer whose kernel is a product. *)
Theorem depthwise_separable (R : ringType) (a : axis) (C M : finType)
    (v : M -> C -> R) (w : C -> 'I_(kernel a) -> R) (x : C -> int -> R) m o :
  conv_axis one_tap (fun m c _ => v m c)
    (fun c => grouped (A := axis_access a) (C := [finType of unit]) (M := [finType of unit])
       (fun c _ _ k => w c k) (fun gc => x gc.1) (c, tt)) m o
  = conv_axis a (fun m c k => v m c * w c k) x m o.
Proof.
rewrite one_tapE; apply: eq_bigr => c _; rewrite /grouped /conv (eq_bigl (pred1 tt)); last by case.
by rewrite big_pred1_eq mulr_sumr; apply: eq_bigr => k _; rewrite mulrA.
Qed.

(* A maximum with z of every sample is one of what the window gives, if it reads a sample at all. *)
Theorem clamp_pool (P : Type) (A : access P) (T : Type) (idx : T) (op : Monoid.com_law idx)
    (C : finType) (z : T) (x : C -> P -> T) (c : C) (o : P) : idempotent op ->
  (exists k, reads A o k) ->
  pool A op (fun c p => op (x c p) z) c o = op (pool A op x c o) z.
Proof.
move=> opxx [k0 k0_live]; rewrite /pool.
pose zs k := if isSome (reads A o k) then z else idx.
rewrite (eq_bigr (fun k => op (read idx (x c) (reads A o k)) (zs k))); last first.
  by move=> k _; rewrite /zs; case: (reads A o k) => //=; rewrite Monoid.mulm1.
rewrite big_split /=; congr (op _ _); rewrite /zs -big_mkcond /= big_const; set n := #|_|.
have: (0 < n)%N by apply/card_gt0P; exists k0.
case: n => // n _; elim: n => [|n IH]; first by rewrite /= Monoid.mulm1.
by rewrite iterS IH opxx.
Qed.
