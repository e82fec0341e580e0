(* Layer.v: the layer theorem with its literal tie tables, in any number of axes.

   in_tables D f rho k r q   on each of D axes, ((rho, k), (r, q)) is a row of the axis' table
   tied f w       the expanded kernel: slot ((m,rho),(c,r),q) holds the sum of w[m,c,k] over the
                  taps k whose rows the tables hold; 0 where there is none (a structural zero)
   touched f      whether a slot is reached by some tap, for a maximum
   ties l         the ties of a list, and of all further axes a trivial one;
                  ties_ok, ties_tight: with a list that is ok, or tight, so are they all
   layer_destride conv on phases; layer_grouped in groups; layer_pool for a maximum
   in_box N v     0 <= v < N on every axis; boxed N x is x there and zero outside
   layer_arrays   the same for an array on the box [0,N): its phases are arrays on
                  [0, coarse N E_in)
   every_position, phases_in_box   each position is in some phase, and where it is in the box, its
                  coarse position is in the box of blocks: no output o in [0,O) is missed
   sizes_ok       the sizes of one axis as symconv wrote them, before and after *)

From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require Import Arith Index Conv Destride Tie.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory Num.Theory Order.Theory.
Local Open Scope ring_scope.

Notation strided_nd D f := (nd_access D (fun n => strided (f n))) (only parsing).
Notation unstrided_nd D f := (nd_access D (fun n => unstrided (f n))) (only parsing).
Notation phases_in D f := (nd_phasing D (fun n => e_in (f n))) (only parsing).
Notation phases_out D f := (nd_phasing D (fun n => e_out (f n))) (only parsing).

Fixpoint in_tables (D : nat) : forall f : nat -> tie, phase (phases_out D f) ->
    tap (strided_nd D f) -> phase (phases_in D f) -> tap (unstrided_nd D f) -> bool :=
  match D return forall f, phase (phases_out D f) -> tap (strided_nd D f) ->
    phase (phases_in D f) -> tap (unstrided_nd D f) -> bool with
  | 0 => fun _ _ _ _ _ => true
  | D'.+1 => fun f rho k r q =>
      ((((rho.1 : 'I__) : nat, (k.1 : 'I__) : nat), ((r.1 : 'I__) : nat, (q.1 : 'I__) : nat))
         \in rows (f 0%N))
      && @in_tables D' (fun n => f n.+1) rho.2 k.2 r.2 q.2
  end.

Lemma nd_table (D : nat) (f : nat -> tie) (ok : forall n, tie_ok (f n)) rho k rq :
  (lands (nd_square D ok) rho k == Some rq) = in_tables rho k rq.1 rq.2.
Proof.
elim: D f ok rho k rq => [|D IH] f ok /=; first by move=> [] [] [[] []].
move=> [rho rho'] [k k'] [[r r'] [q q']] /=.
rewrite -(axis_table (ok 0%N) rho k (r, q)) -(IH _ (fun n => ok n.+1) rho' k' (r', q')).
rewrite /pair_lands /=; case: (axis_lands rho k) => [[r0 q0]|] //=.
case: (lands _ rho' k') => [[r1 q1]|] /=; last by rewrite andbF.
rewrite !(inj_eq Some_inj) !xpair_eqE.
by case: (r0 == r); case: (q0 == q); case: (r1 == r'); case: (q1 == q').
Qed.

Section Layer.

Variables (D : nat) (f : nat -> tie) (ok : forall n, tie_ok (f n)).

Definition tied (R : ringType) (C M : Type) (w : M -> C -> tap (strided_nd D f) -> R)
    (mrho : M * phase (phases_out D f)) (cr : C * phase (phases_in D f))
    (q : tap (unstrided_nd D f)) : R :=
  \sum_(k | in_tables mrho.2 k cr.2 q) w mrho.1 cr.1 k.

Lemma tied_expanded (R : ringType) (C M : Type) (w : M -> C -> tap (strided_nd D f) -> R)
    mrho cr q : expanded (nd_square D ok) w mrho cr q = tied w mrho cr q.
Proof. by apply: eq_bigl => k; rewrite (nd_table ok mrho.2 k (cr.2, q)). Qed.

Theorem layer_destride (R : ringType) (C M : finType) (w : M -> C -> tap (strided_nd D f) -> R)
    (x : C -> vec D -> R) (m : M) (rho : phase (phases_out D f)) (i : vec D) :
  conv w x m (fine (phases_out D f) rho i)
  = conv (tied w) (phases (E := phases_in D f) x) (m, rho) i.
Proof.
have := destride (nd_square D ok) w x (m, rho) i; rewrite /phases /= => ->.
by apply: eq_bigr => cr _; apply: eq_bigr => q _; rewrite tied_expanded.
Qed.

Theorem layer_grouped (R : ringType) (G C M : finType)
    (w : G -> M -> C -> tap (strided_nd D f) -> R) (x : G * C -> vec D -> R)
    (g : G) (m : M) (rho : phase (phases_out D f)) (i : vec D) :
  grouped w x (g, m) (fine (phases_out D f) rho i)
  = grouped (fun g => tied (w g))
      (fun gcr => phases (E := phases_in D f) (fun c => x (gcr.1, c)) gcr.2) (g, (m, rho)) i.
Proof. exact: (layer_destride (w g) (fun c => x (g, c))). Qed.

Definition touched (rho : phase (phases_out D f)) (r : phase (phases_in D f))
    (q : tap (unstrided_nd D f)) : bool :=
  [exists k : tap (strided_nd D f), in_tables rho k r q].

Theorem layer_pool (T : Type) (idx : T) (op : Monoid.com_law idx) (C : finType)
    (x : C -> vec D -> T) (c : C) (rho : phase (phases_out D f)) (i : vec D) :
  idempotent op ->
  pool (strided_nd D f) op x c (fine (phases_out D f) rho i)
  = \big[op/idx]_r \big[op/idx]_(q | touched rho r q)
      read_or idx (phases (E := phases_in D f) x (c, r)) (reads (unstrided_nd D f) i q).
Proof.
move=> opxx; rewrite (destride_pool (nd_square D ok) x c rho i opxx).
apply: eq_bigr => r _; apply: eq_bigl => q; apply: eq_existsb => k.
by rewrite (nd_table ok rho k (r, q)).
Qed.

End Layer.

(* Ties of finitely many axes. *)
Definition trivial_tie : tie := Tie (Axis 1 1 1 1 0 false) 1 1 1 1 0 [:: ((0, 0), (0, 0))]%N.
Definition ties (l : seq tie) : nat -> tie := nth trivial_tie l.

Lemma ties_ok (l : seq tie) : all tie_ok l -> forall n, tie_ok (ties l n).
Proof.
move=> l_ok n; case: (ltnP n (size l)) => [n_lt|n_ge]; last by rewrite /ties nth_default.
by move/(all_nthP trivial_tie): l_ok; apply.
Qed.

Lemma ties_tight (l : seq tie) : all tie_tight l -> forall n, tie_tight (ties l n).
Proof.
move=> l_tight n; case: (ltnP n (size l)) => [n_lt|n_ge]; last by rewrite /ties nth_default.
by move/(all_nthP trivial_tie): l_tight; apply.
Qed.

(* Arrays: boxes of sizes, and where their phases live. *)
Fixpoint in_box (D : nat) : (nat -> int) -> vec D -> bool :=
  match D return (nat -> int) -> vec D -> bool with
  | 0 => fun _ _ => true
  | D'.+1 => fun N v => (0 <= v.1 < N 0%N) && @in_box D' (fun n => N n.+1) v.2
  end.

Lemma phases_in_box (D : nat) (N : nat -> int) (E : nat -> nat) (r : phase (nd_phasing D E)) i :
  in_box N (fine (nd_phasing D E) r i) -> in_box (fun n => coarse (N n) (E n)) i.
Proof.
elim: D N E r i => [|D IH] N E //= [r r'] [i i'] /= /andP[/andP[ge0 ltN] /IH ->].
have r_lt := ltn_ord r; have E_gt0 : (0 < E 0)%N by case: (E 0%N) r r_lt {ge0 ltN} => [[]|].
rewrite andbT coarse_fits //; apply/andP; split; last by int_lia.
by rewrite leNgt; apply/negP => i_lt0; int_nia.
Qed.

Lemma every_position (D : nat) (E : nat -> nat) (v : vec D) : (forall n, 0 < E n)%N ->
  exists r, exists i, fine (nd_phasing D E) r i = v.
Proof.
elim: D E v => [|D IH] E /=; first by move=> [] _; exists tt, tt.
move=> [v v'] E_gt0; have [r' [i' <-]] := IH (fun n => E n.+1) v' (fun n => E_gt0 n.+1).
have /andP[ge0 lt] := euclid_bound v (E_gt0 0%N).
have r_lt : (`|(v %% (E 0%N)%:Z)%Z| < E 0)%N by rewrite -ltz_nat gez0_abs.
exists (Ordinal r_lt, r'), ((v %/ (E 0%N)%:Z)%Z, i') => /=.
by rewrite gez0_abs // -euclid_eq.
Qed.

Definition boxed (R : ringType) (D : nat) (N : nat -> int) (x : vec D -> R) (v : vec D) : R :=
  if in_box N v then x v else 0.

(* On arrays: the phases of an array are an array of blocks, and zero is read outside both. *)
Theorem layer_arrays (D : nat) (f : nat -> tie) (ok : forall n, tie_ok (f n)) (R : ringType)
    (C M : finType) (w : M -> C -> tap (strided_nd D f) -> R) (N : nat -> int)
    (x : C -> vec D -> R) (m : M) (rho : phase (phases_out D f)) (i : vec D) :
  conv w (fun c => boxed N (x c)) m (fine (phases_out D f) rho i)
  = conv (tied w) (fun cr => boxed (fun n => coarse (N n) (e_in (f n)))
      (phases (E := phases_in D f) (fun c => boxed N (x c)) cr)) (m, rho) i.
Proof.
rewrite layer_destride //; apply: eq_bigr => -[c r] _; apply: eq_bigr => q _; congr (_ * _).
case: (reads _ i q) => //= p; rewrite {2}/boxed; case: ifP => //= p_out.
rewrite /phases /boxed /=; case: ifP => // /phases_in_box.
by rewrite p_out.
Qed.

(* One size of one axis: outputs, samples a phase, and the expanded layer's high pad hi'. *)
Definition sizes_ok (a : tie) (N hi O N' O' hi' : int) : bool :=
  let s := strided a in
  [&& O == out_size N (kernel s) (stride s) (dilation s) (base s) (lo s) hi,
      N' == coarse N (e_in a), O' == coarse O (e_out a)
    & O' == out_size N' (new_kernel a) (new_stride a) 1 1 (new_lo a) hi'].
