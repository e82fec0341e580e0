(* Compute.v: the sum over the taps of a layer as a program, and arrays from lists.

   tap_list k     a tap of D axes as the list of its indices
   tap_loop op n F   op over F 0 .. F (n-1), as a loop
   compute op f F x o   what fold_taps does for one channel, by loops over the taps of each axis;
                  computeE says so
   array_of_list D N l   a signal from a flat list in C order, zero outside its box
   box_positions D O     all positions of a box, in C order
   The layers of arrays as programs are in Values.v.
   Edges: an empty box has no positions; a list that is too short is filled with zeros. *)

From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require Import Arith Index Conv.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory Num.Theory Order.Theory.
Local Open Scope ring_scope.

Fixpoint tap_list (D : nat) : forall f : nat -> axis, tap (nd_access D f) -> seq nat :=
  match D return forall f, tap (nd_access D f) -> seq nat with
  | 0 => fun _ _ => [::]
  | D'.+1 => fun f k => ((k.1 : 'I__) : nat) :: @tap_list D' (fun n => f n.+1) k.2
  end.

Section Compute.

Variables (T V : Type) (idx : T) (op : Monoid.com_law idx).

Definition tap_loop (n : nat) (F : nat -> T) : T :=
  foldr (fun k acc => op (F k) acc) idx (iota 0 n).

Lemma tap_loopE (n : nat) (F : nat -> T) : \big[op/idx]_(k < n) F k = tap_loop n F.
Proof.
rewrite -(big_mkord xpredT F) /index_iota subn0 /tap_loop.
by elim: (iota 0 n) => [|k l IH]; rewrite ?big_nil // big_cons IH.
Qed.

Lemma big_pairs (I J : finType) (F : I * J -> T) :
  \big[op/idx]_p F p = \big[op/idx]_i \big[op/idx]_j F (i, j).
Proof. by rewrite pair_bigA; apply: eq_bigr => -[]. Qed.

Fixpoint compute (D : nat) : (nat -> axis) -> (seq nat -> V -> T) -> (vec D -> V) -> vec D -> T :=
  match D return (nat -> axis) -> (seq nat -> V -> T) -> (vec D -> V) -> vec D -> T with
  | 0 => fun _ F x _ => F [::] (x tt)
  | D'.+1 => fun f F x o =>
      tap_loop (kernel (f 0%N)) (fun k =>
        if undilate (base (f 0%N)) (position (f 0%N) o.1 k) is Some p then
          @compute D' (fun n => f n.+1) (fun ks => F (k :: ks)) (fun v => x (p, v)) o.2
        else idx)
  end.

Theorem computeE (D : nat) (f : nat -> axis) (F : seq nat -> V -> T) (x : vec D -> V) o :
  \big[op/idx]_k read_or idx (fun p => F (tap_list k) (x p)) (reads (nd_access D f) o k)
  = compute f F x o.
Proof.
elim: D f F x o => [|D IH] f F x o.
  by rewrite (eq_bigl (pred1 tt)) ?big_pred1_eq //; case.
rewrite /= -tap_loopE big_pairs.
apply: eq_bigr => k _; case: (undilate _ _) => [p|] /=; last by rewrite big1.
rewrite -IH; apply: eq_bigr => k' _.
by case: (reads _ o.2 k').
Qed.

End Compute.

Fixpoint offset (D : nat) : (nat -> nat) -> vec D -> nat -> option nat :=
  match D return (nat -> nat) -> vec D -> nat -> option nat with
  | 0 => fun _ _ acc => Some acc
  | D'.+1 => fun N v acc =>
      if 0 <= v.1 < (N 0%N)%:Z then
        @offset D' (fun n => N n.+1) v.2 (acc * N 0%N + absz v.1)%N
      else None
  end.

Definition array_of_list (V : Type) (zero : V) (D : nat) (N : seq nat) (l : seq V)
    (v : vec D) : V :=
  if offset (nth 1%N N) v 0 is Some i then nth zero l i else zero.

Fixpoint box_positions (D : nat) : (nat -> nat) -> seq (vec D) :=
  match D return (nat -> nat) -> seq (vec D) with
  | 0 => fun _ => [:: tt]
  | D'.+1 => fun O =>
      [seq (i%:Z, v) | i <- iota 0 (O 0%N), v <- @box_positions D' (fun n => O n.+1)]
  end.
