(* Sharing.v: striding is a way of sharing parameters.

   slot           a place ((m,rho),(c,r),q) of the expanded kernel
   operator V     the coefficient of input v in output o of the map that kernel V on phases means
                  (one pair of channels, kernel positions q in all integers, zero for all but few)
   slots_of_parameter   with u = 1 each parameter sits in exactly E_out slots
   gradient_of_shared   a linear form on expanded kernels, read as one on strided kernels, has as
                  coefficient of w[m,c,k] the sum of its coefficients over the slots of (m,c,k)
   sharing_is_equivariance   a kernel on phases is the image of a strided one iff shifting the
                  input by s shifts the output by 1
   Edge: silent taps (u > 1) sit in fewer slots than E_out. *)

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
