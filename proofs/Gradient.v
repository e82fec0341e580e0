(* Gradient.v: the gradient by a parameter is the sum of the gradients by its slots.

   loss, value, at_point   polynomials in finitely many entries as expressions, and their values
   line w x             the point w on the move in direction x, a polynomial for each entry
   slope L W            the derivative at 0 of L along the curve W; partial x L by Leibniz' rules
   partial_is_derivative   what these rules give is the derivative along a line
   shared L             a loss of the expanded kernel as one of the strided kernel
   gradient_of_shared   its partial derivative by a parameter is the sum of those of L by the
                        parameter's slots; descent_of_shared: a step of gradient descent
   Edges: any commutative ring, and any dilations: a slot that holds several parameters counts for
   each of them, and one that holds none for none. *)

From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require Import Arith Index Conv Destride Tie Layer Sharing.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory Num.Theory Order.Theory.
Local Open Scope ring_scope.

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
