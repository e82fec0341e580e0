(* Channels.v: layers that differ in their channels, for any access of taps.

   block_diagonal     a grouped convolution is one of a kernel that is zero between groups
   average_depthwise  a mean of K samples is a depthwise convolution whose weights are all 1/K
   one_tap            the axis of a 1x1: one tap, stride 1, no pad; one_by_one: on D axes
   mixing_on_phases   a 1x1 with a bias acts on each phase with the same numbers
   im2col             a convolution is a 1x1 on the columns of what its taps read
   depthwise_separable   a depthwise convolution and a 1x1 are one whose kernel is a product
   flattened          a linear layer over a signal is one over the blocks of its phases
   Edge: blocks past the end hold zeros. *)

From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require Import Arith Index Conv Destride Relatives.

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
pose term h c := \sum_k (if g == h then w g m c k else 0) * read_or 0 (x (h, c)) (reads A o k).
rewrite (eq_bigr (fun gc => term gc.1 gc.2)); last by case.
rewrite -(pair_bigA _ term) /term (bigD1 g) //= [X in _ = _ + X]big1 ?addr0.
  by apply: eq_bigr => c _; apply: eq_bigr => k _; rewrite eqxx.
move=> h; rewrite eq_sym => /negbTE->.
by rewrite big1 // => c _; rewrite big1 // => k _; rewrite mul0r.
Qed.

(* The mean of a window: h is 1/K, and the kernel of each channel is h everywhere. *)
Theorem average_depthwise (C : finType) (h : R) (x : C -> P -> R) (c : C) (o : P) :
  h * (\sum_k read_or 0 (x c) (reads A o k))
  = grouped (A := A) (G := C) (C := [finType of unit]) (M := [finType of unit])
      (fun _ _ _ _ => h) (fun gc => x gc.1) (c, tt) o.
Proof.
rewrite /grouped /conv (eq_bigl (pred1 tt)); last by case.
by rewrite big_pred1_eq mulr_sumr.
Qed.

End Channels.

Notation one_tap := (plain 1 1 1 0).

Lemma one_tapE (R : ringType) (C M : finType) (v : M -> C -> R) (y : C -> int -> R) m o :
  conv_axis one_tap (fun m c _ => v m c) y m o = \sum_c v m c * y c o.
Proof.
rewrite conv1E; apply: eq_bigr => c _; rewrite big_ord1.
by rewrite !mul1r addr0 subr0.
Qed.

(* The same on D axes, and on phases: a 1x1 with a bias acts on each phase with the same numbers. *)
Notation one_tap_nd D := (nd_access D (fun _ => one_tap)).

Lemma one_tap_reads (D : nat) (o : vec D) (k : tap (one_tap_nd D)) :
  reads (one_tap_nd D) o k = Some o.
Proof.
elim: D o k => [|D IH]; first by case.
move=> [o o'] [k k'] /=; rewrite undilate1 /= IH; congr Some; congr pair.
by rewrite (ord1 k) /position /=; int_lia.
Qed.

Lemma one_tap_card (D : nat) : #|{: tap (one_tap_nd D)}| = 1%N.
Proof. by elim: D => [|D IH]; rewrite ?card_unit // card_prod card_ord IH. Qed.

Theorem one_by_one (R : ringType) (D : nat) (C M : finType) (v : M -> C -> R) (b : M -> R)
    (x : C -> vec D -> R) m o :
  b m + conv (A := one_tap_nd D) (fun m c _ => v m c) x m o = b m + \sum_c v m c * x c o.
Proof.
congr (_ + _); apply: eq_bigr => c _; under eq_bigr => k _ do rewrite one_tap_reads /=.
by rewrite big_const one_tap_card /= addr0.
Qed.

Theorem mixing_on_phases (P : Type) (E : phasing P) (R : ringType) (C M : finType)
    (v : M -> C -> R) (b : M -> R) (x : C -> P -> R) (m : M) (r : phase E) (i : P) :
  phases (fun m p => b m + \sum_c v m c * x c p) (m, r) i
  = b m + \sum_c v m c * phases x (c, r) i.
Proof. by []. Qed.

(* The columns of an output are what its taps read: a channel for each channel and tap. *)
Theorem im2col (R : ringType) (a : axis) (C M : finType) (w : M -> C -> 'I_(kernel a) -> R)
    (x : C -> int -> R) m o :
  conv_axis a w x m o
  = conv_axis one_tap (fun m (ck : C * 'I_(kernel a)) _ => w m ck.1 ck.2)
      (fun ck o => read_or 0 (x ck.1) (reads (axis_access a) o ck.2)) m o.
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

(* A linear layer over all positions of a signal is one over all blocks of its phases, which are
   filled up with zeros: slot (c, r), q holds w c (q * E + r). *)
Definition blocks (N E : nat) : nat := ((N + E.-1) %/ E)%N.
Definition filled (R : ringType) (N : nat) (x : nat -> R) (v : nat) : R :=
  if (v < N)%N then x v else 0.

Theorem flattened (R : ringType) (C : finType) (N E : nat) (w x : C -> nat -> R) : (0 < E)%N ->
  \sum_c \sum_(v < N) w c v * x c v
  = \sum_(cr : C * 'I_E) \sum_(q < blocks N E)
      filled N (w cr.1) (q * E + cr.2)%N * filled N (x cr.1) (q * E + cr.2)%N.
Proof.
move=> E_gt0; pose F c v := filled N (w c) v * filled N (x c) v.
rewrite -(pair_bigA _ (fun c (r : 'I_E) => \sum_(q < blocks N E) F c (q * E + r)%N)) /=.
apply: eq_bigr => c _; rewrite exchange_big /=.
have N_le : (N <= blocks N E * E)%N.
  have := divn_eq (N + E.-1) E; have := ltn_pmod (N + E.-1) E_gt0; rewrite -/(blocks N E).
  case: E E_gt0 {F} => // E' _ /=; rewrite ltnS => mod_le eq_N.
  by rewrite -(leq_add2r E') eq_N leq_add2l.
transitivity (\sum_(v < blocks N E * E) F c v).
  rewrite (big_ord_widen _ (fun v => w c v * x c v) N_le) big_mkcond /=.
  by apply: eq_bigr => v _; rewrite /F /filled; case: ifP => //; rewrite mul0r.
rewrite -(big_mkord xpredT (F c)) big_nat_mul big_mkord; apply: eq_bigr => q _.
rewrite mulSn addnC -{1}[(q * E)%N]add0n big_addn addKn big_mkord; apply: eq_bigr => r _.
by rewrite addnC.
Qed.
