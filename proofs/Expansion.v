(* Expansion.v: a layer of arrays equals its expansion on arrays of phases.

   phase_list r   the phase r, one number an axis
   eq_layer_fold  a layer is determined by its windows on the axes it has
   fold_expansion the theorem for any commutative monoid and any term of weight and sample
   Edges: as in Array.v. *)

From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require Import Arith Index Conv Destride Tie Layer Compute Array.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory Num.Theory Order.Theory.
Local Open Scope ring_scope.

(* Channels and phases by their numbers. *)
Section Joined.

Variables (ord : order) (n E : nat).
Hypotheses (n_gt0 : (0 < n)%N) (E_gt0 : (0 < E)%N).

Let nE_gt0 : (0 < n * E)%N. Proof. by rewrite muln_gt0 n_gt0. Qed.

Lemma joined_split (c r : nat) :
  joined by_phase n E c r = (c %/ n * (n * E) + (r * n + c %% n))%N.
Proof. by rewrite /joined addnA. Qed.

Lemma local_lt (c r : nat) : (r < E)%N -> (r * n + c %% n < n * E)%N.
Proof.
move=> r_lt; apply: (@leq_trans (r.+1 * n)); first by rewrite mulSn addnC ltn_add2r ltn_pmod.
by rewrite mulnC leq_mul2l r_lt orbT.
Qed.

Lemma joined_channel (c r : nat) : (r < E)%N -> channel_of ord n E (joined ord n E c r) = c.
Proof.
move=> r_lt; case: ord => /=; first by rewrite divnMDl // divn_small // addn0.
rewrite -addnA divnMDl // (divn_small (local_lt c r_lt)) addn0.
by rewrite (mulnC n) mulnA modnMDl modnMDl modn_mod -divn_eq.
Qed.

Lemma joined_phase (c r : nat) : (r < E)%N -> phase_of ord n E (joined ord n E c r) = r.
Proof.
move=> r_lt; case: ord => /=; first by rewrite modnMDl modn_small.
rewrite -addnA modnMDl (modn_small (local_lt c r_lt)) divnMDl //.
by rewrite divn_small ?addn0 // ltn_pmod.
Qed.

Lemma joined_group (c r : nat) : (r < E)%N -> (joined ord n E c r %/ (n * E) = c %/ n)%N.
Proof.
move=> r_lt; case: ord; last first.
  by rewrite joined_split divnMDl // (divn_small (local_lt c r_lt)) addn0.
by rewrite /= (mulnC n) divnMA divnMDl // (divn_small r_lt) addn0.
Qed.

Lemma joined_shift (g c r : nat) : (c < n)%N ->
  joined ord n E (g * n + c) r = (g * (n * E) + joined ord n E c r)%N.
Proof.
move=> c_lt; case: ord => /=; first by rewrite mulnDl addnA mulnA.
by rewrite divnMDl // (divn_small c_lt) addn0 modnMDl !modn_small // mul0n add0n addnA.
Qed.

Lemma joined_lt (c r : nat) : (c < n)%N -> (r < E)%N -> (joined ord n E c r < n * E)%N.
Proof.
move=> c_lt r_lt; case: ord; last first.
  by rewrite joined_split (divn_small c_lt) mul0n add0n local_lt.
apply: (@leq_trans (c.+1 * E)); first by rewrite /= mulSn addnC ltn_add2r.
by rewrite leq_mul2r c_lt orbT.
Qed.

Lemma phase_of_lt (c : nat) : (phase_of ord n E c < E)%N.
Proof.
case: ord => /=; first by rewrite ltn_pmod.
by rewrite ltn_divLR // (mulnC E) ltn_pmod.
Qed.

Lemma joinedK (c : nat) : joined ord n E (channel_of ord n E c) (phase_of ord n E c) = c.
Proof.
case: ord => /=; first by rewrite -divn_eq.
rewrite divnMDl // (divn_small (ltn_pmod c n_gt0)) addn0 modnMDl modn_mod.
rewrite [RHS](divn_eq c (n * E)) -addnA; congr addn.
by rewrite [RHS](divn_eq _ n); congr addn; rewrite modn_dvdm // dvdn_mulr.
Qed.

Lemma channel_of_lt (g c : nat) : (c < g * n * E)%N -> (channel_of ord n E c < g * n)%N.
Proof.
move=> c_lt; case: ord => /=; first by rewrite ltn_divLR.
have: (c %/ (n * E) < g)%N by rewrite ltn_divLR // mulnA.
move=> q_lt; apply: (@leq_trans ((c %/ (n * E)).+1 * n)).
  by rewrite mulSn addnC ltn_add2r ltn_pmod.
by rewrite leq_mul2r q_lt orbT.
Qed.

End Joined.

(* Phases as lists and as numbers. *)
Fixpoint phase_list (D : nat) : forall E : nat -> nat, phase (nd_phasing D E) -> seq nat :=
  match D return forall E, phase (nd_phasing D E) -> seq nat with
  | 0 => fun _ _ => [::]
  | D'.+1 => fun E r => ((r.1 : 'I__) : nat) :: @phase_list D' (fun n => E n.+1) r.2
  end.

Fixpoint flat (D : nat) : forall E : nat -> nat, phase (nd_phasing D E) -> nat :=
  match D return forall E, phase (nd_phasing D E) -> nat with
  | 0 => fun _ _ => 0%N
  | D'.+1 => fun E r => (((r.1 : 'I__) : nat) * volume D' (fun n => E n.+1)
                         + @flat D' (fun n => E n.+1) r.2)%N
  end.

Lemma flat_lt (D : nat) (E : nat -> nat) (r : phase (nd_phasing D E)) : (flat r < volume D E)%N.
Proof.
elim: D E r => [|D IH] E //= [r r'] /=; have := IH _ r'; set V := volume _ _ => r'_lt.
apply: (@leq_trans (r.+1 * V)); first by rewrite mulSn addnC ltn_add2r.
by rewrite leq_mul2r ltn_ord orbT.
Qed.

Lemma unflat_flat (D : nat) (E : nat -> nat) (r : phase (nd_phasing D E)) :
  unflat D E (flat r) = phase_list r.
Proof.
elim: D E r => [|D IH] E //= [r r'] /=; have r'_lt := flat_lt r'.
have V_gt0 : (0 < volume D (fun n => E n.+1))%N by case: (volume _ _) r'_lt.
by rewrite divnMDl // divn_small // addn0 modnMDl modn_small // IH.
Qed.

Lemma flat_inj (D : nat) (E : nat -> nat) : injective (@flat D E).
Proof.
suff list_inj : injective (@phase_list D E).
  by move=> r r' eq_flat; apply: list_inj; rewrite -!unflat_flat eq_flat.
elim: D E => [|D IH] E /=; first by move=> [] [].
by move=> [r r'] [t t'] /= [/val_inj-> /IH->].
Qed.

Lemma card_phases (D : nat) (E : nat -> nat) : #|{: phase (nd_phasing D E)}| = volume D E.
Proof.
elim: D E => [|D IH] E /=; first exact: card_unit.
by rewrite card_prod card_ord IH.
Qed.

Lemma fine_at_phase (D : nat) (E : nat -> nat) (r : phase (nd_phasing D E)) (i : vec D) :
  fine_at E (phase_list r) i = fine (nd_phasing D E) r i.
Proof. by elim: D E r i => [|D IH] E; [by move=> r i; case: i|move=> [r r'] [i i'] /=; rewrite IH]. Qed.

Lemma in_rows_tables (D : nat) (f : nat -> tie) rho k r q :
  in_rows D f (phase_list rho) (tap_list k) (phase_list r) (tap_list q)
  = in_tables (D := D) (f := f) rho k r q.
Proof.
elim: D f rho k r q => [|D IH] f //= [rho rho'] [k k'] [r r'] [q q'] /=.
by rewrite (IH (fun n => f n.+1)).
Qed.

Section Big.

Variables (T : Type) (idx : T) (op : Monoid.com_law idx).

Lemma big_flat (D : nat) (E : nat -> nat) (F : nat -> T) :
  \big[op/idx]_(j < volume D E) F j = \big[op/idx]_(r : phase (nd_phasing D E)) F (flat r).
Proof.
pose h (r : phase (nd_phasing D E)) := Ordinal (flat_lt r).
have h_inj : injective h by move=> r r' /(congr1 val) /= /flat_inj.
have [g gK hK] : bijective h by apply: inj_card_bij => //; rewrite card_phases card_ord.
by rewrite (reindex h) //; exists g => ? _.
Qed.

Lemma big_joined (ord : order) (n D : nat) (E : nat -> nat) (F : nat -> T) : (0 < n)%N ->
  \big[op/idx]_(c < n * volume D E) F c
  = \big[op/idx]_(cr : 'I_n * phase (nd_phasing D E)) F (joined ord n (volume D E) cr.1 (flat cr.2)).
Proof.
move=> n_gt0; set V := volume D E.
have lt (cr : 'I_n * phase (nd_phasing D E)) : (joined ord n V cr.1 (flat cr.2) < n * V)%N.
  by apply: joined_lt => //; exact: flat_lt.
pose h cr := Ordinal (lt cr).
have h_inj : injective h.
  move=> [c r] [c' r'] /(congr1 val) /= eq_j; have r_lt := flat_lt r; have r'_lt := flat_lt r'.
  have V_gt0 : (0 < V)%N by rewrite /V; case: (volume _ _) r_lt.
  congr pair; last first.
    by apply: flat_inj; rewrite -(joined_phase ord n_gt0 c r_lt) eq_j joined_phase.
  by apply: val_inj; rewrite /= -(joined_channel ord n_gt0 V_gt0 c r_lt) eq_j joined_channel.
have [g gK hK] : bijective h.
  by apply: inj_card_bij => //; rewrite card_prod card_phases !card_ord.
by rewrite (reindex h) //; exists g => ? _.
Qed.

(* What a fold over taps gives depends on the axes it has, and not on how they are listed. *)
Lemma eq_compute (V : Type) (D : nat) (f g : nat -> axis) (F : seq nat -> V -> T)
    (x : vec D -> V) o : (forall n, (n < D)%N -> f n = g n) ->
  compute op f F x o = compute op g F x o.
Proof.
elim: D f g F x o => [|D IH] f g F x o //= eq_fg; rewrite -(eq_fg 0%N) // /loop.
elim: (iota _ _) => //= k ks ->; congr (op _ _); case: (undilate _ _) => // p.
by apply: (IH (fun n => f n.+1)) => n n_lt; apply: eq_fg.
Qed.

Lemma eq_taps (D : nat) (f g : nat -> axis) (F : seq nat -> vec D -> T) o :
  (forall n, (n < D)%N -> f n = g n) ->
  \big[op/idx]_k read idx (F (tap_list k)) (reads (nd_access D f) o k)
  = \big[op/idx]_k read idx (F (tap_list k)) (reads (nd_access D g) o k).
Proof.
move=> eq_fg; have := computeE op f F id o; rewrite /= => ->.
by rewrite (eq_compute _ _ _ eq_fg) -computeE.
Qed.

Lemma eq_tap_sum (D : nat) (f g : nat -> axis) (F : seq nat -> T) :
  (forall n, (n < D)%N -> f n = g n) ->
  \big[op/idx]_(k : tap (nd_access D f)) F (tap_list k)
  = \big[op/idx]_(k : tap (nd_access D g)) F (tap_list k).
Proof.
elim: D f g F => [|D IH] f g F eq_fg //=.
rewrite !big_pairs /= -(eq_fg 0%N) //; apply: eq_bigr => k _.
by apply: (IH (fun n => f n.+1) _ (fun ks => F (_ :: ks))) => n n_lt; apply: eq_fg.
Qed.

End Big.

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
  = fold op term_of held tt o.
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
pose F c := \big[op/idx]_(q : tap (unstrided_nd D f)) read idx (fun p =>
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
Lemma eq_in_box (D : nat) (N N' : nat -> int) (v : vec D) :
  (forall n, (n < D)%N -> N n = N' n) -> in_box N v = in_box N' v.
Proof.
elim: D N N' v => [|D IH] N N' //= [v v'] eq_N /=.
by rewrite eq_N // (IH _ (fun n => N' n.+1)) // => n n_lt; exact: eq_N.
Qed.

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

(* Positions and their blocks. *)
Lemma coarse_phase (D : nat) (E : nat -> nat) (o : vec D) : (forall n, (0 < E n)%N) ->
  exists2 rho : phase (nd_phasing D E),
    flat rho = phase_at E o & fine (nd_phasing D E) rho (coarse_at E o) = o.
Proof.
elim: D E o => [|D IH] E o E_gt0 /=; first by exists tt => //; case: o.
case: o => o o'; have [rho' eq_flat eq_o] := IH (fun n => E n.+1) o' (fun n => E_gt0 n.+1).
have /andP[ge0 lt] := euclid_bound o (E_gt0 0%N).
have r_lt : (`|(o %% (E 0%N)%:Z)%Z| < E 0)%N by rewrite -ltz_nat gez0_abs.
exists (Ordinal r_lt, rho') => /=; first by rewrite eq_flat.
by rewrite eq_o gez0_abs // -euclid_eq.
Qed.

Lemma coarse_in_box (D : nat) (E : nat -> nat) (O : nat -> int) (o : vec D) :
  (forall n, (0 < E n)%N) -> in_box O o -> in_box (fun n => coarse (O n) (E n)) (coarse_at E o).
Proof.
elim: D E O o => [|D IH] E O //= [o o'] E_gt0 /= /andP[o_in /(IH (fun n => E n.+1))->] //.
by rewrite (coarse_position (E_gt0 0%N) o_in).
Qed.

Lemma volume_gt0 (D : nat) (E : nat -> nat) : (forall n, (0 < E n)%N) -> (0 < volume D E)%N.
Proof. by elim: D E => [|D IH] E //= E_gt0; rewrite muln_gt0 E_gt0 IH. Qed.

Lemma flat_onto (D : nat) (E : nat -> nat) (j : nat) : (j < volume D E)%N ->
  exists r : phase (nd_phasing D E), flat r = j.
Proof.
move=> j_lt; pose h (r : phase (nd_phasing D E)) := Ordinal (flat_lt r).
have h_inj : injective h by move=> r r' /(congr1 val) /= /flat_inj.
have [g gK hK] : bijective h by apply: inj_card_bij => //; rewrite card_phases card_ord.
by exists (g (Ordinal j_lt)); have /(congr1 val) := hK (Ordinal j_lt).
Qed.

Lemma conv_layer_fold (D : nat) (R : ringType) (l : layer) (w : nat -> nat -> seq nat -> R) (b : nat -> R)
    (x : nat -> vec D -> R) m o :
  conv_layer l w b x m o
  = b m + layer_fold l [com_law of +%R] (inside l) (fun m c k v => w m c k * v) x m o.
Proof.
congr (_ + _); apply: eq_bigr => c _; apply: eq_bigr => k _.
by case: (reads _ o k) => [p|] /=; rewrite /inside; [case: ifP|]; rewrite ?mulr0.
Qed.

Lemma eq_volume (D : nat) (E E' : nat -> nat) : (forall n, E n = E' n) -> volume D E = volume D E'.
Proof. by elim: D E E' => [|D IH] E E' eq_E //=; rewrite eq_E (IH _ (fun n => E' n.+1)). Qed.

Lemma eq_phase_at (D : nat) (E E' : nat -> nat) (v : vec D) : (forall n, E n = E' n) ->
  phase_at E v = phase_at E' v.
Proof.
elim: D E E' v => [|D IH] E E' //= [v v'] eq_E /=.
by rewrite eq_E (IH _ (fun n => E' n.+1)) // (@eq_volume D _ (fun n => E' n.+1)).
Qed.

Lemma eq_coarse_at (D : nat) (E E' : nat -> nat) (v : vec D) : (forall n, E n = E' n) ->
  coarse_at E v = coarse_at E' v.
Proof.
elim: D E E' v => [|D IH] E E' //= [v v'] eq_E /=.
by rewrite eq_E (IH _ (fun n => E' n.+1)).
Qed.

Lemma phase_at_fine (D : nat) (E : nat -> nat) (r : phase (nd_phasing D E)) (i : vec D) :
  phase_at E (fine (nd_phasing D E) r i) = flat r.
Proof.
elim: D E r i => [|D IH] E //= [r r'] [i i'] /=; rewrite IH; congr (_ * _ + _)%N.
by rewrite mulrC modzMDl modz_small ?absz_nat // ltz_nat ltn_ord.
Qed.

Lemma coarse_at_fine (D : nat) (E : nat -> nat) (r : phase (nd_phasing D E)) (i : vec D) :
  coarse_at E (fine (nd_phasing D E) r i) = i.
Proof.
elim: D E r i => [|D IH] E; first by move=> r i; case: i.
move=> [r r'] [i i'] /=; rewrite IH; congr pair.
have E_gt0 := leq_ltn_trans (leq0n _) (ltn_ord r).
rewrite mulrC divzMDl; last by rewrite eqz_nat -lt0n.
by rewrite divz_small ?addr0 // ltz_nat ltn_ord.
Qed.

(* An array holds the phases of x as soon as it does so sample by sample. *)
Lemma holds_phases_at (D : nat) (l : layer) (f : nat -> tie) (ord : order) (V : Type)
    (x X : nat -> vec D -> V) : (0 < group_in l)%N -> (forall n, (0 < ins f n)%N) ->
  (forall c o, (c < groups l * group_in l)%N -> in_box (sizes l) o ->
     X (joined ord (group_in l) (many_in D f) c (phase_at (ins f) o)) (coarse_at (ins f) o) = x c o) ->
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
case: existsP => [[k0 k0_lands]|none]; last by rewrite big_pred0 // => k; apply/negP => ?; case: none; exists k.
rewrite big_const; set n := #|_|.
have: (0 < n)%N by apply/card_gt0P; exists k0.
case: n => // n _; elim: n => [|n IH]; first by rewrite /= Monoid.mulm1.
by rewrite iterS IH opxx.
Qed.

End Layers.
