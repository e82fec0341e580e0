(* Conv.v: what a strided layer means.

   access P       a finite type of taps, and what output o reads through tap k: a position of P,
                  or None, a structural zero
   axis           one spatial axis: kernel K, stride s, dilation d, base dilation u, low pad lo
                  (negative crops), and whether the kernel is reversed (a transposed convolution)
   position a o k s*o + d*k - lo, in the signal with u - 1 zeros between samples
   undilate u v   Some (v / u) where u divides v, None in a hole
   axis_access a  output o, tap k |-> undilate u (position a o k)
   pair_access    the product of two accesses; nd_access D f is the product of axes f 0 .. f (D-1)
   vec D          positions in D dimensions, nested pairs of int
   conv A w x     y[m,o] = sum_c sum_k w[m,c,k] * x[c, A(o,k)] over any ring, commutative or not
   grouped        the same within each group of channels; pool op takes op over the taps instead;
                  fold_taps is what all of them are: any commutative monoid, any use of tap and
                  sample; read_or z x p is x at p, or z where p is None
   zero_outside N x   x inside the box [0,N), zero outside

   A signal is a function on all integer positions that is zero outside its box, so padding with
   zeros is reading it outside.  Outputs are given at all integer positions; a layer keeps those in
   [0, out_size).  A kernel of size 0 gives zero; a base dilation of 0 reads position 0 only. *)

From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require Import Arith Index.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory Num.Theory Order.Theory.
Local Open Scope ring_scope.

Record access (P : Type) := Access { tap : finType; reads : P -> tap -> option P }.
Arguments reads {P} a o k.

Definition read_or (P V : Type) (zero : V) (x : P -> V) (p : option P) : V := oapp x zero p.

Record axis := Axis {
  kernel : nat; stride : nat; dilation : nat; base : nat; lo : int; reversed : bool }.

Definition position (a : axis) (o : int) (k : nat) : int :=
  (stride a)%:Z * o
  + (dilation a)%:Z * (if reversed a then (kernel a)%:Z - 1 - k%:Z else k%:Z) - lo a.

Definition undilate (u : nat) (v : int) : option int :=
  if ((v %% u%:Z)%Z == 0) then Some (v %/ u%:Z)%Z else None.

Definition axis_access (a : axis) : access int :=
  @Access int [finType of 'I_(kernel a)] (fun o k => undilate (base a) (position a o k)).

Definition point_access : access unit :=
  @Access unit [finType of unit] (fun _ _ => Some tt).

Definition pair_access (P Q : Type) (A : access P) (B : access Q) : access (P * Q) :=
  @Access (P * Q) [finType of tap A * tap B] (fun o k =>
    obind (fun p => omap (pair p) (reads B o.2 k.2)) (reads A o.1 k.1)).

Fixpoint vec (D : nat) : Type := if D is D'.+1 then (int * vec D')%type else unit.

Fixpoint nd_access (D : nat) (f : nat -> axis) : access (vec D) :=
  if D is D'.+1 then pair_access (axis_access (f 0%N)) (nd_access D' (fun n => f n.+1))
  else point_access.

Section Layers.

Variables (P : Type) (A : access P).

Definition fold_taps (T V : Type) (idx : T) (op : Monoid.com_law idx) (C M : finType)
    (f : M -> C -> tap A -> V -> T) (x : C -> P -> V) (m : M) (o : P) : T :=
  \big[op/idx]_c \big[op/idx]_k read_or idx (fun p => f m c k (x c p)) (reads A o k).

Definition conv (R : ringType) (C M : finType) (w : M -> C -> tap A -> R) (x : C -> P -> R)
    (m : M) (o : P) : R :=
  \sum_c \sum_k w m c k * read_or 0 (x c) (reads A o k).

Definition grouped (R : ringType) (G C M : finType) (w : G -> M -> C -> tap A -> R)
    (x : G * C -> P -> R) (gm : G * M) (o : P) : R :=
  conv (w gm.1) (fun c => x (gm.1, c)) gm.2 o.

Definition pool (T : Type) (idx : T) (op : Monoid.com_law idx) (C : finType) (x : C -> P -> T)
    (c : C) (o : P) : T :=
  \big[op/idx]_k read_or idx (x c) (reads A o k).

Lemma conv_fold (R : ringType) (C M : finType) (w : M -> C -> tap A -> R) x (m : M) (o : P) :
  conv w x m o = fold_taps [com_law of +%R] (fun m c k v => w m c k * v) x m o.
Proof.
by apply: eq_bigr => c _; apply: eq_bigr => k _; case: (reads A o k) => //=; rewrite mulr0.
Qed.

Lemma pool_fold (T : Type) (idx : T) (op : Monoid.com_law idx) (C : finType)
    (x : C -> P -> T) c o :
  pool op x c o
  = fold_taps op (fun (_ _ : unit) _ v => v) (fun _ => x c) tt o.
Proof.
rewrite /fold_taps (eq_bigl (pred1 tt)); last by case.
by rewrite big_pred1_eq.
Qed.

End Layers.
Arguments pool {P} A {T idx} op {C} x c o.

(* The formulas in plain sums. *)
Lemma undilateM (u : nat) (v : int) : (0 < u)%N -> undilate u (u%:Z * v) = Some v.
Proof.
by move=> u_gt0; rewrite /undilate mulrC modzMl eqxx mulzK //; case: u u_gt0.
Qed.

Lemma undilate1 (v : int) : undilate 1 v = Some v.
Proof. by rewrite -[v in LHS]mul1r (undilateM v (isT : (0 < 1)%N)). Qed.

Lemma conv1E (R : ringType) (C M : finType) (K s d : nat) (p : int)
    (w : M -> C -> 'I_K -> R) (x : C -> int -> R) m o :
  conv (A := axis_access (Axis K s d 1 p false)) w x m o
  = \sum_c \sum_k w m c k * x c (s%:Z * o + d%:Z * (k : nat)%:Z - p).
Proof. by apply: eq_bigr => c _; apply: eq_bigr => k _; rewrite /= undilate1. Qed.

Lemma conv2E (R : ringType) (C M : finType) (K s d K' s' d' : nat) (p p' : int)
    (w : M -> C -> 'I_K * ('I_K' * unit) -> R) (x : C -> int * (int * unit) -> R) m o o' :
  conv (A := nd_access 2 (nth (Axis K s d 1 p false) [:: Axis K s d 1 p false;
                                                         Axis K' s' d' 1 p' false])) w x m
    (o, (o', tt))
  = \sum_c \sum_k \sum_k' w m c (k, (k', tt))
      * x c (s%:Z * o + d%:Z * (k : nat)%:Z - p, (s'%:Z * o' + d'%:Z * (k' : nat)%:Z - p', tt)).
Proof.
apply: eq_bigr => c _; rewrite pair_bigA /=.
rewrite (reindex (fun kk : 'I_K * 'I_K' => (kk.1, (kk.2, tt)))) /=; last first.
  by exists (fun kk => (kk.1, kk.2.1)) => [[k k'] //|[k [k' []]]].
by apply: eq_bigr => k _; rewrite /= !undilate1.
Qed.

(* Signals of finite support. *)
Definition zero_outside (R : ringType) (N : int) (x : int -> R) (v : int) : R :=
  if 0 <= v < N then x v else 0.
