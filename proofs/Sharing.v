(* Sharing.v: striding is a way of sharing parameters.

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
   impulse c v          the signal that is 1 at position v of channel c and 0 elsewhere
   coefficient ok V m c o v   what the expanded layer with kernel V on slots has in channel m at
                        fine position o when fed the impulse (c, v): the matrix of the operator
                        that V means; coefficient_slot and coefficient_zero give all of its values
   shift, times, in_step   sums of positions, products axis by axis, and steps e of the output and d
                        of the input with u d = s e
   sharing_is_equivariance   V is the image of a strided kernel iff steps of output and input leave
                        its coefficients as they are, and no output sees an input that none of its
                        taps reads; sharing_of_convolution: with u = 1 the input moves by s e, and
                        one_axis_at_a_time: by one output on one axis is enough; taps_are_needed,
                        shifts_are_needed: neither condition follows from the other
   loss, value, at_point   polynomials in finitely many entries as expressions, and their values
   line w x             the point w on the move in direction x, a polynomial for each entry
   slope L W            the derivative at 0 of L along the curve W; partial x L by Leibniz' rules
   shared L             a loss of the expanded kernel as one of the strided kernel
   gradient_of_shared   its partial derivative by a parameter is the sum of those of L by the
                        parameter's slots; descent_of_shared: a step of gradient descent
   Edges: at dilation 0 a slot holds several parameters; folding and what rests on it ask for
   dilations above 0.  On an axis of kernel 0 there are no parameters, and all slots are zero. *)

From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require Import Arith Index Conv Destride Tie Layer Exists.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory Num.Theory Order.Theory.
Local Open Scope ring_scope.

Fixpoint origin (D : nat) : vec D := if D is D'.+1 then (0, origin D') else tt.

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

(* Steps e of the output and d of the input that agree: u d = s e on every axis. *)
Definition in_step (D : nat) (g : nat -> axis) (e d : vec D) : Prop :=
  times (fun n => base (g n)) d = times (fun n => stride (g n)) e.

Lemma position_step (a : axis) (o e d : int) (k : nat) :
  (base a)%:Z * d = (stride a)%:Z * e -> position a (o + e) k = d * (base a)%:Z + position a o k.
Proof. by rewrite /position mulrDr [d * _]mulrC => ->; rewrite !addrA (addrC (_ * o)). Qed.

Lemma reads_shift (D : nat) (g : nat -> axis) (o e d : vec D) (k : tap (nd_access D g)) :
  (forall n, 0 < base (g n))%N -> in_step g e d ->
  reads (nd_access D g) (shift o e) k
  = omap (fun v : vec D => shift v d) (reads (nd_access D g) o k).
Proof.
elim: D g o e d k => [|D IH] g //= [o o'] [e e'] [d d'] [k k'] u_gt0 [eq_d eq_d'] /=.
have u_neq0 : (base (g 0%N))%:Z != 0 by case: (base _) (u_gt0 0%N).
rewrite (IH _ o' e' d' k' (fun n => u_gt0 n.+1) eq_d').
rewrite (position_step o k eq_d) /undilate modzMDl divzMDl //.
case: ifP => //= _; case: (reads _ o' k') => //= v.
by rewrite (addrC d).
Qed.

Lemma reads_in_step (D : nat) (g : nat -> axis) (o e v d : vec D) (k : tap (nd_access D g)) :
  reads (nd_access D g) o k = Some v -> reads (nd_access D g) (shift o e) k = Some (shift v d) ->
  in_step g e d.
Proof.
elim: D g o e v d k => [|D IH] g //; move=> [o o'] [e e'] [v v'] [d d'] [k k'] /=.
case eq1: (undilate _ _) => [p|] //=; case eq1': (reads _ o' k') => [p'|] //= [eq_v eq_v'].
case eq2: (undilate _ _) => [q|] //=; case eq2': (reads _ _ k') => [q'|] //= [eq_d eq_d'].
rewrite /in_step /=; congr pair; last first.
  by apply: (IH (fun n => g n.+1) o' e' v' d' k'); rewrite ?eq1' ?eq2' ?eq_v' ?eq_d'.
have := undilateK eq2; rewrite eq_d mulrDr -eq_v -(undilateK eq1) /position.
by rewrite mulrDr; set x := (stride _)%:Z * o; set y := (stride _)%:Z * e; set z := _ * d => ?;
  int_lia.
Qed.

Lemma times_base1 (D : nat) (u : nat -> nat) (v : vec D) : (forall n, u n = 1%N) -> times u v = v.
Proof.
by elim: D u v => [|D IH] u /=; [case | move=> [v w] u1 /=; rewrite u1 mul1r IH].
Qed.

Lemma remainder_lt (E : nat) (v : int) : (0 < E)%N -> (absz (v %% E%:Z)%Z < E)%N.
Proof. by move=> E_gt0; have /andP[ge0 lt] := euclid_bound v E_gt0; rewrite -ltz_nat gez0_abs. Qed.

(* The phase and the coarse position of a fine position. *)
Fixpoint phase_of (D : nat) : forall E, (forall n, 0 < E n)%N -> vec D -> phase (nd_phasing D E) :=
  match D return forall E, (forall n, 0 < E n)%N -> vec D -> phase (nd_phasing D E) with
  | 0 => fun _ _ _ => tt
  | D'.+1 => fun E gt0 v => (Ordinal (remainder_lt v.1 (gt0 0%N)),
      @phase_of D' (fun n => E n.+1) (fun n => gt0 n.+1) v.2)
  end.

Fixpoint block_of (D : nat) : (nat -> nat) -> vec D -> vec D :=
  if D is D'.+1 return (nat -> nat) -> vec D -> vec D then
    fun E v => ((v.1 %/ (E 0%N)%:Z)%Z, block_of (fun n => E n.+1) v.2)
  else fun _ _ => tt.

Lemma phase_block (D : nat) (E : nat -> nat) (gt0 : forall n, (0 < E n)%N) (v : vec D) :
  fine (nd_phasing D E) (phase_of gt0 v) (block_of E v) = v.
Proof.
elim: D E gt0 v => [|D IH] E gt0 /=; first by case.
move=> [v w] /=; rewrite IH; congr pair.
by have /andP[ge0 _] := euclid_bound v (gt0 0%N); rewrite gez0_abs // -euclid_eq.
Qed.

Lemma fine_inj (D : nat) (E : nat -> nat) (r r' : phase (nd_phasing D E)) (i i' : vec D) :
  fine (nd_phasing D E) r i = fine (nd_phasing D E) r' i' -> r = r' /\ i = i'.
Proof.
elim: D E r r' i i' => [|D IH] E; first by move=> [] [] [] [].
move=> [r s] [r' s'] [i j] [i' j'] /= [eq_v /IH[-> ->]].
have r_in (x : 'I_(E 0%N)) : 0 <= (x : nat)%:Z < (E 0%N)%:Z by rewrite ltz_nat ltn_ord.
have [-> [eq_r]] := euclid_unique (r_in r) (r_in r') eq_v.
by have -> : r = r' by exact: val_inj.
Qed.

Section Equivariance.

Variables (D : nat) (f : nat -> tie) (ok : forall n, tie_ok (f n)) (C M : finType) (R : ringType).

Notation slot := (slot D f C M).
Notation fine_in := (fine (phases_in D f)).
Notation fine_out := (fine (phases_out D f)).

Definition impulse (c : C) (v : vec D) (c' : C) (v' : vec D) : R :=
  ((c' == c) && same v' v)%:R.

Definition coefficient (V : slot -> R) (m : M) (c : C) (o v : vec D) : R :=
  conv (A := unstrided_nd D f) (fun mrho cr q => V (mrho, cr, q))
    (phases (E := phases_in D f) (impulse c v))
    (m, phase_of (fun n => e_out_gt0 (ok n)) o) (block_of (fun n => e_out (f n)) o).

Lemma coefficientE (V : slot -> R) m c rho i v :
  coefficient V m c (fine_out rho i) v
  = \sum_cr \sum_q V ((m, rho), cr, q)
      * ((cr.1 == c) && same (fine_in cr.2 (positions i q)) v)%:R.
Proof.
rewrite /coefficient; set rho' := phase_of _ _; set i' := block_of _ _.
have [-> ->] : rho' = rho /\ i' = i by apply: fine_inj; exact: phase_block.
by apply: eq_bigr => cr _; apply: eq_bigr => q _; rewrite unstrided_reads.
Qed.

Lemma positions_inj i (q q' : tap (unstrided_nd D f)) : positions i q = positions i q' -> q = q'.
Proof.
move=> eq_q; apply: (@reads_inj D _ i (positions i q)) => //; rewrite unstrided_reads //.
by rewrite eq_q.
Qed.

(* The coefficients of V, in full: at the positions of a slot that slot, and zero elsewhere. *)
Theorem coefficient_slot (V : slot -> R) m c rho r q i :
  coefficient V m c (fine_out rho i) (fine_in r (positions i q)) = V ((m, rho), (c, r), q).
Proof.
rewrite coefficientE pair_bigA (bigD1 ((c, r), q)) //= eqxx (introT (sameP _ _)) // mulr1.
rewrite big1 ?addr0 // => -[[c' r'] q'] /= neq.
case: eqP => [eq_c|_] /=; last by rewrite mulr0.
case: sameP => [/fine_inj[eq_r /positions_inj eq_q]|_]; last by rewrite mulr0.
by case/eqP: neq; rewrite eq_c eq_r eq_q.
Qed.

Theorem coefficient_zero (V : slot -> R) m c rho i v :
  (forall r (q : tap (unstrided_nd D f)), fine_in r (positions i q) <> v) ->
  coefficient V m c (fine_out rho i) v = 0.
Proof.
move=> none; rewrite coefficientE big1 // => -[c' r] _; rewrite big1 // => q _.
by case: sameP => [/none //|_]; rewrite andbF mulr0.
Qed.

(* The operator of an image is the strided layer. *)
Lemma coefficient_share (w : M -> C -> tap (strided_nd D f) -> R) m c o v :
  coefficient (share w) m c o v = conv w (impulse c v) m o.
Proof.
rewrite -{2}(phase_block (fun n => e_out_gt0 (ok n)) o).
by rewrite (layer_destride ok).
Qed.

Lemma holdsP (s : slot) (p : parameter D f C M) (i : vec D) :
  reflect [/\ p.1.1 = s.1.1.1, p.1.2 = s.1.2.1 & reads (strided_nd D f) (fine_out s.1.1.2 i) p.2
             = Some (fine_in s.1.2.2 (positions i s.2))] (holds s p).
Proof.
rewrite (holdsE ok) (landing_reads ok); apply: (iffP and3P).
  by case=> /eqP-> /eqP-> /eqP->.
case=> -> -> eq_v; rewrite !eqxx; split=> //; apply/eqP.
by case: (lands _ _ _) eq_v => [[r q]|] //= [/fine_inj[-> /positions_inj->]].
Qed.

(* Moving the output by e and the input by d with u d = s e on every axis changes nothing. *)
Definition intertwines (V : slot -> R) : Prop := forall m c o v e d,
  in_step (fun n => strided (f n)) e d ->
  coefficient V m c (shift o e) (shift v d) = coefficient V m c o v.

(* No output sees an input that none of its taps reads. *)
Definition on_taps (V : slot -> R) : Prop := forall m c o v,
  (forall k, reads (strided_nd D f) o k <> Some v) -> coefficient V m c o v = 0.

Lemma on_taps_zero (V : slot -> R) :
  on_taps V <-> (forall s, (forall p, ~~ holds s p) -> V s = 0).
Proof.
split=> [zero s none|zero m c o v none].
  have -> : V s = V (s.1.1, (s.1.2.1, s.1.2.2), s.2) by rewrite -!surjective_pairing.
  rewrite [s.1.1]surjective_pairing -(coefficient_slot V _ _ _ _ _ (origin D)).
  apply: zero => k eq_k; case/negP: (none (s.1.1.1, s.1.2.1, k)).
  exact/(holdsP _ _ (origin D)).
rewrite -(phase_block (fun n => e_out_gt0 (ok n)) o) in none *.
rewrite coefficientE big1 // => -[c' r] _; rewrite big1 // => q _.
case: sameP => [eq_v|_]; last by rewrite andbF mulr0.
rewrite zero ?mul0r // => p; apply/negP => s_p; case: (none p.2).
by have [_ _ ->] := elimT (holdsP _ p (block_of (fun n => e_out (f n)) o)) s_p; rewrite eq_v.
Qed.

(* Whole blocks shift whatever the kernel: E_out outputs and E_in t inputs. *)
Lemma blocks_shift (V : slot -> R) m c o v (j : vec D) :
  coefficient V m c (shift o (times (fun n => e_out (f n)) j))
    (shift v (times (fun n => (e_in (f n) * new_stride (f n))%N) j))
  = coefficient V m c o v.
Proof.
have fine_shift (E : nat -> nat) r i (e : vec D) :
    fine (nd_phasing D E) r (shift i e) = shift (fine (nd_phasing D E) r i) (times E e).
  elim: (D) E r i e => [|D' IH] E //= r i e; rewrite IH; congr pair.
  by rewrite mulrDr addrAC.
have times_times (s t : nat -> nat) (e : vec D) :
    times s (times t e) = times (fun n => (s n * t n)%N) e.
  by elim: (D) s t e => [|D' IH] s t //= e; rewrite IH mulrA PoszM.
have positions_shift (i : vec D) q : @positions D (fun n => unstrided (f n)) (shift i j) q
    = shift (positions i q) (times (fun n => new_stride (f n)) j).
  have step : in_step (fun n => unstrided (f n)) j (times (fun n => new_stride (f n)) j).
    by rewrite /in_step times_base1.
  by apply: Some_inj; rewrite -unstrided_reads (reads_shift _ _ _ step) ?unstrided_reads.
rewrite -(phase_block (fun n => e_out_gt0 (ok n)) o) -fine_shift !coefficientE.
apply: eq_bigr => cr _; apply: eq_bigr => q _; congr (_ * (_ && _)%:R).
by rewrite positions_shift fine_shift times_times; apply/sameP/sameP => [/shift_inj|->].
Qed.

(* With one output phase to each axis that is all there is to shift: the first condition says
   nothing, and only the second one tells the images of strided kernels from other kernels. *)
Lemma one_phase_intertwines (V : slot -> R) : (forall n, e_out (f n) = 1%N) -> intertwines V.
Proof.
move=> E1 m c o v e d step.
have eq_e : e = times (fun n => e_out (f n)) e by rewrite times_base1.
suff -> : d = times (fun n => (e_in (f n) * new_stride (f n))%N) e by rewrite {1}eq_e blocks_shift.
have u_neq0 n : (base (strided (f n)))%:Z != 0 by case: (base _) (base_gt0 (ok n)).
have fits n : (base (strided (f n)) * (e_in (f n) * new_stride (f n)) = stride (strided (f n)))%N.
  by have /and5P[_ _ /eqP eq_s _ _] := ok n; rewrite mulnCA mulnA eq_s E1 mul1n.
move: step {eq_e}; rewrite /in_step.
elim: (D) (f) e d u_neq0 fits => [|D' IH] g //=; first by move=> [] [].
move=> [e e'] [d d'] u_neq0 fits [eq_d eq_d'].
rewrite -(IH (fun n => g n.+1) e' d' (fun n => u_neq0 n.+1) (fun n => fits n.+1) eq_d').
by congr pair; apply: (mulfI (u_neq0 0%N)); rewrite eq_d -(fits 0%N) PoszM -mulrA.
Qed.

Hypothesis d_gt0 : forall n, (0 < dilation (strided (f n)))%N.

Theorem sharing_is_equivariance (V : slot -> R) :
  (exists w, V =1 share w) <-> intertwines V /\ on_taps V.
Proof.
split=> [[w V_w]|[shifts /on_taps_zero zero]].
  have /(folding ok d_gt0)[_ zero] : exists w, V =1 share w by exists w.
  split=> [m c o v e d step|]; last exact/on_taps_zero.
  have value o' v' : coefficient V m c o' v' = conv w (impulse c v') m o'.
    rewrite -coefficient_share; apply: eq_bigr => cr _; apply: eq_bigr => q _.
    by rewrite V_w.
  rewrite !value; apply: eq_bigr => c' _; apply: eq_bigr => k _; congr (_ * _).
  rewrite (reads_shift _ _ (fun n => base_gt0 (ok n)) step) /impulse.
  case: (reads _ o k) => //= p; congr (_ && _)%:R.
  by apply/sameP/sameP => [/shift_inj|->].
apply/(folding ok d_gt0); split=> // s s' p.
pose from (s : slot) := fine_out s.1.1.2 (origin D).
pose at_ (s : slot) := fine_in s.1.2.2 (positions (origin D) s.2).
have V_slot (s0 : slot) : V s0 = coefficient V s0.1.1.1 s0.1.2.1 (from s0) (at_ s0).
  by rewrite coefficient_slot -!surjective_pairing.
move=> /(holdsP _ _ (origin D))[eq_m eq_c eq_v] /(holdsP _ _ (origin D))[eq_m' eq_c' eq_v'].
rewrite !V_slot -eq_m -eq_c -eq_m' -eq_c'.
have [e eq_e] := shift_between (from s) (from s').
have [d eq_d] := shift_between (at_ s) (at_ s').
rewrite -eq_e -eq_d shifts //; apply: (reads_in_step eq_v).
by rewrite -/(from s) -/(at_ s) eq_e eq_d.
Qed.

(* Without base dilation: the input moves by s e. *)
Corollary sharing_of_convolution (V : slot -> R) : (forall n, base (strided (f n)) = 1%N) ->
  (exists w, V =1 share w)
  <-> (forall m c o v e,
         coefficient V m c (shift o e) (shift v (times (fun n => stride (strided (f n))) e))
         = coefficient V m c o v)
      /\ (forall m c o v, (forall k : tap (strided_nd D f), positions o k <> v) ->
            coefficient V m c o v = 0).
Proof.
move=> u1; apply: (iff_trans (sharing_is_equivariance V)); split=> -[shifts zero]; split.
- by move=> m c o v e; apply: shifts; exact: times_base1.
- by move=> m c o v none; apply: zero => k; rewrite reads_positions // => -[/none].
- by move=> m c o v e d; rewrite /in_step (times_base1 d u1) => ->; exact: shifts.
- by move=> m c o v none; apply: zero => k eq_v; case: (none k); rewrite reads_positions // eq_v.
Qed.

(* There it is enough to move by one output on one axis at a time. *)
Lemma one_axis_at_a_time (V : slot -> R) (s : nat -> nat) :
  (forall n m c o v, (n < D)%N ->
     coefficient V m c (shift o (unit_step D n)) (shift v (times s (unit_step D n)))
     = coefficient V m c o v) ->
  forall m c o v e, coefficient V m c (shift o e) (shift v (times s e)) = coefficient V m c o v.
Proof.
move=> one m c o v e; move: e m c o v.
apply: steps_generate => [m c o v|e e' IH IH' m c o v|e e' eq0 IH m c o v|n n_lt m c o v].
- by rewrite times0 !shift0.
- by rewrite times_shift -!shiftA IH' IH.
- by rewrite -(IH m c (shift o e')) !shiftA -times_shift eq0 times0 !shift0.
- exact: one.
Qed.

End Equivariance.

(* Neither condition follows from the other.  A kernel of all ones on an axis of one output phase
   intertwines the shifts but fills slots that no tap reaches; a kernel that is not zero for one of
   two output phases is on the taps but forgets its parameter's other slot. *)
Definition one_phase : nat -> tie := ties [:: make_tie (Axis 3 2 1 1 1 false) 2 1 1].
Definition two_phases : nat -> tie := ties [:: make_tie (Axis 1 1 1 1 0 false) 2 2 1].

Lemma one_phase_ok n : tie_ok (one_phase n). Proof. by apply: ties_ok; vm_compute. Qed.
Lemma two_phases_ok n : tie_ok (two_phases n). Proof. by apply: ties_ok; vm_compute. Qed.

Example taps_are_needed :
  let V := fun _ : slot 1 one_phase [finType of unit] [finType of unit] => 1 in
  intertwines (R := [ringType of int]) one_phase_ok V
  /\ ~ (exists w : unit -> unit -> tap _ -> int, V =1 share w).
Proof.
split; first by apply: one_phase_intertwines => -[|n] //; rewrite /one_phase /ties nth_default.
case=> w /(_ ((tt, (ord0, tt)), (tt, (ord0, tt)), (ord0, tt))); rewrite share_zero // => -[[[] []]].
by case=> [[[|[|[|//]]] lt] []]; vm_compute.
Qed.

Example shifts_are_needed :
  let V := fun s : slot 1 two_phases [finType of unit] [finType of unit] =>
    ((s.1.1.2.1 : 'I_2) == ord0)%:R * ((s.1.2.2.1 : 'I_2) == ord0)%:R in
  on_taps (R := [ringType of int]) two_phases_ok V
  /\ ~ (exists w : unit -> unit -> tap _ -> int, V =1 share w).
Proof.
have d_gt0 n : (0 < dilation (strided (two_phases n)))%N.
  by case: n => [|n] //; rewrite /two_phases /ties nth_default; case: n.
move=> V; split.
  apply/on_taps_zero => -[[[[] [rho []]] [[] [r []]]] [q []]] /(_ (tt, tt, (ord0, tt))).
  by case: rho r q => [[|[|//]] ?] [[|[|//]] ?] [[|//] ?]; rewrite /V /= ?mulr0 ?mul0r.
pose s0 : slot 1 two_phases [finType of unit] [finType of unit]
  := ((tt, (ord0, tt)), (tt, (ord0, tt)), (ord0, tt)).
pose s1 : slot 1 two_phases [finType of unit] [finType of unit]
  := ((tt, (ord_max, tt)), (tt, (ord_max, tt)), (ord0, tt)).
move/(folding two_phases_ok d_gt0) => [/(_ s0 s1 (tt, tt, (ord0, tt)) isT isT)].
by rewrite /V.
Qed.

(* Losses: polynomials in the numbers of a kernel, and their formal derivatives. *)
Section Losses.

Variables (R : comRingType) (X : finType).

Inductive loss :=
  | Constant of R
  | Entry of X
  | Plus of loss & loss
  | Times of loss & loss.

Fixpoint value (A : ringType) (scalar : R -> A) (w : X -> A) (L : loss) : A :=
  match L with
  | Constant a => scalar a
  | Entry x => w x
  | Plus K L => value scalar w K + value scalar w L
  | Times K L => value scalar w K * value scalar w L
  end.

Definition at_point (w : X -> R) (L : loss) : R := value id w L.

(* The derivative at 0 of L along a curve W, a polynomial for each entry. *)
Definition slope (L : loss) (W : X -> {poly R}) : R := (value polyC W L)^`().[0].

Fixpoint partial (x : X) (L : loss) : loss :=
  match L with
  | Constant _ => Constant 0
  | Entry y => Constant (y == x)%:R
  | Plus K L => Plus (partial x K) (partial x L)
  | Times K L => Plus (Times (partial x K) L) (Times K (partial x L))
  end.

Lemma eq_point (w w' : X -> R) (L : loss) : w =1 w' -> at_point w L = at_point w' L.
Proof. by move=> eq_w; rewrite /at_point; elim: L => //= K -> L ->. Qed.

Lemma value_at (W : X -> {poly R}) (z : R) (L : loss) :
  (value polyC W L).[z] = at_point (fun x => (W x).[z]) L.
Proof.
elim: L => [a|x|K IHK L IHL|K IHK L IHL] //=; first by rewrite hornerC.
  by rewrite hornerD IHK IHL.
by rewrite hornerM IHK IHL.
Qed.

(* The chain rule. *)
Lemma slope_curve (L : loss) (W : X -> {poly R}) :
  slope L W = \sum_x (W x)^`().[0] * at_point (fun y => (W y).[0]) (partial x L).
Proof.
rewrite /slope; elim: L => [a|y|K IHK L IHL|K IHK L IHL] /=.
- by rewrite derivC horner0 big1 // => x _; rewrite mulr0.
- rewrite (bigD1 y) //= /at_point /= eqxx mulr1 big1 ?addr0 // => x.
  by rewrite eq_sym => /negbTE->; rewrite mulr0.
- by rewrite derivD hornerD IHK IHL -big_split /=; apply: eq_bigr => x _; rewrite -mulrDr.
rewrite derivM hornerD !hornerM IHK IHL !value_at mulr_suml mulr_sumr -big_split /=.
apply: eq_bigr => x _; rewrite [RHS]mulrDr.
by congr (_ + _); [rewrite -mulrA | exact: mulrCA].
Qed.

End Losses.
Arguments slope {R X} L W.

(* The point w on the move in direction x, at speed 1. *)
Definition line (R : comRingType) (X : eqType) (w : X -> R) (x y : X) : {poly R} :=
  (w y)%:P + (y == x)%:R *: 'X.

Lemma line0 (R : comRingType) (X : eqType) (w : X -> R) x y : (line w x y).[0] = w y.
Proof. by rewrite hornerD hornerC hornerZ hornerX mulr0 addr0. Qed.

Lemma deriv_line (R : comRingType) (X : eqType) (w : X -> R) x y (z : R) :
  (line w x y)^`().[z] = (y == x)%:R.
Proof. by rewrite derivD derivC add0r derivZ derivX hornerZ hornerC mulr1. Qed.

(* What Leibniz' rules give is the derivative of a polynomial in one variable. *)
Theorem partial_is_derivative (R : comRingType) (X : finType) (L : loss R X) (w : X -> R) (x : X) :
  slope L (line w x) = at_point w (partial x L).
Proof.
rewrite slope_curve (bigD1 x) //= deriv_line eqxx mul1r big1 ?addr0; last first.
  by move=> y /negbTE neq; rewrite deriv_line neq mul0r.
by apply: eq_point => y; exact: line0.
Qed.

Section Gradient.

Variables (D : nat) (f : nat -> tie) (R : comRingType) (C M : finType).
Variable w : M -> C -> tap (strided_nd D f) -> R.

Notation slot := (slot D f C M).
Notation parameter := (parameter D f C M).

Definition entry (p : parameter) : R := w p.1.1 p.1.2 p.2.

(* The strided kernel on the move in parameter p, expanded. *)
Definition moving (p : parameter) : slot -> {poly R} :=
  share (fun m c k => line entry p (m, c, k)).

Lemma movingE (p : parameter) (s : slot) :
  moving p s = (share w s)%:P + (holds s p)%:R *: 'X.
Proof.
rewrite /moving !shareE rmorph_sum /=.
rewrite (eq_bigr (fun p' : parameter => (entry p')%:P + (p' == p)%:R *: 'X)); last first.
  by case=> [[m c] k] _.
rewrite big_split /=; congr (_ + _); case: (boolP (holds s p)) => s_p.
  by rewrite (bigD1 p) //= eqxx big1 ?addr0 // => p' /andP[_ /negbTE->]; rewrite scale0r.
rewrite scale0r big1 // => p' s_p'; case: eqP => [eq_p|_]; last by rewrite scale0r.
by rewrite -eq_p s_p' in s_p.
Qed.

(* The derivative of the expanded loss as one parameter moves is the sum of its derivatives as the
   parameter's slots move, each alone. *)
Lemma slope_of_shared (L : loss R slot) (p : parameter) :
  slope L (moving p) = \sum_(s | holds s p) slope L (line (share w) s).
Proof.
rewrite slope_curve [RHS]big_mkcond /=; apply: eq_bigr => s _.
rewrite movingE derivD derivC add0r derivZ derivX hornerZ hornerC mulr1 partial_is_derivative.
rewrite -mulr_natl; case: (holds s p); rewrite ?mul0r ?mul1r //.
by apply: eq_point => y; rewrite movingE hornerD hornerC hornerZ hornerX mulr0 addr0.
Qed.

(* A loss of the expanded kernel, as a loss of the strided one. *)
Fixpoint shared (L : loss R slot) : loss R parameter :=
  match L with
  | Constant a => Constant _ a
  | Entry s => foldr (fun p => Plus (Entry _ p)) (Constant _ 0) (enum (holds s))
  | Plus K L => Plus (shared K) (shared L)
  | Times K L => Times (shared K) (shared L)
  end.

Lemma value_shared (A : ringType) (scalar : {rmorphism R -> A}) (W : M -> C -> tap _ -> A)
    (L : loss R slot) :
  value scalar (fun p => W p.1.1 p.1.2 p.2) (shared L) = value scalar (share W) L.
Proof.
elim: L => [a|s|K IHK L IHL|K IHK L IHL] //=; rewrite ?IHK ?IHL //.
have -> : share W s = \sum_(p <- enum (holds s)) W p.1.1 p.1.2 p.2 by rewrite shareE big_enum.
elim: (enum _) => [|p l IH] /=; first by rewrite big_nil rmorph0.
by rewrite big_cons IH.
Qed.

Lemma at_shared (L : loss R slot) : at_point entry (shared L) = at_point (share w) L.
Proof. exact: (value_shared [rmorphism of idfun] w L). Qed.

(* The partial derivative by a parameter is the sum of those by the parameter's slots. *)
Theorem gradient_of_shared (L : loss R slot) (p : parameter) :
  at_point entry (partial p (shared L)) = \sum_(s | holds s p) at_point (share w) (partial s L).
Proof.
under eq_bigr => s _ do rewrite -partial_is_derivative.
rewrite -slope_of_shared -partial_is_derivative /slope /moving; congr (_^`()).[0].
by rewrite -(value_shared [rmorphism of polyC]).
Qed.

(* A step of gradient descent on the strided kernel, seen on the expanded one: each slot moves by
   the gradient of all slots that share its parameter. *)
Corollary descent_of_shared (L : loss R slot) (rate : R) (s : slot) :
  share (fun m c k => w m c k - rate * at_point entry (partial (m, c, k) (shared L))) s
  = share w s
    - rate * \sum_(p | holds s p) \sum_(s' | holds s' p) at_point (share w) (partial s' L).
Proof.
rewrite !shareE sumrB mulr_sumr; congr (_ - _); apply: eq_bigr => -[[m c] k] _.
by rewrite gradient_of_shared.
Qed.

End Gradient.
