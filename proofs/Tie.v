(* Tie.v: axes of int, their squares, and the tie map as a table that computing decides.

   row            ((rho, k), (r, q)): tap k lands, for output phase rho, on tap q of phase r
   tie            one axis: the strided axis, factors E_in and E_out, the expanded stride t, kernel
                  K' and low pad lo', and the table of its rows
   strided, unstrided   its two accesses as axes; the unstrided has dilation and base dilation 1
   lands_at       v = u (E_in (q - lo') + r), for v = s*rho + d*k - lo
   tie_ok         0 < u, 0 < E_out, E_in*u*t = E_out*s, and the table's rows are exactly the
                  solutions of lands_at
   tie_tight      K' = q_max - q_min + 1 and lo' = -q_min for the least and the greatest quotient
                  q - lo' of the table: no rows of taps are stored in vain at either end
   axis_square, nd_square   squares of one axis, of D axes
   in_tables      all D rows are in their tables

   Edge cases: a negative pad, K = 1, s > K, an empty kernel and an empty table are all allowed;
   u = 0 and E_out = 0 are refused by tie_ok; where no tap lands, tight is K' = 1, lo' = 0.  Numbers
   are unary here: thousands are many. *)

From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require Import Arith Index Conv Destride.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory Num.Theory Order.Theory.
Local Open Scope ring_scope.

Definition row := ((nat * nat) * (nat * nat))%type.

Record tie := Tie {
  strided : axis; e_in : nat; e_out : nat;
  new_stride : nat; new_kernel : nat; new_lo : int;
  rows : seq row }.

Definition unstrided (a : tie) : axis := Axis (new_kernel a) (new_stride a) 1 1 (new_lo a) false.

Definition stride_phasing (E : nat) : phasing int :=
  @Phasing int [finType of 'I_E] (fun r i => E%:Z * i + (r : nat)%:Z).

Definition lands_at (a : tie) (rho k r q : nat) : bool :=
  position (strided a) rho%:Z k
  == (base (strided a))%:Z * ((e_in a)%:Z * (q%:Z - new_lo a) + r%:Z).

Definition live (a : tie) (rho k : nat) : bool :=
  ((position (strided a) rho%:Z k) %% (base (strided a))%:Z)%Z == 0.

Definition row_ok (a : tie) (x : row) : bool :=
  [&& (x.1.1 < e_out a)%N, (x.1.2 < kernel (strided a))%N, (x.2.1 < e_in a)%N,
      (x.2.2 < new_kernel a)%N & lands_at a x.1.1 x.1.2 x.2.1 x.2.2].

Definition grid (m n : nat) : seq (nat * nat) := [seq (i, j) | i <- iota 0 m, j <- iota 0 n].

Definition tie_ok (a : tie) : bool :=
  [&& (0 < base (strided a))%N, (0 < e_out a)%N,
      (e_in a * base (strided a) * new_stride a == e_out a * stride (strided a))%N,
      all (row_ok a) (rows a)
    & map fst (rows a)
      == [seq x <- grid (e_out a) (kernel (strided a)) | live a x.1 x.2]].

(* The table holds q - q_min: tight is that the first and the last of the K' taps are in use. *)
Definition tie_tight (a : tie) : bool :=
  if rows a is [::] then (new_kernel a == 1%N) && (new_lo a == 0)
  else has (fun x => x.2.2 == 0%N) (rows a) && has (fun x => x.2.2.+1 == new_kernel a) (rows a).

Lemma mem_grid (m n i j : nat) : (i < m)%N -> (j < n)%N -> (i, j) \in grid m n.
Proof. by move=> i_lt j_lt; apply/allpairsP; exists (i, j); rewrite !mem_iota. Qed.

Section Axis.

Variables (a : tie) (ok : tie_ok a).

Let Ein := stride_phasing (e_in a).
Let Eout := stride_phasing (e_out a).

Lemma base_gt0 : (0 < base (strided a))%N. Proof. by case/and5P: ok. Qed.

Lemma e_out_gt0 : (0 < e_out a)%N. Proof. by case/and5P: ok. Qed.

Lemma row_of_live (rho : 'I_(e_out a)) (k : 'I_(kernel (strided a))) :
  live a rho k -> exists2 x, x \in rows a & x.1 = (rho : nat, k : nat).
Proof.
move=> k_live; have /and5P[_ _ _ _ /eqP eq_rows] := ok.
have: (rho : nat, k : nat) \in map fst (rows a).
  by rewrite eq_rows mem_filter /= k_live mem_grid.
by case/mapP => x x_in ->; exists x.
Qed.

Definition axis_lands (rho : 'I_(e_out a)) (k : 'I_(kernel (strided a))) :
    option ('I_(e_in a) * 'I_(new_kernel a)) :=
  [pick rq : 'I_(e_in a) * 'I_(new_kernel a) | lands_at a rho k rq.1 rq.2].

Lemma position_split (rho k : nat) (i : int) :
  position (strided a) ((e_out a)%:Z * i + rho%:Z) k
  = (base (strided a))%:Z * ((e_in a)%:Z * ((new_stride a)%:Z * i))
    + position (strided a) rho%:Z k.
Proof.
have /and5P[_ _ /eqP eq_factors _ _] := ok.
rewrite /position; set tap := (dilation _)%:Z * _; clearbody tap.
move: eq_factors; case: a => -[K s d u p rev] Ei Eo t K' p' tb /= eq_factors.
have {}eq_factors : (Ei%:Z * u%:Z * t%:Z) * i = (Eo%:Z * s%:Z) * i by rewrite -!PoszM eq_factors.
by int_lia.
Qed.

Lemma lands_row (rho : 'I_(e_out a)) (k : 'I_(kernel (strided a))) x :
  x \in rows a -> x.1 = (rho : nat, k : nat) ->
  exists r : 'I_(e_in a), exists q : 'I_(new_kernel a),
    [/\ x.2 = (r : nat, q : nat) & lands_at a rho k r q].
Proof.
case/and5P: ok => _ _ _ /allP rows_ok _; case: x => [[rho' k'] [r q]] /rows_ok.
by case/and5P=> _ _ /= r_lt q_lt ? [<- <-]; exists (Ordinal r_lt), (Ordinal q_lt).
Qed.

Lemma lands_live (rho k r q : nat) : lands_at a rho k r q -> live a rho k.
Proof. by move/eqP=> eq_v; rewrite /live eq_v mulrC modzMl. Qed.

Lemma axis_squareP (rho : phase Eout) (i : int) (k : tap (axis_access (strided a))) :
  reads (axis_access (strided a)) (fine Eout rho i) k
  = obind (fun rq => omap (fine Ein rq.1) (reads (axis_access (unstrided a)) i rq.2))
      (axis_lands rho k).
Proof.
rewrite /= position_split /axis_lands; case: pickP => [[r q] /eqP /= ->|no_rq] /=.
  rewrite undilate1 /position /= -mulrDr (undilateM _ base_gt0); congr Some.
  by rewrite mul1r addrA mulrDr; congr (_ + _); int_nia.
rewrite /undilate (mulrC (base _)%:Z) modzMDl; case: ifP => // k_live.
have /row_of_live[x x_in /(lands_row x_in)[r [q [_ rq_lands]]]] : live a rho k by [].
by have := no_rq (r, q); rewrite rq_lands.
Qed.

Definition axis_square := Square axis_squareP.

(* Landing is unique: the table says it all. *)
Lemma lands_unique (rho k : nat) (r r' : 'I_(e_in a)) (q q' : nat) :
  lands_at a rho k r q -> lands_at a rho k r' q' -> r = r' /\ q = q'.
Proof.
have u_neq0 : (base (strided a))%:Z != 0 by case: (base _) base_gt0.
rewrite /lands_at => /eqP-> /eqP /(mulfI u_neq0).
case/(euclid_unique (E := e_in a)); rewrite ?ltz_nat ?ltn_ord // => /addIr [eq_q] [eq_r].
by split; first exact/val_inj.
Qed.

Theorem axis_table (rho : 'I_(e_out a)) (k : 'I_(kernel (strided a)))
    (rq : 'I_(e_in a) * 'I_(new_kernel a)) :
  (axis_lands rho k == Some rq)
  = (((rho : nat, k : nat), (rq.1 : nat, rq.2 : nat)) \in rows a).
Proof.
case: rq => r q /=; apply/eqP/idP => [|in_rows].
  rewrite /axis_lands; case: pickP => // -[r' q'] /= rq_lands [eq_r eq_q].
  have [x x_in x1] := row_of_live (lands_live rq_lands).
  have [r0 [q0 [x2 lands0]]] := lands_row x_in x1.
  have [eq_r0 eq_q0] := lands_unique rq_lands lands0.
  by rewrite -eq_r -eq_q eq_r0 eq_q0 -x1 -x2 -surjective_pairing.
have [r0 [q0 [[eq_r eq_q] lands0]]] := lands_row in_rows (erefl _).
rewrite /axis_lands; case: pickP => [[r' q'] /= rq_lands|/(_ (r0, q0))]; last by rewrite lands0.
have [-> eq_q'] := lands_unique rq_lands lands0.
by congr (Some (_, _)); apply/val_inj; rewrite //= eq_q'.
Qed.

End Axis.

(* Any number of axes. *)
Fixpoint nd_phasing (D : nat) (E : nat -> nat) : phasing (vec D) :=
  if D is D'.+1 then pair_phasing (stride_phasing (E 0%N)) (nd_phasing D' (fun n => E n.+1))
  else point_phasing.

Definition nd_square_type (D : nat) (f : nat -> tie) : Type :=
  square (nd_access D (fun n => strided (f n))) (nd_access D (fun n => unstrided (f n)))
    (nd_phasing D (fun n => e_in (f n))) (nd_phasing D (fun n => e_out (f n))).

Fixpoint nd_square (D : nat) : forall f : nat -> tie,
    (forall n, tie_ok (f n)) -> nd_square_type D f :=
  match D return forall f, (forall n, tie_ok (f n)) -> nd_square_type D f with
  | 0 => fun _ _ => point_square
  | D'.+1 => fun f ok =>
      pair_square (axis_square (ok 0%N)) (nd_square D' (fun n => ok n.+1))
  end.
