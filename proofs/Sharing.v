(* Sharing.v: striding is a way of sharing parameters.

   slot           a place ((m,rho),(c,r),q) of the expanded kernel
   operator V     the coefficient of input v in output o of the map that kernel V on phases means
                  (one pair of channels, kernel positions q in all integers, zero for all but few)
   slots_of_parameter   with u = 1 each parameter sits in exactly E_out slots
   gradient_of_shared   a linear form on expanded kernels, read as one on strided kernels, has as
                  coefficient of w[m,c,k] the sum of its coefficients over the slots of (m,c,k)
   holds s k      slot (rho, (r, q)) holds the parameter of tap k
   live_slots, all_slots   E_out * K slots hold a parameter, of E_out * E_in * K' (u = 1)
   folding, folding_unique   a kernel on phases is the image of a strided one iff it is constant on
                  the slots of each parameter and zero elsewhere, and of one only
   sharing_is_equivariance   a kernel on phases is the image of a strided one iff shifting the
                  input by s shifts the output by 1
   Edges: silent taps (u > 1) sit in fewer slots than E_out; at dilation 0 a slot holds several. *)

From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require Import Arith Index Conv Destride Tie Layer.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory Num.Theory Order.Theory.
Local Open Scope ring_scope.

Theorem slots_of_parameter (a : tie) (k : 'I_(kernel (strided a))) :
  tie_ok a -> base (strided a) = 1%N ->
  #|[pred slot : 'I_(e_out a) * ('I_(e_in a) * 'I_(new_kernel a))
      | lands_at a slot.1 k slot.2.1 slot.2.2]| = e_out a.
Proof.
move=> ok u1; have found (rho : 'I_(e_out a)) : exists rq : 'I_(e_in a) * 'I_(new_kernel a),
    lands_at a rho k rq.1 rq.2.
  have k_live : live a rho k by rewrite /live u1 modz1.
  have [x x_in x1] := row_of_live ok k_live.
  by have [r [q [_ rq_lands]]] := lands_row ok x_in x1; exists (r, q).
pose slot rho := (rho, xchoose (found rho)).
have slot_inj : injective slot by move=> rho rho' [].
rewrite -[RHS]card_ord -(card_codom slot_inj); apply: eq_card => -[rho [r q]] /=.
apply/idP/codomP => [|[rho' ->]]; last exact: (xchooseP (found rho')).
rewrite inE /= => rq_lands; exists rho; congr pair.
have := xchooseP (found rho); case: (xchoose _) => r' q' /= rq'_lands.
have [-> eq_q] := lands_unique ok rq_lands rq'_lands.
by congr pair; exact: val_inj.
Qed.

Section Gradient.

Variables (P : Type) (A B : access P) (Ein Eout : phasing P) (S : square A B Ein Eout).
Variables (R : ringType) (C M : finType).

Definition form (g : M * phase Eout -> C * phase Ein -> tap B -> R)
    (W : M * phase Eout -> C * phase Ein -> tap B -> R) : R :=
  \sum_mrho \sum_cr \sum_q W mrho cr q * g mrho cr q.

Lemma sum_pairs (I J : finType) (F : I * J -> R) : \sum_p F p = \sum_i \sum_j F (i, j).
Proof. by rewrite pair_bigA; apply: eq_bigr => -[]. Qed.

Theorem gradient_of_shared (g : M * phase Eout -> C * phase Ein -> tap B -> R)
    (w : M -> C -> tap A -> R) :
  form g (expanded S w)
  = \sum_m \sum_c \sum_k w m c k
      * \sum_rho \sum_(rq | lands S rho k == Some rq) g (m, rho) (c, rq.1) rq.2.
Proof.
rewrite /form sum_pairs; apply: eq_bigr => m _.
under eq_bigr => rho _ do rewrite sum_pairs.
rewrite exchange_big /=; apply: eq_bigr => c _.
under [RHS]eq_bigr => k _ do rewrite mulr_sumr.
rewrite [RHS]exchange_big /=; apply: eq_bigr => rho _.
rewrite pair_bigA /=; under [RHS]eq_bigr => k _ do rewrite mulr_sumr.
rewrite [RHS](exchange_big_dep xpredT) //=; apply: eq_bigr => -[r q] _ /=.
by rewrite /expanded mulr_suml.
Qed.

End Gradient.

Section Equivariance.

Variables (R : ringType) (Ein Eout s t : nat).
Hypotheses (Ein_gt0 : (0 < Ein)%N) (Eout_gt0 : (0 < Eout)%N) (factors : (Ein * t = Eout * s)%N).

Variable V : int -> int -> int -> R.

Definition operator (o v : int) : R :=
  V (o %% Eout%:Z)%Z (v %% Ein%:Z)%Z ((v %/ Ein%:Z)%Z - t%:Z * (o %/ Eout%:Z)%Z).

Lemma operator_phase (rho r q : int) : 0 <= rho < Eout%:Z -> 0 <= r < Ein%:Z ->
  operator rho (Ein%:Z * q + r) = V rho r q.
Proof.
move=> rho_in r_in; rewrite /operator mulrC modzMDl divzMDl; last by case: Ein Ein_gt0.
by rewrite !modz_small // !divz_small ?absz_nat // mulr0 addr0 subr0.
Qed.

Theorem sharing_is_equivariance :
  (exists w : int -> R, forall rho r q, 0 <= rho < Eout%:Z -> 0 <= r < Ein%:Z ->
     V rho r q = w (Ein%:Z * q + r - s%:Z * rho))
  <-> (forall o v, operator (o + 1) (v + s%:Z) = operator o v).
Proof.
have s_t : Ein%:Z * t%:Z = Eout%:Z * s%:Z by rewrite -!PoszM factors.
split=> [[w V_w] o v|shift].
  have value o' v' : operator o' v' = w (v' - s%:Z * o').
    rewrite /operator V_w; last 2 first.
    - exact: (euclid_bound _ Eout_gt0).
    - exact: (euclid_bound _ Ein_gt0).
    have ev := euclid_eq v' Ein; have eo := euclid_eq o' Eout.
    have := congr1 (fun z => z * (o' %/ Eout%:Z)%Z) s_t => /= es.
    by congr w; rewrite [in RHS]ev [in RHS]eo; int_lia.
  by rewrite !value; congr w; int_lia.
have all_shifts o v : operator o v = operator 0 (v - s%:Z * o).
  case: o => n; first elim: n v => [|n IH] v.
  - by rewrite mulr0 subr0.
  - have -> : Posz n.+1 = n%:Z + 1 by rewrite -addn1 PoszD.
    have {1}-> : v = (v - s%:Z) + s%:Z by rewrite subrK.
    by rewrite shift IH; congr operator; int_lia.
  elim: n v => [|n IH] v; rewrite -shift.
    by rewrite (_ : Negz 0 + 1 = 0) //; congr operator; rewrite NegzE; int_lia.
  rewrite (_ : Negz n.+1 + 1 = Negz n) ?IH; last by rewrite !NegzE; int_lia.
  by congr operator; rewrite !NegzE; int_lia.
exists (operator 0) => rho r q rho_in r_in.
by rewrite -(operator_phase _ rho_in r_in) all_shifts.
Qed.

End Equivariance.

Section Folding.

Variables (a : tie) (ok : tie_ok a).
Hypothesis d_gt0 : (0 < dilation (strided a))%N.

Notation slot := ('I_(e_out a) * ('I_(e_in a) * 'I_(new_kernel a)))%type.
Notation tap_of := 'I_(kernel (strided a)).

Definition holds (s : slot) (k : tap_of) : bool := lands_at a s.1 k s.2.1 s.2.2.

Lemma holds_tap (s : slot) (k k' : tap_of) : holds s k -> holds s k' -> k = k'.
Proof.
rewrite /holds /lands_at => /eqP<- /eqP/esym; rewrite /position => /addIr/addrI eq_k.
have d_neq0 : (dilation (strided a))%:Z != 0 by case: (dilation _) d_gt0.
move/(mulfI d_neq0): eq_k; case: (reversed _) => [/addrI/oppr_inj|] [eq_k]; exact: val_inj.
Qed.

Lemma axis_landsE (s : slot) (k : tap_of) : (axis_lands s.1 k == Some s.2) = holds s k.
Proof.
case: s => rho [r q]; rewrite /holds /=; apply/eqP/idP => [|s_k].
  by rewrite /axis_lands; case: pickP => // -[r' q'] /= s_k [<- <-].
rewrite /axis_lands; case: pickP => [[r' q'] /= s_k'|/(_ (r, q))]; last by rewrite s_k.
by have [-> eq_q] := lands_unique ok s_k' s_k; congr (Some (_, _)); exact: val_inj.
Qed.

(* The slots of all parameters: E_out of each, K parameters. *)
Theorem live_slots : base (strided a) = 1%N ->
  #|[pred s : slot | [exists k, holds s k]]| = (e_out a * kernel (strided a))%N.
Proof.
move=> u1; have found (p : 'I_(e_out a) * tap_of) : exists rq, holds (p.1, rq) p.2.
  have k_live : live a p.1 p.2 by rewrite /live u1 modz1.
  have [x x_in x1] := row_of_live ok k_live.
  by have [r [q [_ rq_lands]]] := lands_row ok x_in x1; exists (r, q).
pose at_ p : slot := (p.1, xchoose (found p)).
have at_inj : injective at_.
  move=> [rho k] [rho' k'] [eq_rho eq_rq]; congr (_, _); first exact: eq_rho.
  apply: (holds_tap (s := (rho, xchoose (found (rho, k))))).
    exact: (xchooseP (found (rho, k))).
  by rewrite eq_rq eq_rho; exact: (xchooseP (found (rho', k'))).
rewrite -[RHS](_ : #|{: 'I_(e_out a) * tap_of}| = _); last by rewrite card_prod !card_ord.
rewrite -(card_codom at_inj); apply: eq_card => -[rho rq].
apply/existsP/codomP => [[k s_k]|[[rho' k'] ->]]; last first.
  by exists k'; exact: (xchooseP (found (rho', k'))).
exists (rho, k); congr pair; have := xchooseP (found (rho, k)); case: (xchoose _) => r' q' s_k'.
case: rq s_k => r q s_k; have [] := lands_unique ok s_k s_k' => /= -> eq_q.
by congr pair; exact: val_inj.
Qed.

Theorem all_slots : #|{: slot}| = (e_out a * (e_in a * new_kernel a))%N.
Proof. by rewrite !card_prod !card_ord. Qed.

Variables (R : ringType) (C M : finType).

Lemma expanded_slot (w : M -> C -> tap_of -> R) m c (s : slot) k :
  holds s k -> expanded (axis_square ok) w (m, s.1) (c, s.2.1) s.2.2 = w m c k.
Proof.
move=> s_k; rewrite /expanded (eq_bigl (pred1 k)) ?big_pred1_eq // => k' /=.
have -> : Some (s.2.1, s.2.2) = Some s.2 by case: s {s_k} => ? [].
rewrite axis_landsE; apply/idP/eqP => [s_k'|-> //]; exact: (holds_tap s_k').
Qed.

Lemma expanded_zero (w : M -> C -> tap_of -> R) m c (s : slot) :
  (forall k, ~~ holds s k) -> expanded (axis_square ok) w (m, s.1) (c, s.2.1) s.2.2 = 0.
Proof.
move=> none; rewrite /expanded big_pred0 // => k /=.
have -> : Some (s.2.1, s.2.2) = Some s.2 by case: s {none} => ? [].
by rewrite axis_landsE (negbTE (none k)).
Qed.

(* A kernel on phases folds iff it is constant on the slots of each parameter and zero elsewhere. *)
Theorem folding (V : M * 'I_(e_out a) -> C * 'I_(e_in a) -> 'I_(new_kernel a) -> R) :
  (exists w, forall m c (s : slot),
     V (m, s.1) (c, s.2.1) s.2.2 = expanded (axis_square ok) w (m, s.1) (c, s.2.1) s.2.2)
  <-> (forall m c (s s' : slot) k, holds s k -> holds s' k ->
         V (m, s.1) (c, s.2.1) s.2.2 = V (m, s'.1) (c, s'.2.1) s'.2.2)
      /\ (forall m c (s : slot), (forall k, ~~ holds s k) -> V (m, s.1) (c, s.2.1) s.2.2 = 0).
Proof.
split=> [[w V_w]|[same zero]].
  split=> [m c s s' k s_k s'_k|m c s none]; last by rewrite V_w expanded_zero.
  by rewrite !V_w (expanded_slot w m c s_k) (expanded_slot w m c s'_k).
exists (fun m c k => if [pick s | holds s k] is Some s then V (m, s.1) (c, s.2.1) s.2.2 else 0).
move=> m c s; case: (pickP (holds s)) => [k s_k|none]; last first.
  by rewrite expanded_zero ?zero // => k; rewrite none.
rewrite (expanded_slot _ m c s_k); case: pickP => [s' s'_k|/(_ s)]; last by rewrite s_k.
exact: (same m c s s' k).
Qed.

(* What it folds to is unique, where each parameter has a slot. *)
Theorem folding_unique (w w' : M -> C -> tap_of -> R) :
  base (strided a) = 1%N -> (0 < e_out a)%N ->
  (forall mrho cr q,
     expanded (axis_square ok) w mrho cr q = expanded (axis_square ok) w' mrho cr q) ->
  forall m c k, w m c k = w' m c k.
Proof.
move=> u1 E_gt0 eq_w m c k; pose rho := Ordinal E_gt0.
have k_live : live a rho k by rewrite /live u1 modz1.
have [x x_in x1] := row_of_live ok k_live.
have [r [q [_ rq_lands]]] := lands_row ok x_in x1.
have s_k : holds (rho, (r, q)) k by [].
by rewrite -(expanded_slot w m c s_k) -(expanded_slot w' m c s_k) eq_w.
Qed.

End Folding.
