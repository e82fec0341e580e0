(* Values.v: the layers of arrays as programs, so that Coq can print what they are on a grid.

   list_loop op s F   op over F i for the i of a list, as a loop
   over_taps op D l F   op over F c ks for the channels c of a group and the taps ks of a layer
   compute_fold, compute_conv, compute_pool, compute_max_conv   the layers of Array.v
   compute_mode, compute_transposed   those of Modes.v and Transposed.v
   compute_average, compute_maximum   those of Pools.v
   compute_weight, compute_reached   the expanded weight and where it is not a structural zero; the
                  bias and the array of phases compute as they are
   compute_expanded   the expanded layer, its weight and all
   The theorems with an E behind say that each program is the definition, for all arguments.
   grid D C O y   the values of the array y of C channels and sizes O, in C order
   tap_grid D M C K w   the values of a weight, likewise
   signal_of_list, weight_of_list   an array and a weight from their shape and values in C order
   Edges: a negative size has no positions; a list that is too short is filled with zeros. *)

From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require Import Arith Index Conv Destride Tie Layer Compute Array Taps Modes Transposed.
From Symconv Require Import Pools.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory Num.Theory Order.Theory.
Local Open Scope ring_scope.

Section Loops.

Variables (T : Type) (idx : T) (op : Monoid.com_law idx).

Definition list_loop (I : Type) (s : seq I) (F : I -> T) : T :=
  foldr (fun i acc => op (F i) acc) idx s.

Lemma list_loopE (I : Type) (s : seq I) (F : I -> T) : \big[op/idx]_(i <- s) F i = list_loop s F.
Proof. by elim: s => [|i s IH]; rewrite ?big_nil // big_cons IH. Qed.

Lemma list_loop_if (I : Type) (s : seq I) (P : pred I) (F : I -> T) :
  \big[op/idx]_(i <- s | P i) F i = list_loop s (fun i => if P i then F i else idx).
Proof. by rewrite big_mkcond list_loopE. Qed.

Lemma list_loop_ord (n : nat) (F : nat -> T) : \big[op/idx]_(i < n) F i = list_loop (iota 0 n) F.
Proof. by rewrite -big_iota list_loopE. Qed.

Lemma eq_list_loop (I : Type) (s : seq I) (F G : I -> T) : F =1 G -> list_loop s F = list_loop s G.
Proof. by move=> eq_FG; rewrite -!list_loopE; apply: eq_bigr. Qed.

Definition over_taps (D : nat) (l : layer) (F : nat -> seq nat -> T) : T :=
  list_loop (iota 0 (group_in l)) (fun c => list_loop (tap_box D (kernels (axes l))) (F c)).

Lemma over_tapsE (D : nat) (l : layer) (F : nat -> seq nat -> T) :
  \big[op/idx]_(c < group_in l) \big[op/idx]_(ks <- tap_box D (kernels (axes l))) F c ks
  = over_taps D l F.
Proof. by rewrite /over_taps -list_loop_ord; apply: eq_bigr => c _; exact: list_loopE. Qed.

End Loops.

(* What output o reads through the taps ks of the channel that m knows as its c-th. *)
Definition sample_read (D : nat) (l : layer) (V : Type) (fill : V) (x : signal D V) (o : vec D)
    (m c : nat) (ks : seq nat) : V :=
  read_or fill (fun p => if in_box (sizes l) p then x (source l m c) p else fill)
    (reads_at (axes l) o ks).

Section Layers.

Variables (D : nat) (l : layer).

Definition compute_fold (T V : Type) (idx : T) (op : Monoid.com_law idx)
    (dom : nat -> vec D -> bool) (term : nat -> nat -> seq nat -> V -> T)
    (x : signal D V) (m : nat) (o : vec D) : T :=
  over_taps op D l (fun c ks =>
    read_or idx (fun p => if dom (source l m c) p then term m c ks (x (source l m c) p) else idx)
      (reads_at (axes l) o ks)).

Theorem compute_foldE (T V : Type) (idx : T) (op : Monoid.com_law idx) dom
    (term : nat -> nat -> seq nat -> V -> T) (x : signal D V) m o :
  layer_fold l op dom term x m o = compute_fold op dom term x m o.
Proof. by rewrite layer_foldE; exact: over_tapsE. Qed.

Definition compute_pool (T : Type) (idx : T) (op : Monoid.com_law idx) (x : signal D T) :
  signal D T := compute_fold op (inside l) (fun _ _ _ v => v) x.

Theorem compute_poolE (T : Type) (idx : T) (op : Monoid.com_law idx) (x : signal D T) m o :
  pool_layer l op x m o = compute_pool op x m o.
Proof. exact: compute_foldE. Qed.

Definition compute_max_conv (T : Type) (idx : T) (op : Monoid.com_law idx)
    (hit : nat -> nat -> seq nat -> bool) (x : signal D T) : signal D T :=
  compute_fold op (inside l) (fun m c q v => if hit m c q then v else idx) x.

Theorem compute_max_convE (T : Type) (idx : T) (op : Monoid.com_law idx) hit (x : signal D T) m o :
  max_conv_layer l op hit x m o = compute_max_conv op hit x m o.
Proof. exact: compute_foldE. Qed.

Definition compute_maximum {disp : unit} {T : orderType disp} (x : signal D (option T)) :
  signal D (option T) := compute_pool maxo_comoid x.

Theorem compute_maximumE {disp : unit} {T : orderType disp} (x : signal D (option T)) m o :
  max_layer l x m o = compute_maximum x m o.
Proof. exact: compute_foldE. Qed.

Definition compute_average (F : fieldType) (counted : bool) (hi : nat -> int) (x : signal D F)
    (c : nat) (o : vec D) : F :=
  compute_pool [com_law of +%R] x c o / (divisor counted (windows l) hi o)%:R.

Theorem compute_averageE (F : fieldType) counted hi (x : signal D F) c o :
  average_layer l counted hi x c o = compute_average counted hi x c o.
Proof. by rewrite /average_layer compute_foldE. Qed.

Section Convolutions.

Variables (R : ringType).
Implicit Types (w : weights R) (b : nat -> R) (x : signal D R).

Definition compute_conv w b x (m : nat) (o : vec D) : R :=
  b m + over_taps [com_law of +%R] D l (fun c ks => w m c ks * sample_read l 0 x o m c ks).

Theorem compute_convE w b x m o : conv_layer l w b x m o = compute_conv w b x m o.
Proof. by rewrite conv_layerE; congr (_ + _); exact: (over_tapsE [com_law of +%R]). Qed.

Definition compute_mode (md : nat -> mode) (fill : R) w b x (m : nat) (o : vec D) : R :=
  b m + over_taps [com_law of +%R] D l (fun c ks =>
    w m c ks * oapp (x (source l m c)) fill (mode_reads (windows l) md o ks)).

Theorem compute_modeE md fill w b x m o :
  conv_mode_layer l md fill w b x m o = compute_mode md fill w b x m o.
Proof.
rewrite /compute_mode -(over_tapsE [com_law of +%R]); congr (_ + _); apply: eq_bigr => c _.
pose F ks := w m c ks * oapp (x (source l m c)) fill (mode_reads (windows l) md o ks).
exact: (big_taps [com_law of +%R] _ _ F).
Qed.

Definition compute_transposed w b x (m : nat) (o : vec D) : R :=
  b m + list_loop [com_law of +%R] (iota 0 (group_in l)) (fun c =>
    list_loop [com_law of +%R] (box_of D (sizes l)) (fun i =>
      list_loop [com_law of +%R] (tap_box D (kernels (axes l))) (fun ks =>
        if lands (axes l) i ks o
        then w (source l m c) (m %% group_out l)%N ks * x (source l m c) i else 0))).

Theorem compute_transposedE w b x m o :
  transposed_layer l w b x m o = compute_transposed w b x m o.
Proof.
congr (_ + _); rewrite -(list_loop_ord [com_law of +%R]) /=; apply: eq_bigr => c _.
rewrite -(list_loopE [com_law of +%R]) /=; apply: eq_bigr => i _.
exact: (list_loop_if [com_law of +%R]).
Qed.

End Convolutions.

(* The weights of the expanded layer, of the ties f. *)
Variables (f : nat -> tie) (ord : order).

Definition compute_weight (R : ringType) (w : weights R) (m c : nat) (q : seq nat) : R :=
  list_loop [com_law of +%R] (tap_box D (kernels (axes l))) (fun ks =>
    if lands_on D l f ord m c ks q
    then w (channel_of ord (group_out l) (many_out D f) m)
           (channel_of ord (group_in l) (many_in D f) c) ks else 0).

Theorem compute_weightE (R : ringType) (w : weights R) m c q :
  expanded_weight D l f ord w m c q = compute_weight w m c q.
Proof.
rewrite /expanded_weight big_mkcond /compute_weight -(list_loopE [com_law of +%R]) /=.
exact: (big_taps [com_law of +%R] _ (axes l)
  (fun ks => if lands_on D l f ord m c ks q then _ else 0)).
Qed.

Definition compute_reached (m c : nat) (q : seq nat) : bool :=
  has (fun ks => lands_on D l f ord m c ks q) (tap_box D (kernels (axes l))).

Theorem compute_reachedE m c q : reached D l f ord m c q = compute_reached m c q.
Proof.
pose hit ks := lands_on D l f ord m c ks q; rewrite /compute_reached -big_has.
rewrite -(big_taps orb_comoid _ (axes l) hit) big_orE.
by apply: eq_existsb.
Qed.

End Layers.

(* The expanded layer l' of l, with the weights that the ties make. *)
Section Expanded.

Variables (D : nat) (l l' : layer) (f : nat -> tie) (ord : order).

Lemma eq_conv_weights (R : ringType) (w w' : weights R) (b : nat -> R) (x : signal D R) m o :
  (forall c ks, w m c ks = w' m c ks) -> conv_layer l' w b x m o = conv_layer l' w' b x m o.
Proof.
move=> eq_w; rewrite !conv_layerE; congr (_ + _).
by apply: eq_bigr => c _; apply: eq_bigr => ks _; rewrite eq_w.
Qed.

Definition compute_expanded (R : ringType) (w : weights R) (b : nat -> R) (X : signal D R) :
  signal D R := compute_conv l' (compute_weight D l f ord w) (expanded_bias D l f ord b) X.

Theorem compute_expandedE (R : ringType) (w : weights R) (b : nat -> R) (X : signal D R) m o :
  conv_layer l' (expanded_weight D l f ord w) (expanded_bias D l f ord b) X m o
  = compute_expanded w b X m o.
Proof.
rewrite -[RHS]compute_convE; apply: eq_conv_weights => c ks.
exact: compute_weightE.
Qed.

Definition compute_expanded_pool (T : Type) (idx : T) (op : Monoid.com_law idx) (X : signal D T) :
  signal D T := compute_max_conv l' op (compute_reached D l f ord) X.

Theorem compute_expanded_poolE (T : Type) (idx : T) (op : Monoid.com_law idx) (X : signal D T) m o :
  max_conv_layer l' op (reached D l f ord) X m o = compute_expanded_pool op X m o.
Proof.
rewrite compute_max_convE; apply: eq_list_loop => c; apply: eq_list_loop => ks.
by rewrite compute_reachedE.
Qed.

End Expanded.

(* Arrays and weights as lists in C order. *)
Definition grid (D : nat) (V : Type) (C : nat) (O : nat -> int) (y : signal D V) : seq V :=
  [seq y c o | c <- iota 0 C, o <- box_of D O].

Definition tap_grid (D : nat) (V : Type) (M C : nat) (K : nat -> nat) (w : weights V) : seq V :=
  flatten [seq [seq w m c ks | c <- iota 0 C, ks <- tap_box D K] | m <- iota 0 M].

Definition signal_of_list (V : Type) (zero : V) (D : nat) (shape : seq nat) (l : seq V) :
  signal D V := fun c v => array_of_list (D := D.+1) zero shape l (c%:Z, v).

Definition weight_of_list (V : Type) (zero : V) (shape : seq nat) (l : seq V) : weights V :=
  fun m c ks => nth zero l (foldl (fun n p => n * p.1 + p.2)%N 0%N (zip shape [:: m, c & ks])).

Lemma eq_grid (D : nat) (V : Type) (C : nat) (O : nat -> int) (y y' : signal D V) :
  (forall c o, y c o = y' c o) -> grid C O y = grid C O y'.
Proof. by move=> eq_y; apply: eq_allpairs. Qed.
