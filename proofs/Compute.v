(* Compute.v: the layer's meaning as a program, so that Coq can print its values.

   compute op D f F x o   what fold does for one channel, by loops over the taps of each axis
   compute_layer, compute_pool   conv over n channels of int, and the pooling by maxn, as such loops
   array D N l    a signal from a flat list in C order, zero outside its box
   box D O        all positions of a box, in C order
   The theorems computeE, compute_layerE and compute_poolE say that the loops are the definitions of
   Conv.v.  Edges: an empty box has no positions; a list that is too short is filled with zeros. *)

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

Definition loop (n : nat) (F : nat -> T) : T := foldr (fun k acc => op (F k) acc) idx (iota 0 n).

Lemma loopE (n : nat) (F : nat -> T) : \big[op/idx]_(k < n) F k = loop n F.
Proof.
rewrite -(big_mkord xpredT F) /index_iota subn0 /loop.
by elim: (iota 0 n) => [|k l IH]; rewrite ?big_nil // big_cons IH.
Qed.

Lemma big_pairs (I J : finType) (F : I * J -> T) :
  \big[op/idx]_p F p = \big[op/idx]_i \big[op/idx]_j F (i, j).
Proof. by rewrite pair_bigA; apply: eq_bigr => -[]. Qed.

Fixpoint compute (D : nat) : (nat -> axis) -> (seq nat -> V -> T) -> (vec D -> V) -> vec D -> T :=
  match D return (nat -> axis) -> (seq nat -> V -> T) -> (vec D -> V) -> vec D -> T with
  | 0 => fun _ F x _ => F [::] (x tt)
  | D'.+1 => fun f F x o =>
      loop (kernel (f 0%N)) (fun k =>
        if undilate (base (f 0%N)) (position (f 0%N) o.1 k) is Some p then
          @compute D' (fun n => f n.+1) (fun ks => F (k :: ks)) (fun v => x (p, v)) o.2
        else idx)
  end.

Theorem computeE (D : nat) (f : nat -> axis) (F : seq nat -> V -> T) (x : vec D -> V) o :
  \big[op/idx]_k read idx (fun p => F (tap_list k) (x p)) (reads (nd_access D f) o k)
  = compute f F x o.
Proof.
elim: D f F x o => [|D IH] f F x o.
  by rewrite (eq_bigl (pred1 tt)) ?big_pred1_eq //; case.
rewrite /= -loopE big_pairs.
apply: eq_bigr => k _; case: (undilate _ _) => [p|] /=; last by rewrite big1.
rewrite -IH; apply: eq_bigr => k' _.
by case: (reads _ o.2 k').
Qed.

End Compute.

Definition compute_layer (D n : nat) (f : nat -> axis) (w : nat -> seq nat -> int)
    (x : nat -> vec D -> int) (o : vec D) : int :=
  loop [com_law of +%R] n (fun c => compute [com_law of +%R] f (fun ks v => w c ks * v) (x c) o).

Theorem compute_layerE (D n : nat) (f : nat -> axis) (w : nat -> seq nat -> int)
    (x : nat -> vec D -> int) (o : vec D) :
  conv (A := nd_access D f) (fun (_ : unit) (c : 'I_n) k => w c (tap_list k))
    (fun c : 'I_n => x c) tt o
  = compute_layer n f w x o.
Proof.
rewrite conv_fold /fold /compute_layer -loopE; apply: eq_bigr => c _.
by rewrite -(computeE [com_law of +%R] f (fun ks v => w c ks * v) (x c) o).
Qed.

Definition compute_pool (D : nat) (f : nat -> axis) (x : vec D -> nat) (o : vec D) : nat :=
  compute [com_law of maxn] f (fun _ v => v) x o.

Theorem compute_poolE (D : nat) (f : nat -> axis) (x : vec D -> nat) (o : vec D) :
  pool (nd_access D f) [com_law of maxn] (fun (_ : unit) => x) tt o = compute_pool f x o.
Proof. by rewrite /compute_pool -computeE. Qed.

Fixpoint offset (D : nat) : (nat -> nat) -> vec D -> nat -> option nat :=
  match D return (nat -> nat) -> vec D -> nat -> option nat with
  | 0 => fun _ _ acc => Some acc
  | D'.+1 => fun N v acc =>
      if 0 <= v.1 < (N 0%N)%:Z then
        @offset D' (fun n => N n.+1) v.2 (acc * N 0%N + absz v.1)%N
      else None
  end.

Definition array (V : Type) (zero : V) (D : nat) (N : seq nat) (l : seq V) (v : vec D) : V :=
  if offset (nth 1%N N) v 0 is Some i then nth zero l i else zero.

Fixpoint box (D : nat) : (nat -> nat) -> seq (vec D) :=
  match D return (nat -> nat) -> seq (vec D) with
  | 0 => fun _ => [:: tt]
  | D'.+1 => fun O =>
      [seq (i%:Z, v) | i <- iota 0 (O 0%N), v <- @box D' (fun n => O n.+1)]
  end.
