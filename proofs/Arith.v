(* Arith.v: linear integer arithmetic for MathComp's int, decided by Coq's lia.

   toZ n        the number n of int as a number of Coq's Z; a ring morphism that keeps order
   int_lia      closes a goal of the forms a <= b, a < b, a == b, a = b over int, or False, from
                hypotheses of these forms, their conjunctions, and m <= n, m < n over nat
   int_nia      the same with products of unknowns, where nia finds the proof
   Edge: division is unknown to these tactics; give them its defining facts (Index.v). *)

From Coq Require Import ZArith Lia.
From mathcomp Require Import all_ssreflect all_algebra.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory Num.Theory Order.Theory.
Local Open Scope ring_scope.

Definition toZ (n : int) : Z :=
  match n with Posz n => Z.of_nat n | Negz n => Z.opp (Z.of_nat n.+1) end.

Lemma toZ_inj m n : toZ m = toZ n <-> m = n.
Proof.
split=> [|-> //]; case: m n => m [] n; rewrite /toZ => eq_mn.
- by congr Posz; lia.
- by exfalso; lia.
- by exfalso; lia.
- by congr Negz; lia.
Qed.

Lemma toZ_pos n : toZ (Posz n) = Z.of_nat n. Proof. by []. Qed.

Lemma toZ_nat n : toZ n%:R = Z.of_nat n. Proof. by rewrite natz. Qed.
Lemma toZ_intmul n : toZ n%:~R = toZ n. Proof. by rewrite intz. Qed.
Lemma toZ_0 : toZ 0 = Z0. Proof. by []. Qed.
Lemma toZ_1 : toZ 1 = Zpos xH. Proof. by []. Qed.

Lemma toZ_opp n : toZ (- n) = Z.opp (toZ n).
Proof. by case: n => [[|n]|n] //=; rewrite Z.opp_involutive. Qed.

Lemma toZ_sub_nat m n : toZ (m%:Z - n%:Z) = Z.sub (Z.of_nat m) (Z.of_nat n).
Proof.
case: (leqP n m) => [le_nm | /ltnW le_mn].
  by rewrite subzn // toZ_pos -minusE Nat2Z.inj_sub //; apply/ssrnat.leP.
rewrite -[_ - _]opprK opprB subzn // toZ_opp toZ_pos -minusE Nat2Z.inj_sub; last exact/ssrnat.leP.
lia.
Qed.

Lemma toZ_addn m n : toZ (m + n)%N = Z.add (Z.of_nat m) (Z.of_nat n).
Proof. by rewrite toZ_pos -plusE Nat2Z.inj_add. Qed.

Lemma toZ_muln m n : toZ (m * n)%N = Z.mul (Z.of_nat m) (Z.of_nat n).
Proof. by rewrite toZ_pos -multE Nat2Z.inj_mul. Qed.

Lemma toZ_add m n : toZ (m + n) = Z.add (toZ m) (toZ n).
Proof.
case: m n => m [] n; rewrite ?NegzE.
- by rewrite -PoszD toZ_pos -plusE Nat2Z.inj_add.
- rewrite toZ_sub_nat toZ_opp !toZ_pos; lia.
- rewrite addrC toZ_sub_nat toZ_opp !toZ_pos; lia.
- rewrite -opprD -PoszD !toZ_opp !toZ_pos -plusE Nat2Z.inj_add; lia.
Qed.

Lemma toZ_mul m n : toZ (m * n) = Z.mul (toZ m) (toZ n).
Proof.
case: m n => m [] n; rewrite ?NegzE ?mulNr ?mulrN ?opprK -PoszM ?toZ_opp !toZ_pos
  -multE Nat2Z.inj_mul; lia.
Qed.

Lemma toZ_le m n : (m <= n) <-> Z.le (toZ m) (toZ n).
Proof.
rewrite -subr_ge0 -Z.le_0_sub -[Z.sub _ _]/(Z.add _ (Z.opp _)) -toZ_opp -toZ_add.
case: (n - m) => k; rewrite ?NegzE; first by split=> // _; exact: Nat2Z.is_nonneg.
split; first by [].
rewrite toZ_opp toZ_pos; lia.
Qed.

Lemma toZ_lt m n : (m < n) <-> Z.lt (toZ m) (toZ n).
Proof.
rewrite ltNge; split=> [/negP le_nm | lt_mn].
  by case: (Z.lt_ge_cases (toZ m) (toZ n)) => // /toZ_le /le_nm.
by apply/negP => /toZ_le; lia.
Qed.

(* Decides linear facts of int, and proves polynomial identities: everything is read in Z. *)
Ltac to_Z := rewrite ?subr_ge0 ?toZ_add ?toZ_opp ?toZ_mul ?toZ_pos.

Lemma toZ_le_imp m n : (m <= n) -> Z.le (toZ m) (toZ n). Proof. by move/toZ_le. Qed.
Lemma toZ_lt_imp m n : (m < n) -> Z.lt (toZ m) (toZ n). Proof. by move/toZ_lt. Qed.
Lemma toZ_eqb_imp (m n : int) : (m == n) -> toZ m = toZ n. Proof. by move/eqP->. Qed.
Lemma toZ_neqb_imp (m n : int) : (m != n) -> toZ m <> toZ n. Proof. by move/eqP=> h /toZ_inj. Qed.
Lemma toZ_eq_imp (m n : int) : m = n -> toZ m = toZ n. Proof. by move->. Qed.
Lemma nat_lt_imp m n : (m < n)%N -> Z.lt (Z.of_nat m) (Z.of_nat n).
Proof. by move/ssrnat.ltP => h; lia. Qed.
Lemma nat_le_imp m n : (m <= n)%N -> Z.le (Z.of_nat m) (Z.of_nat n).
Proof. by move/ssrnat.leP => h; lia. Qed.

Ltac read_hyp H :=
  unfold is_true in H;
  lazymatch type of H with
  | _ && _ = true => let H1 := fresh in let H2 := fresh in
      case/andP: H => H1 H2; read_hyp H1; read_hyp H2
  | @Order.le _ _ _ _ = true => apply toZ_le_imp in H
  | @Order.lt _ _ _ _ = true => apply toZ_lt_imp in H
  | @eq_op _ _ _ = true => apply toZ_eqb_imp in H
  | negb (@eq_op _ _ _) = true => apply toZ_neqb_imp in H
  | leq _ _ = true => apply nat_le_imp in H
  end.
Ltac read_hyps := repeat match goal with
  | H : is_true ?b |- _ =>
    lazymatch b with
    | _ && _ => idtac | @Order.le _ _ _ _ => idtac | @Order.lt _ _ _ _ => idtac
    | @eq_op _ _ _ => idtac | negb (@eq_op _ _ _) => idtac | leq _ _ => idtac end;
    read_hyp H
  | H : @eq ?T ?a ?b |- _ =>
    let _ := constr:(erefl : T = int :> Type) in apply toZ_eq_imp in H
  end.
Ltac image t :=
  lazymatch t with
  | @GRing.add _ ?a ?b => constr:(toZ_add a b)
  | @GRing.mul _ ?a ?b => constr:(toZ_mul a b)
  | @GRing.opp _ ?a => constr:(toZ_opp a)
  | @GRing.natmul _ (GRing.one _) ?n => constr:(toZ_nat n)
  | @intmul _ (GRing.one _) ?n => constr:(toZ_intmul n)
  | @GRing.zero _ => constr:(toZ_0)
  | @GRing.one _ => constr:(toZ_1)
  | Posz (addn ?a ?b) => constr:(toZ_addn a b)
  | Posz (muln ?a ?b) => constr:(toZ_muln a b)
  | Posz ?n => constr:(toZ_pos n)
  end.
Ltac push_Z := repeat match goal with
  | |- context [toZ ?t] => let e := image t in rewrite e
  | H : context [toZ ?t] |- _ => let e := image t in rewrite e in H
  end.
Ltac start_Z := intros;
  lazymatch goal with
  | |- is_true (@Order.le _ _ _ _) => apply/toZ_le
  | |- is_true (@Order.lt _ _ _ _) => apply/toZ_lt
  | |- is_true (@eq_op _ _ _) => apply/eqP/toZ_inj
  | |- @eq _ _ _ => apply/toZ_inj
  | |- _ => exfalso
  end.
Ltac int_lia := start_Z; read_hyps; push_Z; lia.
Ltac int_nia := start_Z; read_hyps; push_Z; nia.
Ltac int_ring := start_Z; push_Z; lia.
