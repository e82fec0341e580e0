(* Expansion.v: a layer of arrays equals its expansion on arrays of phases.

   fold_expansion the theorem for any commutative monoid and any term of weight and sample, at one
                  phase and block
   eq_layer_fold, eq_expanded_term   a layer is determined by its windows on the axes it has
   layer_fold_in  and by what it makes of the samples that its taps read
   conv_layer_fold   a convolution is a fold of products
   window_on_blocks w a   the window that w has on blocks, with the tie a
   holds_phases_at   an array holds the phases of x as soon as it does so sample by sample
   outputs_on_phases, on_signal_inside   outputs of the layer are outputs of the expanded layer, and
                  the phases of its samples are samples
   layer_expansion   the layer at m and o, and its expansion at o's phase and block, on any array
                  that holds the phases, its reads kept to samples of the signal
   array_expansion   the same on the array of phases, filled up with what the term ignores
   conv_expansion, pool_expansion   of a convolution, and of a pooling by an idempotent law
   Edges: as in Array.v. *)

From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require Import Arith Index Conv Destride Tie Layer Compute Array Phases.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory Num.Theory Order.Theory.
Local Open Scope ring_scope.

(* The window on blocks: coarse(N) samples, and the high pad for which it has coarse(O) outputs. *)
Definition window_on_blocks (w : window) (a : tie) : window :=
  let N' := coarse (samples w) (e_in a) in let O' := coarse (outputs w) (e_out a) in
  Window (unstrided a) N'
    ((new_stride a)%:Z * (O' - 1) + ((new_kernel a)%:Z - 1 - new_lo a) - (N' - 1)).

Section Expansion.

Variables (D : nat) (f : nat -> tie) (ok : forall n, tie_ok (f n)) (ord : order).
Variables (G C M : nat) (N N' hi hi' : nat -> int).
Hypotheses (C_gt0 : (0 < C)%N) (M_gt0 : (0 < M)%N).

Let l := Layer G C M (fun n => Window (strided (f n)) (N n) (hi n)).
Let l' := Layer G (C * many_in D f) (M * many_out D f)
  (fun n => Window (unstrided (f n)) (N' n) (hi' n)).
Notation Ein := (phases_in D f).
Notation Eout := (phases_out D f).

Variables (T V : Type) (idx : T) (op : Monoid.com_law idx).
Variables (term : nat -> nat -> seq nat -> V -> T) (x X : nat -> vec D -> V).
Variables (m : nat) (rho : phase Eout) (i : vec D).
Hypothesis X_phases : forall c r p, (c < C)%N -> in_box N (fine Ein r p) ->
  X (joined ord C (many_in D f) (source l m c) (flat r)) p = x (source l m c) (fine Ein r p).

Let m' := joined ord M (many_out D f) m (flat rho).

(* What a position holds, or nothing. *)
Let held (c : 'I_C) (p : vec D) : option V :=
  if in_box N p then Some (x (source l m c) p) else None.
Let term_of (_ : unit) (c : 'I_C) (k : tap (strided_nd D f)) (v : option V) : T :=
  if v is Some v then term m c (tap_list k) v else idx.

Lemma layer_fold_held o :
  layer_fold l op (inside l) term x m o
  = fold_taps op term_of held tt o.
Proof.
apply: eq_bigr => c _; apply: eq_bigr => k _; case: (reads _ o k) => //= p.
by rewrite /held /inside /sizes /=; case: ifP.
Qed.

Lemma expanded_source (c : 'I_C) (r : phase Ein) :
  source l' m' (joined ord C (many_in D f) c (flat r))
  = joined ord C (many_in D f) (source l m c) (flat r).
Proof.
have rho_lt := flat_lt rho; have E_gt0 := leq_ltn_trans (leq0n _) rho_lt.
by rewrite /source /= (joined_group ord M_gt0 E_gt0 m rho_lt) -joined_shift.
Qed.

Theorem fold_expansion :
  layer_fold l op (inside l) term x m (fine Eout rho i)
  = layer_fold l' op (on_signal l f ord) (expanded_term D l f ord op term) X m' i.
Proof.
rewrite layer_fold_held; have := destride_fold (nd_square D ok) op term_of held (tt, rho) i.
rewrite {1}/phases /= => ->.
pose F c := \big[op/idx]_(q : tap (unstrided_nd D f)) read_or idx (fun p =>
  if on_signal l f ord (source l' m' c) p
  then expanded_term D l f ord op term m' c (tap_list q) (X (source l' m' c) p) else idx)
  (reads (unstrided_nd D f) i q).
rewrite -[RHS]/(\big[op/idx]_(c < C * volume D (ins f)) F c) (big_joined op ord D (ins f) F C_gt0).
apply: eq_bigr => -[c r] _; rewrite /F expanded_source /=.
have r_lt := flat_lt r; have Ein_gt0 := leq_ltn_trans (leq0n _) r_lt.
have rho_lt := flat_lt rho; have Eout_gt0 := leq_ltn_trans (leq0n _) rho_lt.
apply: eq_bigr => q _; case: (reads _ i q) => //= p.
rewrite /on_signal /= joined_phase // unflat_flat fine_at_phase.
rewrite /folded_weight /phases /held /=; case: ifP => p_in; last first.
  by rewrite big1.
rewrite X_phases // /expanded_term /lands_on /m' !joined_phase // !joined_channel // !unflat_flat.
apply: eq_big => [k|k _] //=.
by rewrite in_rows_tables (nd_table ok rho k (r, q)).
Qed.

End Expansion.

(* Layers whose windows agree on the axes that they have are one layer. *)
Section Same.

Variables (D : nat) (l l2 : layer).
Hypotheses (same_in : group_in l2 = group_in l) (same_out : group_out l2 = group_out l).
Hypothesis same_axes : forall n, (n < D)%N -> on (windows l2 n) = on (windows l n).
Variables (T V : Type) (idx : T) (op : Monoid.com_law idx).

Lemma eq_layer_fold dom term (x : nat -> vec D -> V) m o :
  layer_fold l op dom term x m o = layer_fold l2 op dom term x m o.
Proof.
rewrite /layer_fold same_in; apply: eq_bigr => c _; rewrite /source same_in same_out.
set F := fun ks p => if dom (m %/ group_out l * group_in l + c)%N p
  then term m (nat_of_ord c) ks (x (m %/ group_out l * group_in l + c)%N p) else idx.
exact: (esym (eq_taps op F o same_axes)).
Qed.

Lemma eq_expanded_term (f : nat -> tie) ord (term : nat -> nat -> seq nat -> V -> T) m c q v :
  expanded_term D l f ord op term m c q v = expanded_term D l2 f ord op term m c q v.
Proof.
rewrite /expanded_term big_mkcond [RHS]big_mkcond /= /lands_on same_in same_out.
set rho := unflat _ _ (phase_of _ _ _ m); set r := unflat _ _ _.
pose F ks := if in_rows D f rho ks r q
  then term (channel_of ord (group_out l) (many_out D f) m)
            (channel_of ord (group_in l) (many_in D f) c) ks v else idx.
exact: (esym (eq_tap_sum op F same_axes)).
Qed.

End Same.

Lemma layer_fold_in (D : nat) (l : layer) (T V : Type) (idx : T) (op : Monoid.com_law idx)
    (dom dom' : nat -> vec D -> bool) (term term' : nat -> nat -> seq nat -> V -> T)
    (x x' : nat -> vec D -> V) (m : nat) (o : vec D) :
  (forall c q p, (c < group_in l)%N ->
     (if dom (source l m c) p then term m c q (x (source l m c) p) else idx)
     = (if dom' (source l m c) p then term' m c q (x' (source l m c) p) else idx)) ->
  layer_fold l op dom term x m o = layer_fold l op dom' term' x' m o.
Proof.
move=> eq_read; apply: eq_bigr => c _; apply: eq_bigr => k _.
by case: (reads _ o k) => //= p; exact: eq_read.
Qed.

Lemma conv_layer_fold (D : nat) (R : ringType) (l : layer) (w : nat -> nat -> seq nat -> R)
    (b : nat -> R) (x : nat -> vec D -> R) m o :
  conv_layer l w b x m o
  = b m + layer_fold l [com_law of +%R] (inside l) (fun m c k v => w m c k * v) x m o.
Proof.
congr (_ + _); apply: eq_bigr => c _; apply: eq_bigr => k _.
by case: (reads _ o k) => [p|] /=; rewrite /inside; [case: ifP|]; rewrite ?mulr0.
Qed.

(* An array holds the phases of x as soon as it does so sample by sample. *)
Lemma holds_phases_at (D : nat) (l : layer) (f : nat -> tie) (ord : order) (V : Type)
    (x X : nat -> vec D -> V) : (0 < group_in l)%N -> (forall n, (0 < ins f n)%N) ->
  (forall c o, (c < groups l * group_in l)%N -> in_box (sizes l) o ->
     X (joined ord (group_in l) (many_in D f) c (phase_at (ins f) o)) (coarse_at (ins f) o)
     = x c o) ->
  holds_phases l f ord x X.
Proof.
move=> C_gt0 Ein_gt0 X_phases c i c_lt c_on.
have many_gt0 : (0 < many_in D f)%N by exact: volume_gt0.
have ph_lt := phase_of_lt ord C_gt0 many_gt0 c; have [r eq_r] := flat_onto ph_lt.
have cc_lt := channel_of_lt ord C_gt0 many_gt0 c_lt.
set cc := channel_of _ _ _ _; set o := fine_at _ _ _.
have eq_phase : phase_at (ins f) o = phase_of ord (group_in l) (many_in D f) c.
  by rewrite /o -eq_r unflat_flat fine_at_phase phase_at_fine.
have eq_coarse : coarse_at (ins f) o = i.
  by rewrite /o -eq_r unflat_flat fine_at_phase coarse_at_fine.
by rewrite -(X_phases cc o cc_lt c_on) eq_phase eq_coarse joinedK.
Qed.

Section Layers.

Variables (D : nat) (ord : order) (l l' : layer) (f : nat -> tie) (fits : expands D l l' f).
Notation Eout := (factors_out f).
Notation on_phases m o := (joined ord (group_out l) (many_out D f) m (phase_at Eout o)).

Let ok n : tie_ok (f n). Proof. by case: fits => /(_ n)/and3P[]. Qed.
Let Ein_gt0 n : (0 < ins f n)%N. Proof. by case: fits => /(_ n)/and3P[]. Qed.
Let Eout_gt0 n : (0 < Eout n)%N. Proof. by case: fits => /(_ n)/and3P[]. Qed.
Let C_gt0 : (0 < group_in l)%N. Proof. by case: fits => _ _ /and5P[]. Qed.
Let M_gt0 : (0 < group_out l)%N. Proof. by case: fits => _ _ /and5P[]. Qed.
Let many_in_gt0 : (0 < many_in D f)%N. Proof. exact: volume_gt0. Qed.
Let many_out_gt0 : (0 < many_out D f)%N. Proof. exact: volume_gt0. Qed.
Let in_l' : group_in l' = (group_in l * many_in D f)%N.
Proof. by case: fits => _ _ /and5P[_ _ _ /eqP]. Qed.
Let out_l' : group_out l' = (group_out l * many_out D f)%N.
Proof. by case: fits => _ _ /and5P[_ _ _ _ /eqP]. Qed.
Let axis_l n : strided (f n) = on (windows l n). Proof. by case: fits => _ /(_ n)[]. Qed.
Let axis_l' n : unstrided (f n) = on (windows l' n). Proof. by case: fits => _ /(_ n)[]. Qed.

(* Each output of the layer is one of the expanded layer. *)
Theorem outputs_on_phases (o : vec D) : in_box (outs l) o -> in_box (outs l') (coarse_at Eout o).
Proof.
move/(coarse_in_box Eout_gt0); rewrite (eq_in_box _ (N' := outs l')) // => n _.
by case: fits => _ /(_ n)[_ _ _ _ eq_out] _; rewrite [RHS]eq_out.
Qed.

(* A phase of the input lies in the expanded layer's box. *)
Lemma on_signal_inside c (p : vec D) : on_signal l f ord c p -> inside l' c p.
Proof.
have [r eq_r] := flat_onto (phase_of_lt ord C_gt0 many_in_gt0 c).
rewrite /on_signal -eq_r unflat_flat fine_at_phase => /phases_in_box.
rewrite (eq_in_box _ (N' := sizes l')) // => n _.
by case: fits => _ /(_ n)[_ _ _ eq_in _] _; rewrite [RHS]eq_in.
Qed.

Lemma source_lt m c : (m < groups l * group_out l)%N -> (c < group_in l)%N ->
  (source l m c < groups l * group_in l)%N.
Proof.
move=> m_lt c_lt; have g_lt : (m %/ group_out l < groups l)%N by rewrite ltn_divLR.
apply: (@leq_trans ((m %/ group_out l).+1 * group_in l)).
  by rewrite /source mulSn [X in (_ < X)%N]addnC ltn_add2l.
by rewrite leq_mul2r g_lt orbT.
Qed.

Section Fold.

Variables (T V : Type) (idx : T) (op : Monoid.com_law idx).
Variables (term : nat -> nat -> seq nat -> V -> T) (x : nat -> vec D -> V).

(* The expanded layer, its reads kept to samples of the signal, on any array that holds the phases
   there: what stands past the end does not matter. *)
Theorem layer_expansion (X : nat -> vec D -> V) (m : nat) (o : vec D) :
  (m < groups l * group_out l)%N -> holds_phases l f ord x X ->
  layer_fold l op (inside l) term x m o
  = layer_fold l' op (on_signal l f ord) (expanded_term D l f ord op term) X (on_phases m o)
      (coarse_at Eout o).
Proof.
move=> m_lt X_phases; have [rho <- {1}<-] := coarse_phase o Eout_gt0.
pose hi n := high (windows l n); pose hi' n := high (windows l' n).
pose l0 := Layer (groups l) (group_in l) (group_out l)
  (fun n => Window (strided (f n)) (sizes l n) (hi n)).
pose l0' := Layer (groups l) (group_in l * many_in D f) (group_out l * many_out D f)
  (fun n => Window (unstrided (f n)) (sizes l' n) (hi' n)).
rewrite (@eq_layer_fold D l l0) => [|||n _]; [|by []|by []|exact: axis_l].
rewrite (@eq_layer_fold D l' l0') => [|||n _]; [|exact: esym|exact: esym|exact: axis_l'].
have eq_fold := @fold_expansion D f ok ord (groups l) (group_in l) (group_out l) (sizes l)
  (sizes l') hi hi' C_gt0 M_gt0 T V idx op term x X m rho (coarse_at Eout o).
rewrite -/l0 -/l0' in eq_fold; rewrite eq_fold => [|c r p c_lt p_in].
  apply: layer_fold_in => c q p _; rewrite -[on_signal l0 f ord]/(on_signal l f ord).
  by rewrite (@eq_expanded_term D l l0) // => n _; exact: axis_l.
have r_lt := flat_lt r; rewrite X_phases /=.
- by rewrite joined_channel // joined_phase // unflat_flat fine_at_phase.
- rewrite -mulnA; apply: (@leq_trans ((m %/ group_out l).+1 * (group_in l * many_in D f))).
    by rewrite /source joined_shift // mulSn [X in (_ < X)%N]addnC ltn_add2l joined_lt.
  by rewrite leq_mul2r ltn_divLR // m_lt orbT.
by rewrite /on_signal joined_phase // unflat_flat fine_at_phase.
Qed.

Variable fill : V.
Hypothesis term_fill : forall m c q, term m c q fill = idx.

Lemma phase_array_holds : holds_phases l f ord x (phase_array l f ord fill x).
Proof. by move=> c i _; rewrite /on_signal /phase_array => ->. Qed.

(* The expanded layer on the array of phases, filled up behind the end. *)
Theorem array_expansion (m : nat) (o : vec D) : (m < groups l * group_out l)%N ->
  layer_fold l op (inside l) term x m o
  = layer_fold l' op (inside l') (expanded_term D l f ord op term) (phase_array l f ord fill x)
      (on_phases m o) (coarse_at Eout o).
Proof.
move=> m_lt; rewrite (layer_expansion o m_lt phase_array_holds).
apply: layer_fold_in => c q p _; case: ifP => [/on_signal_inside-> //|out].
rewrite /phase_array -/(on_signal l f ord _ p) out; case: ifP => // _.
by rewrite /expanded_term big1.
Qed.

End Fold.

(* A convolution equals the one of the expanded weight on the array of phases. *)
Theorem conv_expansion (R : ringType) (w : nat -> nat -> seq nat -> R) (b : nat -> R)
    (x : nat -> vec D -> R) (m : nat) (o : vec D) : (m < groups l * group_out l)%N ->
  conv_layer l w b x m o
  = conv_layer l' (expanded_weight D l f ord w) (expanded_bias D l f ord b)
      (phase_array l f ord 0 x) (on_phases m o) (coarse_at Eout o).
Proof.
move=> m_lt; rewrite !conv_layer_fold; congr (_ + _).
  by have [rho <- _] := coarse_phase o Eout_gt0; rewrite /expanded_bias joined_channel ?flat_lt.
rewrite (array_expansion _ x (fun m0 c k => mulr0 (w m0 c k)) o m_lt).
by apply: layer_fold_in => c q p _; rewrite /expanded_term /expanded_weight mulr_suml.
Qed.

(* A pooling equals the maximum over the slots that some tap reaches. *)
Theorem pool_expansion (T : Type) (idx : T) (op : Monoid.com_law idx) (x : nat -> vec D -> T)
    (m : nat) (o : vec D) : idempotent op -> (m < groups l * group_out l)%N ->
  pool_layer l op x m o
  = max_conv_layer l' op (reached D l f ord) (phase_array l f ord idx x) (on_phases m o)
      (coarse_at Eout o).
Proof.
move=> opxx m_lt; rewrite /pool_layer.
rewrite (@array_expansion T T idx op (fun _ _ _ v => v) x idx _ m o m_lt) //.
apply: layer_fold_in => c q p _; case: ifP => // _; rewrite /expanded_term /reached.
case: existsP => [[k0 k0_lands]|none]; last first.
  by rewrite big_pred0 // => k; apply/negP => k_lands; case: none; exists k.
rewrite big_const; set n := #|_|.
have: (0 < n)%N by apply/card_gt0P; exists k0.
case: n => // n _; elim: n => [|n IH]; first by rewrite /= Monoid.mulm1.
by rewrite iterS IH opxx.
Qed.

End Layers.
