(* Lattice.v: strides that are integer matrices.

   lattice_access A off   output o reads through tap k the position A o + off k of Z^D
   cosets E       a coset system of the lattice E Z^D: class v is v's coset, repr its
                  representative, quotient v the coarse position: v = E (quotient v) + repr (class v)
   lattice_phasing        phases are cosets, the fine position of i in coset r is E i + repr r
   lattice_destride       with E_in T = A E_out, the layer of stride A is one of stride T on cosets;
                  with E_in = A, E_out = 1 the stride is gone (T = 1)
   coset_unique   for a non-zero determinant a position has one coset and one coarse position
   cosets_exist   every matrix E of non-zero determinant has a coset system (det_cosets): v and v'
                  are in one coset iff adj(E) v and adj(E) v' agree modulo det E
   quincunx       [[1,1],[1,-1]]: determinant -2, two cosets, by the parity of v_0 + v_1
   Edges: a zero determinant has no finite coset system; A = 1 has one coset. *)

From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require Import Arith Index Conv Destride.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory Num.Theory Order.Theory.
Local Open Scope ring_scope.

Section Lattice.

Variable D : nat.
Notation point := 'cV[int]_D.

Definition lattice_access (A : 'M[int]_D) (K : finType) (off : K -> point) : access point :=
  @Access point K (fun o k => Some (A *m o + off k)).

Record cosets (E : 'M[int]_D) := Cosets {
  coset : finType;
  repr : coset -> point;
  class : point -> coset;
  quotient : point -> point;
  cosetE : forall v, v = E *m quotient v + repr (class v);
  class_repr : forall q r, class (E *m q + repr r) = r }.

Definition lattice_phasing (E : 'M[int]_D) (c : cosets E) : phasing point :=
  @Phasing point (coset c) (fun r i => E *m i + repr r).

Lemma mulmx_inj (E : 'M[int]_D) (q q' : point) : \det E != 0 -> E *m q = E *m q' -> q = q'.
Proof.
move=> det_neq0 /(congr1 (mulmx (\adj E))); rewrite !mulmxA mul_adj_mx !mul_scalar_mx => eq_q.
apply/matrixP => i j; have /matrixP/(_ i j) := eq_q.
by rewrite !mxE => /(mulfI det_neq0).
Qed.

(* A position has one coset and one coarse position. *)
Theorem coset_unique (E : 'M[int]_D) (c : cosets E) (q q' : point) (r r' : coset c) :
  \det E != 0 -> E *m q + repr r = E *m q' + repr r' -> r = r' /\ q = q'.
Proof.
move=> det_neq0 eq_v; have eq_r : r = r' by rewrite -(class_repr q r) eq_v class_repr.
by split=> //; apply: (mulmx_inj det_neq0); move: eq_v; rewrite eq_r => /addIr.
Qed.

Section Layer.

Variables (A Ein Eout T : 'M[int]_D) (factors : Ein *m T = A *m Eout).
Variables (cin : cosets Ein) (cout : cosets Eout) (K : finType) (off : K -> point).

Definition landing (rho : coset cout) (k : K) : point := A *m repr rho + off k.

(* The taps of the expanded layer: the coarse positions that some tap lands on, each once. *)
Definition shifts : seq point :=
  undup [seq quotient cin (landing rk.1 rk.2) | rk <- enum [finType of coset cout * K]].

Lemma shift_in rho k : quotient cin (landing rho k) \in shifts.
Proof. by rewrite mem_undup; apply/mapP; exists (rho, k); rewrite ?mem_enum. Qed.

Definition new_tap (rho : coset cout) (k : K) : seq_sub shifts := SeqSub (shift_in rho k).

Definition expanded_access : access point :=
  @lattice_access T [finType of seq_sub shifts] (fun q => ssval q).

Definition lattice_lands (rho : coset cout) (k : K) : option (coset cin * seq_sub shifts) :=
  Some (class cin (landing rho k), new_tap rho k).

Lemma lattice_squareP rho i k :
  reads (lattice_access A off) (fine (lattice_phasing cout) rho i) k
  = obind (fun rq => omap (fine (lattice_phasing cin) rq.1) (reads expanded_access i rq.2))
      (lattice_lands rho k).
Proof.
rewrite /=; congr Some; rewrite mulmxDr !mulmxA -factors -addrA -/(landing rho k).
by rewrite mulmxDr mulmxA -addrA -cosetE.
Qed.

Definition lattice_square := @Square point (lattice_access A off) expanded_access
  (lattice_phasing cin) (lattice_phasing cout) lattice_lands lattice_squareP.

Theorem lattice_destride (R : ringType) (C M : finType) (w : M -> C -> K -> R)
    (x : C -> point -> R) (m : M) (rho : coset cout) (i : point) :
  conv (A := lattice_access A off) w x m (Eout *m i + repr rho)
  = conv (expanded lattice_square w) (phases (E := lattice_phasing cin) x) (m, rho) i.
Proof. exact: (destride lattice_square w x (m, rho) i). Qed.

End Layer.

(* The lattice of all positions has one coset. *)
Definition whole_cosets : cosets 1%:M.
Proof.
exists [finType of unit] (fun _ => 0) (fun _ => tt) id => [v|q []] //.
by rewrite mul1mx addr0.
Defined.

(* The stride is gone: y[m, i] reads the cosets of A with stride 1. *)
Theorem lattice_unstride (A : 'M[int]_D) (c : cosets A) (K : finType) (off : K -> point)
    (R : ringType) (C M : finType) (w : M -> C -> K -> R) (x : C -> point -> R) (m : M) i :
  let S := lattice_square (esym (etrans (mulmx1 A) (esym (mulmx1 A)))) c whole_cosets off in
  conv (A := lattice_access A off) w x m i
  = conv (A := lattice_access 1%:M (fun q : seq_sub (shifts A c whole_cosets off) => ssval q))
      (expanded S w) (phases (E := lattice_phasing c) x) (m, tt) i.
Proof.
move=> S; have := destride S w x (m, tt) i; rewrite /phases /= mul1mx addr0; exact.
Qed.

Section Existence.

Variables (E : 'M[int]_D) (det_neq0 : \det E != 0).

(* Two positions are in one coset iff their keys are equal. *)
Definition key (v : point) : point := map_mx (fun z => (z %% \det E)%Z) (\adj E *m v).

Lemma key_shift q v : key (E *m q + v) = key v.
Proof.
apply/matrixP => i j; rewrite /key mulmxDr mulmxA mul_adj_mx mul_scalar_mx.
rewrite [LHS]mxE [RHS]mxE; move: (\adj E *m v) => a.
by rewrite !mxE mulrC modzMDl.
Qed.

Definition difference (v v' : point) : point :=
  map_mx (fun z => (z %/ \det E)%Z) (\adj E *m (v - v')).

Lemma key_eq v v' : key v = key v' -> v = E *m difference v v' + v'.
Proof.
move=> eq_key; have multiple : \det E *: difference v v' = \adj E *m (v - v').
  apply/matrixP => i j; rewrite mxE [difference _ _ i j]mxE mulrC divzK //.
  have := congr1 (fun c : point => c i j) eq_key; rewrite /key /= [LHS]mxE [RHS]mxE => /eqP.
  by rewrite mulmxBr; move: (_ *m v) (_ *m v') => a b; rewrite !mxE eqz_mod_dvd.
have {}multiple : \det E *: (E *m difference v v') = \det E *: (v - v').
  by rewrite scalemxAr multiple mulmxA mul_mx_adj mul_scalar_mx.
apply/eqP; rewrite -subr_eq; apply/eqP/matrixP => i j.
have := congr1 (fun c : point => c i j) multiple.
by rewrite [in X in X -> _]mxE [X in _ = X -> _]mxE => /(mulfI det_neq0) ->.
Qed.

Definition corner_of (b : {ffun 'I_D -> 'I_`|\det E|}) : point := \col_i (b i : nat)%:Z.

Lemma key_corner v : exists b, key (corner_of b) == key v.
Proof.
have entry_lt (i : 'I_D) : (`|(v i 0%R %% \det E)%Z| < `|\det E|)%N.
  by rewrite -ltz_nat gez0_abs ?modz_ge0 // ltz_mod.
exists [ffun i => Ordinal (entry_lt i)]; set c := corner_of _.
pose u : point := map_mx (fun z => (z %/ \det E)%Z) v.
have -> : v = E *m (\adj E *m u) + c; last by rewrite key_shift.
rewrite mulmxA mul_mx_adj mul_scalar_mx; apply/matrixP => i j; rewrite !mxE (ord1 j) ffunE /=.
by rewrite gez0_abs ?modz_ge0 // mulrC -divz_eq.
Qed.

Definition keys : seq point := undup (codom (fun b => key (corner_of b))).

Lemma key_in v : key v \in keys.
Proof. by have [b /eqP <-] := key_corner v; rewrite mem_undup codom_f. Qed.

Lemma corner_of_key (c : seq_sub keys) : exists b, key (corner_of b) == ssval c.
Proof.
case: c => c /=; rewrite mem_undup => /codomP[b ->].
by exists b.
Qed.

Definition representative (c : seq_sub keys) : point := corner_of (xchoose (corner_of_key c)).
Definition class_of (v : point) : seq_sub keys := SeqSub (key_in v).

Lemma key_representative c : key (representative c) = ssval c.
Proof. exact/eqP/(xchooseP (corner_of_key c)). Qed.

Lemma class_ofE v : v = E *m difference v (representative (class_of v))
  + representative (class_of v).
Proof. by apply: key_eq; rewrite key_representative. Qed.

Lemma class_of_representative q r : class_of (E *m q + representative r) = r.
Proof. by apply: val_inj; rewrite /= key_shift key_representative. Qed.

(* Every matrix of non-zero determinant has a coset system. *)
Definition det_cosets : cosets E :=
  @Cosets E [finType of seq_sub keys] representative class_of
    (fun v => difference v (representative (class_of v))) class_ofE class_of_representative.

Theorem cosets_exist : inhabited (cosets E).
Proof. exact: (inhabits det_cosets). Qed.

End Existence.

End Lattice.

(* The quincunx lattice. *)
Definition quincunx : 'M[int]_2 :=
  \matrix_(i, j) (if (i == 1) && (j == 1) then - 1 else 1).

Definition vec2 (a b : int) : 'cV[int]_2 := \col_i (if i == 0 then a else b).

Lemma quincunx_vec2 a b : quincunx *m vec2 a b = vec2 (a + b) (a - b).
Proof.
apply/matrixP => i j; rewrite !mxE big_ord_recl big_ord1 !mxE /=.
by case: i => [[|[|//]] ?]; rewrite /= ?mul1r ?mulN1r.
Qed.

Definition c0 (v : 'cV[int]_2) : int := v 0 0.
Definition c1 (v : 'cV[int]_2) : int := v 1 0.

Lemma vec2E (v : 'cV[int]_2) : v = vec2 (c0 v) (c1 v).
Proof.
apply/matrixP => i j; rewrite !mxE /c0 /c1 ord1.
by case: i => [[|[|//]] ?] /=; congr (v _ _); apply/val_inj.
Qed.

Lemma quincunx_det : \det quincunx = - 2.
Proof.
by rewrite (expand_det_row _ 0) big_ord_recl big_ord1 /cofactor !det_mx11 !mxE.
Qed.

Definition parity (v : 'cV[int]_2) : bool := ((c0 v + c1 v) %% 2)%Z == 1.
Definition half (v : 'cV[int]_2) : 'cV[int]_2 :=
  let h := ((c0 v + c1 v) %/ 2)%Z in vec2 h (h - c1 v).
Definition corner (b : bool) : 'cV[int]_2 := vec2 (b : nat)%:Z 0.

Lemma vec2D a b c d : vec2 a b + vec2 c d = vec2 (a + c) (b + d).
Proof. by apply/matrixP => i j; rewrite !mxE; case: (i == 0). Qed.

Lemma quincunx_split v : v = quincunx *m half v + corner (parity v).
Proof.
rewrite quincunx_vec2 vec2D {1}(vec2E v) /parity.
have := euclid_eq (c0 v + c1 v) 2; have := euclid_bound (c0 v + c1 v) (isT : (0 < 2)%N).
move: ((c0 v + c1 v) %/ 2)%Z ((c0 v + c1 v) %% 2)%Z => h r /andP[r_ge0 r_lt] eq_v.
congr vec2; last by int_lia.
by case: (altP (r =P 1)) => [r1|r_neq1] /=; int_lia.
Qed.

Lemma quincunx_class q r : parity (quincunx *m q + corner r) = r.
Proof.
rewrite (vec2E q) quincunx_vec2 vec2D /parity /c0 /c1 !mxE /=.
set a := q 0 0; set b := q 1 0.
rewrite (_ : _ + _ = a * 2 + (r : nat)%:Z); last by int_lia.
by rewrite modzMDl; case: r.
Qed.

Definition quincunx_cosets : cosets quincunx :=
  @Cosets 2 quincunx [finType of bool] corner parity half quincunx_split quincunx_class.

(* The worked instance: a layer on the quincunx lattice is one of stride 1 on its two cosets. *)
Theorem quincunx_destride (K : finType) (off : K -> 'cV[int]_2) (R : ringType) (C M : finType)
    (w : M -> C -> K -> R) (x : C -> 'cV[int]_2 -> R) (m : M) (i : 'cV[int]_2) :
  \sum_c \sum_k w m c k * x c (quincunx *m i + off k)
  = \sum_(cb : C * bool) \sum_(q : seq_sub (shifts quincunx quincunx_cosets (whole_cosets 2) off))
      (\sum_(k | (parity (off k) == cb.2) && (half (off k) == ssval q)) w m cb.1 k)
      * x cb.1 (quincunx *m (i + ssval q) + corner cb.2).
Proof.
have := lattice_unstride quincunx_cosets off w x m i; rewrite /conv /= => ->.
apply: eq_bigr => -[c b] _; apply: eq_bigr => q _; rewrite /phases /= mul1mx; congr (_ * _).
apply: eq_bigl => k; rewrite /= /lattice_lands (inj_eq Some_inj) xpair_eqE -val_eqE /=.
by rewrite /landing mulmx0 add0r.
Qed.
