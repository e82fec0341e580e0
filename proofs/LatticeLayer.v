(* LatticeLayer.v: one layer of matrix stride with its literal ties, as symconv writes it.

   A position is a list of D numbers, and a matrix the list of its rows.
   times A v, plus u v    the product and the sum
   lattice_layer A offs w b x m i   b m + sum_c sum_k w m c k * x[c, A i + off_k]
   coset_signal A reps x c r q      x[c, A q + rep_r]
   coset_layer ...        the stride-free layer on the cosets: weight [m, c, r, j] at shift j
   tied_weight ties       slot (r, j) holds the sum of the taps that the ties put there
   ties_ok D A offs reps shifts ties   decides by computing that tap k stands where it should:
                          off_k = A q + rep_r for its coset r and shift q; that shifts are distinct
   lattice_checked        then the two are equal at every point i of Z^D, for every signal on Z^D
   Edge: an array is a signal that is zero outside its box. *)

From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require Import Arith Index.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory Num.Theory Order.Theory.
Local Open Scope ring_scope.

Notation point := (seq int).

Definition dot (a v : point) : int := foldr (fun p s => p.1 * p.2 + s) 0 (zip a v).
Definition times (A : seq point) (v : point) : point := [seq dot a v | a <- A].
Definition plus (u v : point) : point := [seq p.1 + p.2 | p <- zip u v].

Lemma dot_plus (a u v : point) : size u = size v -> dot a (plus u v) = dot a u + dot a v.
Proof.
rewrite /dot /plus; elim: a u v => [|z a IH] [|x u] [|y v] //= [eq_size].
by rewrite IH // mulrDr addrACA.
Qed.

Lemma plusA (u v w : point) : plus u (plus v w) = plus (plus u v) w.
Proof. by rewrite /plus; elim: u v w => [|x u IH] [|y v] [|z w] //=; rewrite addrA IH. Qed.

Lemma times_plus (A : seq point) (u v : point) : size u = size v ->
  times A (plus u v) = plus (times A u) (times A v).
Proof.
move=> eq_size; rewrite /times; elim: A => //= a A IH.
by rewrite dot_plus // IH.
Qed.

Section Layers.

Variables (A : seq point) (offs reps shifts : seq point) (ties : seq (nat * nat)).
Variables (C : nat) (R : ringType).
Notation point_at s k := (nth [::] s k) (only parsing).

Definition lattice_layer (w : nat -> nat -> nat -> R) (b : nat -> R) (x : nat -> point -> R)
    (m : nat) (i : point) : R :=
  b m + \sum_(c < C) \sum_(k < size offs) w m c k * x c (plus (times A i) (point_at offs k)).

Definition coset_signal (x : nat -> point -> R) (c r : nat) (q : point) : R :=
  x c (plus (times A q) (point_at reps r)).

Definition tied_weight (w : nat -> nat -> nat -> R) (m c r j : nat) : R :=
  \sum_(k < size offs | nth (0, 0)%N ties k == (r, j)) w m c k.

Definition coset_layer (w : nat -> nat -> nat -> nat -> R) (b : nat -> R)
    (x : nat -> nat -> point -> R) (m : nat) (i : point) : R :=
  b m + \sum_(c < C) \sum_(r < size reps) \sum_(j < size shifts)
    w m c r j * x c r (plus i (point_at shifts j)).

Definition tie_holds (D k : nat) : bool :=
  let: (r, j) := nth (0, 0)%N ties k in
  [&& (r < size reps)%N, (j < size shifts)%N, size (point_at shifts j) == D
    & point_at offs k == plus (times A (point_at shifts j)) (point_at reps r)].

Definition ties_ok (D : nat) : bool :=
  [&& size A == D, uniq shifts & all (tie_holds D) (iota 0 (size offs))].

Theorem lattice_checked (D : nat) (w : nat -> nat -> nat -> R) (b : nat -> R)
    (x : nat -> point -> R) (m : nat) (i : point) : ties_ok D -> size i = D ->
  lattice_layer w b x m i = coset_layer (tied_weight w) b (coset_signal x) m i.
Proof.
case/and3P=> _ _ /allP holds size_i; congr (_ + _); apply: eq_bigr => c _.
under [RHS]eq_bigr => r _ do under eq_bigr => j _ do rewrite /tied_weight mulr_suml.
under [RHS]eq_bigr => r _ do rewrite (exchange_big_dep xpredT) //=.
rewrite [RHS](exchange_big_dep xpredT) //=; apply: eq_bigr => k _.
have := holds k; rewrite mem_iota /= ltn_ord => /(_ isT); rewrite /tie_holds.
case: (nth _ ties k) => r j /and4P[r_lt j_lt /eqP size_q /eqP ->].
rewrite (bigD1 (Ordinal r_lt)) //= [X in _ = _ + X]big1 ?addr0 => [|r' r'_neq]; last first.
  by rewrite big_pred0 // => j'; rewrite xpair_eqE; apply/negP => /andP[/eqP eq_r _];
    case/eqP: r'_neq; apply: val_inj; rewrite /= eq_r.
rewrite (eq_bigl (pred1 (Ordinal j_lt))) => [|j'].
  by rewrite big_pred1_eq /coset_signal times_plus ?size_q // plusA.
by rewrite xpair_eqE eqxx /= -val_eqE /= eq_sym.
Qed.

End Layers.
