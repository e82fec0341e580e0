(* Phases.v: phases by their numbers, as lists and as positions.

   phase_list r   the phase r, one number an axis; flat r its number in C order
   joined_channel, joined_phase, joinedK   a channel on phases is a channel and a phase, and back
   joined_group, joined_shift              it stays in its group
   unflat_flat, flat_inj, flat_onto        phases and their numbers are the same thing
   fine_at_phase, in_rows_tables           Array.v on numbers is Layer.v on phases
   big_flat, big_joined   a fold over numbers as one over phases
   eq_taps, eq_tap_sum    a fold over taps depends on the axes it has only
   phase_at_fine, coarse_at_fine, coarse_phase   each position is in one phase, at one block
   eq_volume, eq_phase_at, eq_coarse_at, eq_in_box   factors and sizes that agree are the same
   Edges: a factor of 0 has no phases. *)

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
Proof.
elim: D E r i => [|D IH] E; first by move=> r i; case: i.
by move=> [r r'] [i i'] /=; rewrite IH.
Qed.

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
  = \big[op/idx]_(cr : 'I_n * phase (nd_phasing D E))
      F (joined ord n (volume D E) cr.1 (flat cr.2)).
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
elim: D f g F x o => [|D IH] f g F x o //= eq_fg; rewrite -(eq_fg 0%N) // /tap_loop.
elim: (iota _ _) => //= k ks ->; congr (op _ _); case: (undilate _ _) => // p.
by apply: (IH (fun n => f n.+1)) => n n_lt; apply: eq_fg.
Qed.

Lemma eq_taps (D : nat) (f g : nat -> axis) (F : seq nat -> vec D -> T) o :
  (forall n, (n < D)%N -> f n = g n) ->
  \big[op/idx]_k read_or idx (F (tap_list k)) (reads (nd_access D f) o k)
  = \big[op/idx]_k read_or idx (F (tap_list k)) (reads (nd_access D g) o k).
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

(* Sizes that agree on the axes there are make one box. *)
Lemma eq_in_box (D : nat) (N N' : nat -> int) (v : vec D) :
  (forall n, (n < D)%N -> N n = N' n) -> in_box N v = in_box N' v.
Proof.
elim: D N N' v => [|D IH] N N' //= [v v'] eq_N /=.
by rewrite eq_N // (IH _ (fun n => N' n.+1)) // => n n_lt; exact: eq_N.
Qed.
