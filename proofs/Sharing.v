(* Sharing.v: striding is a way of sharing parameters; who shares what, and how much it costs.

   origin, shift, times the position 0, sums of positions, and products axis by axis
   unit_step D n        one step on axis n; steps_generate: sums and opposites of these are all
   positions o k        where tap k of output o reads, on D axes without base dilation
   slot D f C M         a place ((m,rho),(c,r),q) of the expanded kernel of D axes with ties f
   parameter D f C M    a place (m,c,k) of the strided kernel
   holds s p            slot s holds parameter p: same channels, and on each axis a row of the table
   share w              the expanded kernel of w, on slots: tied w of Layer.v
   slots_of_live        a parameter sits in one slot for each phase in which its tap is not silent;
                        slots_of_parameter: with u = 1 in exactly prod E_out slots
   all_slots, live_slots, cost   how many slots there are, and how many hold a parameter
   folding, folding_unique   a kernel on slots is the image of a strided one iff it is constant on
                        the slots of each parameter and zero elsewhere, and of one only
   Edges: at dilation 0 a slot holds several parameters; folding and live_slots ask for dilations
   above 0.  On an axis of kernel 0 there are no parameters, and all slots are zero. *)

From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require Import Arith Index Conv Destride Tie Layer Exists.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory Num.Theory Order.Theory.
Local Open Scope ring_scope.

Fixpoint origin (D : nat) : vec D := if D is D'.+1 then (0, origin D') else tt.

(* Sums and cuts of positions, axis by axis. *)
Fixpoint shift (D : nat) : vec D -> vec D -> vec D :=
  if D is D'.+1 return vec D -> vec D -> vec D then
    fun v e => (v.1 + e.1, shift v.2 e.2)
  else fun _ _ => tt.

Fixpoint times (D : nat) : (nat -> nat) -> vec D -> vec D :=
  if D is D'.+1 return (nat -> nat) -> vec D -> vec D then
    fun s e => ((s 0%N)%:Z * e.1, times (fun n => s n.+1) e.2)
  else fun _ _ => tt.

Fixpoint same (D : nat) : vec D -> vec D -> bool :=
  if D is D'.+1 return vec D -> vec D -> bool then fun v v' => (v.1 == v'.1) && same v.2 v'.2
  else fun _ _ => true.

Lemma sameP (D : nat) (v v' : vec D) : reflect (v = v') (same v v').
Proof.
elim: D v v' => [|D IH] /=; first by move=> [] []; left.
move=> [v w] [v' w']; apply: (iffP andP) => [[/eqP/= -> /IH/= ->] //|[-> ->]].
by rewrite eqxx; split=> //; apply/IH.
Qed.

Lemma shift_inj (D : nat) (v v' e : vec D) : shift v e = shift v' e -> v = v'.
Proof.
elim: D v v' e => [|D IH] /=; first by move=> [] [].
by move=> [v w] [v' w'] [e e'] /= [/addIr-> /IH->].
Qed.

Lemma shift_between (D : nat) (v v' : vec D) : exists e, shift v e = v'.
Proof.
elim: D v v' => [|D IH] /=; first by move=> _ []; exists tt.
by move=> [v w] [v' w']; have [e /= <-] := IH w w'; exists (v' - v, e); rewrite /= addrC subrK.
Qed.

Lemma shiftA (D : nat) (v e e' : vec D) : shift (shift v e) e' = shift v (shift e e').
Proof. by elim: D v e e' => [|D IH] //= v e e'; rewrite IH addrA. Qed.

Lemma shift0 (D : nat) (v : vec D) : shift v (origin D) = v.
Proof. by elim: D v => [|D IH] /=; [case | move=> [v w]; rewrite IH /= addr0]. Qed.

Lemma shift0l (D : nat) (v : vec D) : shift (origin D) v = v.
Proof. by elim: D v => [|D IH] /=; [case | move=> [v w]; rewrite IH /= add0r]. Qed.

Lemma times_shift (D : nat) (s : nat -> nat) (e e' : vec D) :
  times s (shift e e') = shift (times s e) (times s e').
Proof. by elim: D s e e' => [|D IH] //= s e e'; rewrite IH mulrDr. Qed.

Lemma times0 (D : nat) (s : nat -> nat) : times s (origin D) = origin D.
Proof. by elim: D s => [|D IH] //= s; rewrite IH mulr0. Qed.

(* One step on axis n.  Such steps, their sums and their opposites are all there are. *)
Fixpoint unit_step (D n : nat) : vec D :=
  if D is D'.+1 then if n is n'.+1 then (0, unit_step D' n') else (1, origin D') else tt.

Lemma steps_generate (D : nat) (S : vec D -> Prop) :
  S (origin D) -> (forall e e', S e -> S e' -> S (shift e e')) ->
  (forall e e', shift e' e = origin D -> S e -> S e') ->
  (forall n, (n < D)%N -> S (unit_step D n)) -> forall e, S e.
Proof.
elim: D S => [|D IH] S S0 S_add S_opp S_unit /=; first by case.
move=> [z e]; have -> : (z, e) = shift (D := D.+1) (z, origin D) (0, e).
  by rewrite /= addr0 shift0l.
apply: (S_add); last first.
  apply: (IH (fun e => S (0, e))) => // [e1 e2 S1 S2|e1 e2 eq0 S1|n n_lt].
  - by have := S_add _ _ S1 S2; rewrite /= addr0.
  - by apply: (S_opp) S1; rewrite /= addr0 eq0.
  - exact: (S_unit n.+1 n_lt).
have S_nat (n : nat) : S (n%:Z, origin D).
  elim: n => [|n S_n] //; have := S_add _ _ S_n (S_unit 0%N isT).
  by rewrite /= shift0 -PoszD addn1.
case: z => n; first exact: S_nat.
by apply: S_opp (S_nat n.+1); rewrite /= shift0 NegzE addrC subrr.
Qed.

(* Where the taps of D axes read. *)
Fixpoint positions (D : nat) : forall g : nat -> axis, vec D -> tap (nd_access D g) -> vec D :=
  match D return forall g, vec D -> tap (nd_access D g) -> vec D with
  | 0 => fun _ _ _ => tt
  | D'.+1 => fun g o k =>
      (position (g 0%N) o.1 (k.1 : 'I__), @positions D' (fun n => g n.+1) o.2 k.2)
  end.

Lemma reads_positions (D : nat) (g : nat -> axis) (o : vec D) (k : tap (nd_access D g)) :
  (forall n, base (g n) = 1%N) -> reads (nd_access D g) o k = Some (positions o k).
Proof.
elim: D g o k => [|D IH] g o k //= u1.
by rewrite u1 undilate1 /= (IH (fun n => g n.+1)).
Qed.

Lemma undilateK (u : nat) (v p : int) : undilate u v = Some p -> v = u%:Z * p.
Proof. by rewrite /undilate; case: eqP => // v0 [<-]; rewrite {1}(euclid_eq v u) v0 addr0. Qed.

Lemma position_inj (a : axis) (o : int) (k k' : 'I_(kernel a)) : (0 < dilation a)%N ->
  position a o k = position a o k' -> k = k'.
Proof.
move=> d_gt0; rewrite /position => /addIr/addrI.
have d_neq0 : (dilation a)%:Z != 0 by case: (dilation a) d_gt0.
by move/(mulfI d_neq0); case: (reversed a) => [/addrI/oppr_inj|] [eq_k]; exact: val_inj.
Qed.

(* With dilations above 0, an output reads a position through one tap at most. *)
Lemma reads_inj (D : nat) (g : nat -> axis) (o p : vec D) (k k' : tap (nd_access D g)) :
  (forall n, 0 < dilation (g n))%N -> reads (nd_access D g) o k = Some p ->
  reads (nd_access D g) o k' = Some p -> k = k'.
Proof.
elim: D g o p k k' => [|D IH] g; first by move=> [] [] [] [].
move=> [o o'] [p p'] [k1 k2] [k1' k2'] d_gt0 /=.
case eq1: (undilate _ _) => [v|] //=; case eq2: (reads _ _ k2) => [w|] //= [eq_v eq_w].
case eq1': (undilate _ _) => [v'|] //=; case eq2': (reads _ _ k2') => [w'|] //= [eq_v' eq_w'].
congr pair; last first.
  by apply: (IH _ o' p' _ _ (fun n => d_gt0 n.+1)); rewrite ?eq2 ?eq2' ?eq_w ?eq_w'.
apply: (position_inj (o := o) (d_gt0 0%N)).
by rewrite (undilateK eq1) (undilateK eq1') eq_v eq_v'.
Qed.

Lemma card_phases (D : nat) (E : nat -> nat) :
  #|phase (nd_phasing D E)| = (\prod_(n < D) E n)%N.
Proof.
elim: D E => [|D IH] E; first by rewrite big_ord0 card_unit.
by rewrite big_ord_recl /= card_prod card_ord IH.
Qed.

Lemma card_taps (D : nat) (g : nat -> axis) :
  #|tap (nd_access D g)| = (\prod_(n < D) kernel (g n))%N.
Proof.
elim: D g => [|D IH] g; first by rewrite big_ord0 card_unit.
by rewrite big_ord_recl /= card_prod card_ord IH.
Qed.

(* The graph of a partial function has a point for each place where it is defined. *)
Lemma card_graph (X Y : finType) (l : X -> option Y) :
  #|[pred p : X * Y | l p.1 == Some p.2]| = #|[pred x | l x]|.
Proof.
rewrite -!sum1_card [RHS]big_mkcond /=.
rewrite -(pair_big_dep xpredT (fun x y => l x == Some y) (fun _ _ => 1%N)) /=.
apply: eq_bigr => x _; rewrite inE; case: (l x) => [y|] /=; last by rewrite big_pred0.
by rewrite (big_pred1 y) // => y'; rewrite /= eq_sym.
Qed.

Section Slots.

Variables (D : nat) (f : nat -> tie) (ok : forall n, tie_ok (f n)) (C M : finType).

Notation tap_in := (tap (strided_nd D f)).
Notation tap_out := (tap (unstrided_nd D f)).
Notation phase_in := (phase (phases_in D f)).
Notation phase_out := (phase (phases_out D f)).

Definition slot : finType := [finType of (M * phase_out) * (C * phase_in) * tap_out].
Definition parameter : finType := [finType of M * C * tap_in].

Definition holds (s : slot) (p : parameter) : bool :=
  [&& p.1.1 == s.1.1.1, p.1.2 == s.1.2.1 & in_tables s.1.1.2 p.2 s.1.2.2 s.2].

Definition share (R : ringType) (w : M -> C -> tap_in -> R) (s : slot) : R :=
  tied w s.1.1 s.1.2 s.2.

Lemma shareE (R : ringType) (w : M -> C -> tap_in -> R) (s : slot) :
  share w s = \sum_(p | holds s p) w p.1.1 p.1.2 p.2.
Proof.
case: s => [[[m rho] [c r]] q]; rewrite /share /tied /=.
rewrite (eq_bigl (fun p : parameter => (p.1 == (m, c)) && in_tables rho p.2 r q)); last first.
  by case=> [[m' c'] k]; rewrite /holds /= xpair_eqE andbA.
rewrite -(pair_big_dep (pred1 (m, c)) (fun _ k => in_tables rho k r q)
  (fun mc k => w mc.1 mc.2 k)) /=.
by rewrite big_pred1_eq.
Qed.

Notation landing := (lands (nd_square D ok)).

Lemma holdsE (s : slot) (p : parameter) :
  holds s p = [&& p.1.1 == s.1.1.1, p.1.2 == s.1.2.1
                & landing s.1.1.2 p.2 == Some (s.1.2.2, s.2)].
Proof. by rewrite /holds (nd_table ok). Qed.

Lemma unstrided_reads i (q : tap_out) : reads (unstrided_nd D f) i q = Some (positions i q).
Proof. exact: reads_positions. Qed.

(* A tap lands iff what it reads is no hole; where it lands is what it reads, on phases. *)
Lemma landing_reads rho i (k : tap_in) :
  reads (strided_nd D f) (fine (phases_out D f) rho i) k
  = omap (fun rq => fine (phases_in D f) rq.1 (positions i rq.2)) (landing rho k).
Proof.
rewrite (squareP (nd_square D ok)); case: (landing rho k) => //= rq.
by rewrite unstrided_reads.
Qed.

(* How many slots hold a parameter: as many as there are phases in which its tap is not silent. *)
Theorem slots_of_live (p : parameter) (i : vec D) :
  #|[pred s : slot | holds s p]|
  = #|[pred rho | reads (strided_nd D f) (fine (phases_out D f) rho i) p.2]|.
Proof.
case: p => [[m c] k]; rewrite -[RHS](eq_card (A := [pred rho | landing rho k])); last first.
  by move=> rho; rewrite !inE landing_reads; case: (landing rho k).
rewrite -card_graph.
pose place (x : phase_out * (phase_in * tap_out)) : slot := ((m, x.1), (c, x.2.1), x.2.2).
have place_inj : injective place by move=> [? [? ?]] [? [? ?]] [-> -> ->].
rewrite -(card_image place_inj); apply: eq_card => s; rewrite inE holdsE /=.
apply/idP/imageP => [|[[rho [r q]] k_lands ->]]; last by rewrite /= !eqxx.
case: s => [[[m' rho] [c' r]] q] /and3P[/eqP/= <- /eqP/= <- k_lands].
by exists (rho, (r, q)).
Qed.

Theorem slots_of_parameter (p : parameter) : (forall n, base (strided (f n)) = 1%N) ->
  #|[pred s : slot | holds s p]| = (\prod_(n < D) e_out (f n))%N.
Proof.
move=> u1; rewrite (slots_of_live p (origin D)) -(card_phases D (fun n => e_out (f n))).
apply: eq_card => rho.
by rewrite !inE reads_positions.
Qed.

Theorem all_slots :
  #|slot| = (#|M| * #|C| * (\prod_(n < D) e_out (f n)) * (\prod_(n < D) e_in (f n))
             * \prod_(n < D) new_kernel (f n))%N.
Proof.
rewrite !card_prod !card_phases card_taps -!mulnA; congr (_ * _)%N.
by rewrite mulnCA.
Qed.

Hypothesis d_gt0 : forall n, (0 < dilation (strided (f n)))%N.

(* A slot holds one parameter at most. *)
Lemma holds_one (s : slot) (p p' : parameter) : holds s p -> holds s p' -> p = p'.
Proof.
rewrite !holdsE; case: s p p' => [[[m rho] [c r]] q] [[m1 c1] k] [[m2 c2] k'] /=.
case/and3P=> /eqP-> /eqP-> /eqP k_lands /and3P[/eqP-> /eqP-> /eqP k'_lands]; congr pair.
by apply: (reads_inj (o := fine (phases_out D f) rho (origin D)) d_gt0);
  rewrite landing_reads ?k_lands ?k'_lands.
Qed.

(* Each slot that is not zero holds one parameter, and each parameter sits in prod E_out slots. *)
Theorem live_slots : (forall n, base (strided (f n)) = 1%N) ->
  #|[pred s : slot | [exists p, holds s p]]|
  = (#|M| * #|C| * (\prod_(n < D) e_out (f n)) * \prod_(n < D) kernel (strided (f n)))%N.
Proof.
move=> u1; transitivity (\sum_(p : parameter) \prod_(n < D) e_out (f n))%N; last first.
  by rewrite sum_nat_const !card_prod card_taps mulnAC.
rewrite -sum1_card big_mkcond /=.
under [RHS]eq_bigr => p _ do rewrite -(slots_of_parameter p u1) -sum1_card big_mkcond /=.
rewrite exchange_big /=; apply: eq_bigr => s _; rewrite inE -big_mkcond /=.
case: existsP => [[p s_p]|none]; last first.
  by rewrite big_pred0 // => p; apply/negP => s_p; case: none; exists p.
by rewrite (big_pred1 p) // => p'; rewrite inE; apply/idP/eqP => [/(holds_one s_p)|->].
Qed.

(* What a dense expanded kernel stores, and what of it is not zero; tight ties waste no tap. *)
Theorem cost : (forall n, base (strided (f n)) = 1%N) -> (forall n, tie_tight (f n)) ->
  let span a := absz (q_max (strided a) (e_in a) (e_out a)
                      - q_min (strided a) (e_in a) (e_out a) + 1) in
  #|[pred s : slot | [exists p, holds s p]]|
    = (#|M| * #|C| * (\prod_(n < D) e_out (f n)) * \prod_(n < D) kernel (strided (f n)))%N
  /\ #|slot| = (#|M| * #|C| * (\prod_(n < D) e_out (f n)) * (\prod_(n < D) e_in (f n))
                * \prod_(n < D) span (f n))%N.
Proof.
move=> u1 tight span; split; first exact: live_slots.
rewrite all_slots; congr (_ * _)%N; apply: eq_bigr => n _.
by rewrite /span -(tight_kernel (ok n) (tight n)) absz_nat.
Qed.

Section Folding.

Variable R : ringType.

Lemma share_slot (w : M -> C -> tap_in -> R) (s : slot) (p : parameter) :
  holds s p -> share w s = w p.1.1 p.1.2 p.2.
Proof.
move=> s_p; rewrite shareE (big_pred1 p) // => p'.
by apply/idP/eqP => [/(holds_one s_p)|->].
Qed.

Lemma share_zero (w : M -> C -> tap_in -> R) (s : slot) :
  (forall p, ~~ holds s p) -> share w s = 0.
Proof. by move=> none; rewrite shareE big_pred0 // => p; exact/negbTE. Qed.

(* A kernel on phases folds iff it is constant on the slots of each parameter and zero elsewhere. *)
Theorem folding (V : slot -> R) :
  (exists w, V =1 share w)
  <-> (forall s s' p, holds s p -> holds s' p -> V s = V s')
      /\ (forall s, (forall p, ~~ holds s p) -> V s = 0).
Proof.
split=> [[w V_w]|[same zero]].
  split=> [s s' p s_p s'_p|s none]; last by rewrite V_w share_zero.
  by rewrite !V_w (share_slot w s_p) (share_slot w s'_p).
exists (fun m c k => if [pick s | holds s (m, c, k)] is Some s then V s else 0) => s.
case: (pickP (holds s)) => [p s_p|none]; last first.
  by rewrite share_zero ?zero // => p; rewrite none.
rewrite (share_slot _ s_p) -!surjective_pairing; case: pickP => [s' s'_p|/(_ s)].
  exact: same s_p s'_p.
by rewrite s_p.
Qed.

(* What it folds to is unique, as each parameter has a slot. *)
Theorem folding_unique (w w' : M -> C -> tap_in -> R) :
  (forall n, base (strided (f n)) = 1%N) -> share w =1 share w' ->
  forall m c k, w m c k = w' m c k.
Proof.
move=> u1 eq_w m c k; have : (0 < #|[pred s : slot | holds s (m, c, k)]|)%N.
  by rewrite slots_of_parameter // prodn_gt0 // => n; exact: e_out_gt0.
case/card_gt0P=> s; rewrite inE => s_k.
by have := eq_w s; rewrite !(share_slot _ s_k).
Qed.

End Folding.

End Slots.
