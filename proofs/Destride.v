(* Destride.v: a strided layer equals one of smaller stride on phases, with tied weights.

   phasing P      a finite type of phases, and the fine position of coarse position i in phase r
   phases E x     the signal x cut into phases: channel (c, r) at i holds x[c, fine r i]
   square A B Ein Eout   what makes the identity true: lands rho k says on which phase of the input
                  and which tap of the expanded access B tap k lands for output phase rho (None
                  where it is silent), and squareP that both ways round read the same position
   folded_weight  the expanded kernel, over any commutative monoid; expanded for rings:
                  w^[(m,rho),(c,r),q] = sum of w[m,c,k] over the taps k that land on (r,q)
   pair_square    a product of squares is one

   Edge cases: taps in the holes of a base dilation are silent; an expanded kernel may have slots
   that no tap reaches (zero in w^); where several taps land on one slot (dilation 0) they add
   up. *)

From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require Import Arith Index Conv.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory Num.Theory Order.Theory.
Local Open Scope ring_scope.

Record phasing (P : Type) := Phasing { phase : finType; fine : phase -> P -> P }.
Arguments fine {P} p r i.

Definition phases (P V : Type) (C : Type) (E : phasing P) (x : C -> P -> V)
    (cr : C * phase E) (i : P) : V := x cr.1 (fine E cr.2 i).

Record square (P : Type) (A B : access P) (Ein Eout : phasing P) := Square {
  lands : phase Eout -> tap A -> option (phase Ein * tap B);
  squareP : forall rho i k, reads A (fine Eout rho i) k
    = obind (fun rq => omap (fine Ein rq.1) (reads B i rq.2)) (lands rho k) }.

Section Layer.

Variables (P : Type) (A B : access P) (Ein Eout : phasing P) (S : square A B Ein Eout).

Definition folded_weight (T V : Type) (idx : T) (op : Monoid.com_law idx) (C M : Type)
    (f : M -> C -> tap A -> V -> T)
    (mrho : M * phase Eout) (cr : C * phase Ein) (q : tap B) (v : V) : T :=
  \big[op/idx]_(k | lands S mrho.2 k == Some (cr.2, q)) f mrho.1 cr.1 k v.

Definition expanded (R : ringType) (C M : Type) (w : M -> C -> tap A -> R)
    (mrho : M * phase Eout) (cr : C * phase Ein) (q : tap B) : R :=
  \sum_(k | lands S mrho.2 k == Some (cr.2, q)) w mrho.1 cr.1 k.

(* The layer theorem over any commutative monoid. *)
Theorem destride_fold (T V : Type) (idx : T) (op : Monoid.com_law idx) (C M : finType)
    (f : M -> C -> tap A -> V -> T) (x : C -> P -> V) (mrho : M * phase Eout) (i : P) :
  phases (fold_taps op f x) mrho i = fold_taps op (folded_weight op f) (phases (E := Ein) x) mrho i.
Proof.
case: mrho => m rho; rewrite /phases /fold_taps /=.
rewrite -(pair_bigA _ (fun c r => \big[op/idx]_q read_or idx
  (fun p => folded_weight op f (m, rho) (c, r) q (x c (fine Ein r p))) (reads B i q))) /=.
apply: eq_bigr => c _; rewrite pair_bigA /=.
pose g (rq : phase Ein * tap B) k := read_or idx (fun p => f m c k (x c (fine Ein rq.1 p)))
  (reads B i rq.2).
transitivity (\big[op/idx]_rq \big[op/idx]_(k | lands S rho k == Some rq) g rq k); last first.
  apply: eq_bigr => -[r q] _; rewrite /g /=; case: (reads B i q) => [p|] //=.
  by rewrite big1_eq.
rewrite (exchange_big_dep xpredT) //=; apply: eq_bigr => k _; rewrite (squareP S).
case: (lands S rho k) => [rq|] /=; last by rewrite big_pred0.
rewrite (eq_bigl (pred1 rq)); last by move=> rq'; rewrite /= eq_sym.
by rewrite big_pred1_eq /g; case: (reads B i rq.2).
Qed.

(* The layer theorem over any ring. *)
Theorem destride (R : ringType) (C M : finType) (w : M -> C -> tap A -> R) (x : C -> P -> R)
    (mrho : M * phase Eout) (i : P) :
  phases (conv w x) mrho i = conv (expanded w) (phases (E := Ein) x) mrho i.
Proof.
have := destride_fold [com_law of +%R] (fun m c k v => w m c k * v) x mrho i.
rewrite /phases -conv_fold => ->; rewrite conv_fold /fold_taps.
apply: eq_bigr => cr _; apply: eq_bigr => q _; case: (reads B i q) => //= p.
by rewrite /expanded mulr_suml.
Qed.

(* Groups: the same kernel on phases within every group. *)
Theorem destride_grouped (R : ringType) (G C M : finType) (w : G -> M -> C -> tap A -> R)
    (x : G * C -> P -> R) (g : G) (mrho : M * phase Eout) (i : P) :
  grouped w x (g, mrho.1) (fine Eout mrho.2 i)
  = grouped (fun g => expanded (w g)) (fun gcr => phases (E := Ein) (fun c => x (gcr.1, c)) gcr.2)
      (g, mrho) i.
Proof. exact: (destride (w g) (fun c => x (g, c)) mrho i). Qed.

(* Max pooling: a slot passes its sample on iff a tap lands on it, once as op is idempotent. *)
Theorem destride_pool (T : Type) (idx : T) (op : Monoid.com_law idx) (C : finType)
    (x : C -> P -> T) (c : C) (rho : phase Eout) (i : P) :
  idempotent op ->
  pool A op x c (fine Eout rho i)
  = \big[op/idx]_r \big[op/idx]_(q | [exists k, lands S rho k == Some (r, q)])
      read_or idx (phases (E := Ein) x (c, r)) (reads B i q).
Proof.
move=> opxx; rewrite pool_fold.
have := destride_fold op (fun (_ _ : unit) _ v => v) (fun _ => x c) (tt, rho) i.
rewrite /phases /= => ->; rewrite /fold_taps.
rewrite -(pair_bigA _ (fun (u : unit) r => \big[op/idx]_q read_or idx
  (fun p => folded_weight op (fun (_ _ : unit) _ v => v) (tt, rho) (u, r) q
    (x c (fine Ein r p))) (reads B i q))) /=.
rewrite (eq_bigl (pred1 tt)); last by case.
rewrite big_pred1_eq; apply: eq_bigr => r _; rewrite [RHS]big_mkcond /=.
apply: eq_bigr => q _; case: existsP => [[k0 k0_lands]|none]; case: (reads B i q) => //= p.
  rewrite /folded_weight big_const; set n := #|_|.
  have: (0 < n)%N by apply/card_gt0P; exists k0.
  case: n => // n _; elim: n => [|n IH]; first by rewrite /= Monoid.mulm1.
  by rewrite iterS IH opxx.
by rewrite /folded_weight big_pred0 // => k; apply/negP => k_lands; case: none; exists k.
Qed.

End Layer.

(* A product of squares is a square. *)
Definition pair_phasing (P Q : Type) (E : phasing P) (F : phasing Q) : phasing (P * Q) :=
  @Phasing (P * Q) [finType of phase E * phase F] (fun r i => (fine E r.1 i.1, fine F r.2 i.2)).

Definition point_phasing : phasing unit := @Phasing unit [finType of unit] (fun _ _ => tt).

Section Product.

Variables (P Q : Type) (A A' : access P) (B B' : access Q) (E E' : phasing P) (F F' : phasing Q).
Variables (S : square A A' E E') (S' : square B B' F F').

Definition pair_lands (rho : phase E' * phase F') (k : tap A * tap B) :
    option ((phase E * phase F) * (tap A' * tap B')) :=
  obind (fun a => omap (fun b => ((a.1, b.1), (a.2, b.2))) (lands S' rho.2 k.2))
    (lands S rho.1 k.1).

Lemma pair_squareP rho i k :
  reads (pair_access A B) (fine (pair_phasing E' F') rho i) k
  = obind (fun rq => omap (fine (pair_phasing E F) rq.1) (reads (pair_access A' B') i rq.2))
      (pair_lands rho k).
Proof.
case: rho i k => rho rho' [i i'] [k k']; rewrite /= /pair_lands (squareP S) (squareP S') /=.
case: (lands S rho k) => [[r q]|] //=; case: (lands S' rho' k') => [[r' q']|] //=.
  by case: (reads A' i q) => //= p; case: (reads B' i' q').
by case: (reads A' i q).
Qed.

Definition pair_square : square (pair_access A B) (pair_access A' B')
    (pair_phasing E F) (pair_phasing E' F') := Square pair_squareP.

End Product.

Definition point_square : square point_access point_access point_phasing point_phasing.
Proof. by exists (fun _ _ => Some (tt, tt)) => [[] [] []]. Defined.
