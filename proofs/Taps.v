(* Taps.v: sums over taps and over boxes as sums over lists, so that layers whose axes differ in
   more than their kernels can be compared.

   tap_box D K      all lists of D taps, in C order: what tap_list makes of the taps of a layer
   reads_at f o ks  what output o reads through the taps ks; reads_atE: it is what nd_access reads
   big_taps         an operation over the taps of a layer is one over tap_box
   conv_layerE, layer_foldE   conv_layer and layer_fold of Array.v, over tap_box
   box_of N         the positions of in_box N, in C order; none where a size is negative
   lands f i ks o   position i and taps ks meet at position o: on every axis s*i + d*k - lo = o
   read_box         what a layer without base dilation reads, as a sum over the box *)

From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require Import Arith Index Conv Destride Tie Layer Compute Array.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory Num.Theory Order.Theory.
Local Open Scope ring_scope.

Notation kernels f := (fun n => kernel (f n)) (only parsing).
Notation axes l := (fun n => on (windows l n)) (only parsing).

Fixpoint tap_box (D : nat) (K : nat -> nat) : seq (seq nat) :=
  if D is D'.+1 then [seq k :: ks | k <- iota 0 (K 0%N), ks <- tap_box D' (fun n => K n.+1)]
  else [:: [::]].

Lemma eq_tap_box (D : nat) (K K' : nat -> nat) :
  (forall n, (n < D)%N -> K n = K' n) -> tap_box D K = tap_box D K'.
Proof.
elim: D K K' => [|D IH] K K' eqK //=.
by rewrite (eqK 0%N) // (IH _ (fun n => K' n.+1)) // => n n_lt; apply: eqK.
Qed.

(* Only the taps of a tap_box are in it: a tap of each axis' kernel. *)
Lemma tap_boxP (D : nat) (K : nat -> nat) (k : nat) (ks : seq nat) :
  reflect ((k < K 0)%N /\ ks \in tap_box D (fun n => K n.+1)) (k :: ks \in tap_box D.+1 K).
Proof.
apply: (iffP allpairsP) => [[[k' ks'] [/= k_in ks_in [-> ->]]]|[k_in ks_in]].
  by move: k_in; rewrite mem_iota.
by exists (k, ks); rewrite mem_iota.
Qed.

Lemma tap_box_cons (D : nat) (K : nat -> nat) (ks : seq nat) : ks \in tap_box D.+1 K ->
  exists k ks', [/\ ks = k :: ks', (k < K 0)%N & ks' \in tap_box D (fun n => K n.+1)].
Proof.
case/allpairsP=> -[k ks'] [/= k_in ks_in ->]; exists k, ks'.
by split=> //; move: k_in; rewrite mem_iota.
Qed.

Fixpoint reads_at (D : nat) : (nat -> axis) -> vec D -> seq nat -> option (vec D) :=
  match D return (nat -> axis) -> vec D -> seq nat -> option (vec D) with
  | 0 => fun _ _ _ => Some tt
  | D'.+1 => fun f o ks =>
      obind (fun p => omap (pair p) (@reads_at D' (fun n => f n.+1) o.2 (behead ks)))
        (undilate (base (f 0%N)) (position (f 0%N) o.1 (head 0%N ks)))
  end.

Lemma reads_atE (D : nat) (f : nat -> axis) (o : vec D) (k : tap (nd_access D f)) :
  reads (nd_access D f) o k = reads_at f o (tap_list k).
Proof. by elim: D f o k => [|D IH] f o k //=; rewrite IH. Qed.

Lemma tap_list_in (D : nat) (f : nat -> axis) (k : tap (nd_access D f)) :
  tap_list k \in tap_box D (kernels f).
Proof.
elim: D f k => [|D IH] f k //; apply/tap_boxP; split; first exact: ltn_ord.
exact: (IH (fun n => f n.+1)).
Qed.

Section Big.

Variables (T : Type) (idx : T) (op : Monoid.com_law idx).

Lemma big_iota (n : nat) (F : nat -> T) :
  \big[op/idx]_(i <- iota 0 n) F i = \big[op/idx]_(i < n) F i.
Proof. by rewrite -(big_mkord xpredT) /index_iota subn0. Qed.

Lemma big_taps (D : nat) (f : nat -> axis) (F : seq nat -> T) :
  \big[op/idx]_(k : tap (nd_access D f)) F (tap_list k)
  = \big[op/idx]_(ks <- tap_box D (kernels f)) F ks.
Proof.
elim: D f F => [|D IH] f F /=.
  by rewrite big_seq1 (eq_bigl (pred1 tt)) ?big_pred1_eq //; case.
rewrite big_pairs big_allpairs_dep big_iota; apply: eq_bigr => k _.
exact: (IH (fun n => f n.+1) (fun ks => F ((k : nat) :: ks))).
Qed.

End Big.

Section Meaning.

Variables (D : nat) (l : layer).

Lemma layer_foldE (T V : Type) (idx : T) (op : Monoid.com_law idx) dom
    (term : nat -> nat -> seq nat -> V -> T) (x : signal D V) m o :
  layer_fold l op dom term x m o
  = \big[op/idx]_(c < group_in l) \big[op/idx]_(ks <- tap_box D (kernels (axes l)))
      read_or idx (fun p => if dom (source l m c) p then term m c ks (x (source l m c) p) else idx)
        (reads_at (axes l) o ks).
Proof.
apply: eq_bigr => c _; rewrite -big_taps; apply: eq_bigr => k _.
by rewrite reads_atE.
Qed.

Lemma conv_layerE (R : ringType) (w : weights R) (b : nat -> R) (x : signal D R) m o :
  conv_layer l w b x m o
  = b m + \sum_(c < group_in l) \sum_(ks <- tap_box D (kernels (axes l)))
      w m c ks * read_or 0 (fun p => if in_box (sizes l) p then x (source l m c) p else 0)
        (reads_at (axes l) o ks).
Proof.
congr (_ + _); apply: eq_bigr => c _; rewrite -(big_taps [com_law of +%R]) /=.
by apply: eq_bigr => k _; rewrite reads_atE.
Qed.

End Meaning.

(* The positions of a box as a list. *)
Definition count_of (N : int) : nat := if N is Posz n then n else 0%N.

Definition box_of (D : nat) (N : nat -> int) : seq (vec D) :=
  box_positions D (fun n => count_of (N n)).

Fixpoint lands (D : nat) : (nat -> axis) -> vec D -> seq nat -> vec D -> bool :=
  match D return (nat -> axis) -> vec D -> seq nat -> vec D -> bool with
  | 0 => fun _ _ _ _ => true
  | D'.+1 => fun f i ks o =>
      (position (f 0%N) i.1 (head 0%N ks) == o.1) && @lands D' (fun n => f n.+1) i.2 (behead ks) o.2
  end.

Section Boxes.

Variable R : ringType.

(* A sum over an axis of what is at one position. *)
Lemma sum_at (N v : int) (F : int -> R) :
  \sum_(i <- iota 0 (count_of N)) (if v == i%:Z then F i%:Z else 0)
  = if 0 <= v < N then F v else 0.
Proof.
rewrite big_iota; case: N => n /=; last first.
  by rewrite big_ord0; case: v.
case: ifP => [/andP[v_ge0 v_lt]|v_out]; last first.
  by apply: big1 => i _; case: eqP v_out => // ->; rewrite lez_nat ltz_nat ltn_ord.
case: v v_ge0 v_lt => // v _; rewrite ltz_nat => v_lt.
rewrite (bigD1 (Ordinal v_lt)) //= eqxx big1 ?addr0 // => i.
by rewrite -val_eqE /= eqz_nat eq_sym => /negbTE->.
Qed.

Lemma sum_box (D : nat) (N : nat -> int) (F : vec D.+1 -> R) :
  \sum_(v <- box_of D.+1 N) F v
  = \sum_(i <- iota 0 (count_of (N 0%N))) \sum_(v <- box_of D (fun n => N n.+1)) F (i%:Z, v).
Proof. exact: big_allpairs_dep. Qed.

Lemma read_box (D : nat) (f : nat -> axis) (N : nat -> int) (F : vec D -> R) o ks :
  (forall n, (n < D)%N -> base (f n) = 1%N) ->
  read_or 0 (fun p => if in_box N p then F p else 0) (reads_at f o ks)
  = \sum_(p <- box_of D N) (if lands f o ks p then F p else 0).
Proof.
elim: D f N F o ks => [|D IH] f N F o ks u1 /=; first by rewrite /box_of /= big_seq1.
rewrite sum_box u1 // undilate1 /=; set v := position _ _ _.
pose G q := read_or 0 (fun p => if in_box (fun n => N n.+1) p then F (q, p) else 0)
  (reads_at (fun n => f n.+1) o.2 (behead ks)).
rewrite (eq_bigr (fun i => if v == (i : nat)%:Z then G i%:Z else 0)); last first.
  move=> i _; case: eqP => _ /=; last exact: big1.
  by rewrite /G IH // => n n_lt; apply: u1.
rewrite (sum_at _ v G) /G; case: (reads_at _ _ _) => [p|] /=; last by case: ifP.
by case: (0 <= v < N 0%N).
Qed.

End Boxes.
