(* Tails.v: the last blocks of phases may go beyond the end of the signal; does a layer read there?

   live_read m o c p   the output (m, o) reads block p of local channel c on phases, through a tap
                  on which some tap of the layer lands
   tail_free D l l' f ord   no output of the layer has a live read behind the end of its input
   layer_blocks   then the layer equals its expansion without masks, whatever stands behind the end
   tail_free_exact    and only then: a layer with a live read there gives a wrong output for some
                  weights, input and tail
   divisible_tail_free   enough for it: the factors divide the samples, so that there is no tail
   ends_inside l n, reads_inside   or no output reads beyond the end of the input on any axis n;
                  no_high_pad: so it is without a high pad
   Edges: what lies past the last output is not compared; a high pad may be negative. *)

From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require Import Arith Index Conv Destride Tie Layer Compute Array Phases Expansion.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory Num.Theory Order.Theory.
Local Open Scope ring_scope.

(* Live reads in a tail. *)
Section Tails.

Variables (D : nat) (l l' : layer) (f : nat -> tie) (ord : order).
Notation on_phases m o := (joined ord (group_out l) (many_out D f) m (phase_at (factors_out f) o)).
Notation access' := (nd_access D (fun n => on (windows l' n))).

(* Output (m, o) reads block p of local channel c through a tap that some tap of the layer is on. *)
Definition live_read (m : nat) (o : vec D) (c : nat) (p : vec D) : Prop :=
  exists q : tap access', exists t : tap (access_of D l),
    lands_on D l f ord (on_phases m o) c (tap_list t) (tap_list q)
    /\ reads access' (coarse_at (factors_out f) o) q = Some p.

Definition tail_free : Prop :=
  forall m o c p, (m < groups l * group_out l)%N -> in_box (outs l) o -> (c < group_in l')%N ->
    live_read m o c p -> in_box (sizes l') p -> on_signal l f ord (source l' (on_phases m o) c) p.

End Tails.
Arguments tail_free D l l' f ord : clear implicits.

(* Without live reads in the tail, what stands there does not matter. *)
Theorem layer_blocks (D : nat) (l l' : layer) (f : nat -> tie) (ord : order) (T V : Type)
    (idx : T) (op : Monoid.com_law idx) (term : nat -> nat -> seq nat -> V -> T)
    (x X : nat -> vec D -> V) (m : nat) (o : vec D) :
  expands D l l' f -> tail_free D l l' f ord -> holds_phases l f ord x X ->
  (m < groups l * group_out l)%N -> in_box (outs l) o ->
  layer_fold l op (inside l) term x m o
  = layer_fold l' op (inside l') (expanded_term D l f ord op term) X
      (joined ord (group_out l) (many_out D f) m (phase_at (factors_out f) o))
      (coarse_at (factors_out f) o).
Proof.
move=> fits free X_phases m_lt o_in; rewrite (layer_expansion fits _ _ o m_lt X_phases).
apply: eq_bigr => c _; apply: eq_bigr => q _; case eq_p: (reads _ _ q) => [p|] //=.
set on := on_signal _ _ _ _; case p_on: (on p); first by rewrite (on_signal_inside fits p_on).
case: ifP => // p_in; rewrite /expanded_term big_pred0 // => t; apply/negP => t_lands.
have p_on' : on p by apply: (free m o c p m_lt o_in (ltn_ord c) _ p_in); exists q, t.
by rewrite p_on' in p_on.
Qed.

(* Where a live read lands in a tail the claim without masks is false: weights of 1 count reads. *)
Section Exact.

Variables (D : nat) (l l' : layer) (f : nat -> tie) (fits : expands D l l' f) (ord : order).
Notation on_phases m o := (joined ord (group_out l) (many_out D f) m (phase_at (factors_out f) o)).

Let ones (_ _ : nat) (_ : seq nat) : int := 1.
Let one (_ : nat) (_ : vec D) : int := 1.

Definition counted (dom : nat -> vec D -> bool) m o : int :=
  layer_fold l' [com_law of +%R] dom (expanded_term D l f ord [com_law of +%R]
    (fun m c k v => ones m c k * v)) one m o.

Lemma counted_tail_free :
  (forall m o, (m < groups l * group_out l)%N -> in_box (outs l) o ->
     counted (inside l') (on_phases m o) (coarse_at (factors_out f) o)
     = counted (on_signal l f ord) (on_phases m o) (coarse_at (factors_out f) o)) ->
  tail_free D l l' f ord.
Proof.
move=> equal m o c p m_lt o_in c_lt [q [t [t_lands p_read]]] p_in; apply: contraT => p_off.
have := equal m o m_lt o_in; rewrite /counted /layer_fold => /eqP; rewrite -subr_eq0 -sumrB.
pose reads_of (dom : nat -> vec D -> bool) (c : nat)
    (q : tap (nd_access D (fun n => on (windows l' n)))) : int :=
  read_or 0 (fun p => if dom (source l' (on_phases m o) c) p then
    expanded_term D l f ord [com_law of +%R] (fun m c k v => ones m c k * v) (on_phases m o) c
      (tap_list q) 1 else 0) (reads (nd_access D (fun n => on (windows l' n)))
      (coarse_at (factors_out f) o) q).
have term_ge0 c0 q0 : 0 <= expanded_term D l f ord [com_law of +%R] (fun m c k v => ones m c k * v)
    (on_phases m o) c0 q0 1 :> int by apply: sumr_ge0 => k _; rewrite ?mulr1.
have diff_ge0 c0 q0 : 0 <= reads_of (inside l') c0 q0 - reads_of (on_signal l f ord) c0 q0.
  rewrite /reads_of; case: (reads _ _ q0) => [p0|] /=; last by rewrite subr0.
  case p0_on: (on_signal l f ord _ p0); first by rewrite (on_signal_inside fits p0_on) subrr.
  by rewrite subr0; case: ifP.
move=> /eqP total.
have: \sum_(c0 < group_in l') \sum_(q0 : tap (nd_access D (fun n => on (windows l' n))))
    (reads_of (inside l') c0 q0 - reads_of (on_signal l f ord) c0 q0) = 0.
  by rewrite -[RHS]total; apply: eq_bigr => c0 _; rewrite sumrB.
rewrite (bigD1 (Ordinal c_lt)) //= (bigD1 q) //=.
set rest_q := (\sum_(_ | _ != q) _); set rest_c := (\sum_(_ | _ != Ordinal c_lt) _).
have rest_q_ge0 : 0 <= rest_q by apply: sumr_ge0.
have rest_c_ge0 : 0 <= rest_c by apply: sumr_ge0 => c0 _; apply: sumr_ge0.
rewrite /reads_of p_read /= (negbTE p_off) {1}/inside p_in subr0.
set here := expanded_term _ _ _ _ _ _ _ _ _ _.
have : 1 <= here.
  rewrite /here /expanded_term (bigD1 t) //= ?mulr1 ler_addl.
  by apply: sumr_ge0 => k _; rewrite ?mulr1.
by move=> here_gt0 eq0; exfalso; clearbody here rest_q rest_c; int_lia.
Qed.

(* The exact condition, for one layer: what the tail holds does not matter iff nothing reads it. *)
Theorem tail_free_exact :
  tail_free D l l' f ord <->
  (forall (w : nat -> nat -> seq nat -> int) (x X : nat -> vec D -> int) m o,
     holds_phases l f ord x X -> (m < groups l * group_out l)%N -> in_box (outs l) o ->
     conv_layer l w (fun _ => 0) x m o
     = conv_layer l' (expanded_weight D l f ord w) (fun _ => 0) X (on_phases m o)
         (coarse_at (factors_out f) o)).
Proof.
split=> [free w x X m o X_phases m_lt o_in|equal].
  rewrite !conv_layer_fold !add0r.
  rewrite (layer_blocks [com_law of +%R] _ fits free X_phases m_lt o_in).
  apply: layer_fold_in => c q p _; case: ifP => // _.
  by rewrite /expanded_term /expanded_weight mulr_suml.
apply: counted_tail_free => m o m_lt o_in.
have one_phases : holds_phases l f ord one one by [].
have eq_l := equal ones one one m o one_phases m_lt o_in.
rewrite !conv_layer_fold !add0r (layer_expansion fits _ _ o m_lt one_phases) in eq_l.
apply: etrans (esym eq_l); apply: layer_fold_in => c q p _; case: ifP => // _.
by rewrite /expanded_term /expanded_weight mulr_suml.
Qed.

End Exact.

(* Where the factors divide the samples there are no tails. *)
Lemma coarse_dvd (N : int) (E : nat) : (E%:Z %| N)%Z -> coarse N E * E%:Z = N.
Proof. by move=> E_N; rewrite /coarse mulNr divzK ?opprK // dvdzE abszN. Qed.

Lemma whole_blocks (D : nat) (N : nat -> int) (E : nat -> nat) (r : phase (nd_phasing D E)) p :
  (forall n, (n < D)%N -> ((E n)%:Z %| N n)%Z) -> in_box (fun n => coarse (N n) (E n)) p ->
  in_box N (fine (nd_phasing D E) r p).
Proof.
elim: D N E r p => [|D IH] N E //= [r r'] [p p'] E_N /andP[p_in p'_in] /=.
rewrite (IH _ _ r' p' (fun n => E_N n.+1) p'_in) andbT.
have r_lt := ltn_ord r; have := coarse_dvd (E_N 0%N isT).
move: (coarse _ _) p_in => O /andP[/= p_ge0 p_lt] <-; apply/andP; split; first by int_nia.
move: (r : nat) r_lt => {}r r_lt.
have : (p + 1) * (E 0%N)%:Z <= O * (E 0%N)%:Z by apply: ler_wpmul2r => //; int_lia.
by rewrite mulrDl mul1r (mulrC p) => ?; int_lia.
Qed.

Lemma divisible_tail_free (D : nat) (l l' : layer) (f : nat -> tie) (ord : order) :
  expands D l l' f -> (forall n, (n < D)%N -> ((e_in (f n))%:Z %| sizes l n)%Z) ->
  tail_free D l l' f ord.
Proof.
move=> fits E_N m o c p m_lt _ _ _; have [tie_f axes /and5P[C_gt0 _ _ _ _]] := fits.
have E_gt0 n : (0 < ins f n)%N by case/and3P: (tie_f n).
rewrite (eq_in_box _ (N' := fun n => coarse (sizes l n) (e_in (f n)))) => [p_in|n _]; last first.
  by case: (axes n).
rewrite /on_signal; set c' := source _ _ _.
have [r <-] := flat_onto (phase_of_lt ord C_gt0 (volume_gt0 D E_gt0) c').
by rewrite unflat_flat fine_at_phase; exact: whole_blocks.
Qed.

(* And where a layer reads nothing beyond the end of its input, no tail is read; the one on some
   axes and the other on the others will do. *)
Lemma read_below (D : nat) (g : nat -> axis) (N O : nat -> int) (E : nat -> nat)
    (r : phase (nd_phasing D E)) (o p : vec D) (t : tap (nd_access D g)) :
  (forall n, (n < D)%N -> base (g n) = 1%N
     /\ (((E n)%:Z %| N n)%Z
         || ((stride (g n))%:Z * (O n - 1) + (dilation (g n))%:Z * ((kernel (g n))%:Z - 1)
             - lo (g n) <= N n - 1))) ->
  in_box O o -> in_box (fun n => coarse (N n) (E n)) p ->
  reads (nd_access D g) o t = Some (fine (nd_phasing D E) r p) ->
  in_box N (fine (nd_phasing D E) r p).
Proof.
elim: D g N O E r o p t => [|D IH] g N O E //= [r r'] [o o'] [p p'] [t t'] below /=.
case/andP=> o_in o'_in /andP[p_in p'_in]; have [-> bound] := below 0%N isT.
rewrite undilate1 /=; case eq_t': (reads _ o' t') => [v|] //= [eq_p eq_v].
rewrite (IH (fun n => g n.+1) (fun n => N n.+1) (fun n => O n.+1) _ r' o' p' t' _ o'_in p'_in);
  [| by move=> n n_lt; exact: below | by rewrite eq_t' eq_v].
rewrite andbT; case/orP: bound => [E_N|bound].
  have := @whole_blocks 1 (fun _ => N 0%N) (fun _ => E 0%N) (r, tt) (p, tt) (fun _ _ => E_N).
  by rewrite /= !andbT => -> //; exact: p_in.
move: p_in => /andP[p_ge0 _]; apply/andP; split; first by int_nia.
rewrite -eq_p; apply: le_lt_trans (_ : N 0%N - 1 < _); last by int_lia.
apply: le_trans bound; rewrite /position ler_add2r; move: o_in => /= /andP[_ o_lt].
have t_lt := ltn_ord t; apply: ler_add; first by apply: ler_wpmul2l => //; int_lia.
by apply: ler_wpmul2l => //; move: (nat_of_ord t) t_lt => j j_lt; case: reversed; int_lia.
Qed.

Lemma axis_landing (a : tie) (rho k r q : nat) (i : int) : tie_ok a -> lands_at a rho k r q ->
  undilate (base (strided a)) (position (strided a) ((e_out a)%:Z * i + rho%:Z) k)
  = Some ((e_in a)%:Z * position (unstrided a) i q + r%:Z).
Proof.
move=> ok /eqP eq_v; rewrite (position_split ok) eq_v -mulrDr (undilateM _ (base_gt0 ok)).
by congr Some; rewrite /position /=; int_nia.
Qed.

Lemma landing_read (D : nat) (f : nat -> tie) (g g' : nat -> axis)
    (rho : phase (phases_out D f)) (r : phase (phases_in D f))
    (t : tap (nd_access D g)) (q : tap (nd_access D g')) (i p : vec D) :
  (forall n, [/\ tie_ok (f n), strided (f n) = g n & unstrided (f n) = g' n]) ->
  in_rows D f (phase_list rho) (tap_list t) (phase_list r) (tap_list q) ->
  reads (nd_access D g') i q = Some p ->
  reads (nd_access D g) (fine (phases_out D f) rho i) t = Some (fine (phases_in D f) r p).
Proof.
elim: D f g g' rho r t q i p => [|D IH] f g g' //= [rho rho'] [r r'] [t t'] [q q'] [i i'] [p p'].
move=> ties_f /= /andP[in_f in_f']; have [ok eq_g eq_g'] := ties_f 0%N.
have /and5P[_ _ _ /allP/(_ _ in_f)/and5P[_ _ _ _ /= row_lands] _] := ok.
have -> : base (g' 0%N) = 1%N by rewrite -eq_g'.
have := axis_landing i ok row_lands; rewrite eq_g eq_g' undilate1 => -> /=.
case eq_q': (reads _ i' q') => [v|] //= [<- eq_v].
by rewrite (IH _ _ _ rho' r' t' q' i' v (fun n => ties_f n.+1) in_f' eq_q') eq_v.
Qed.

Lemma phase_of_source (ord : order) (n E g c : nat) :
  phase_of ord n E (g * (n * E) + c) = phase_of ord n E c.
Proof. by case: ord => /=; [rewrite mulnA modnMDl | rewrite modnMDl]. Qed.

(* The last tap of the last output on axis n reads a sample, or one before the first. *)
Definition ends_inside (l : layer) (n : nat) : bool :=
  let a := on (windows l n) in
  (stride a)%:Z * (outs l n - 1) + (dilation a)%:Z * ((kernel a)%:Z - 1) - lo a <= sizes l n - 1.

Theorem reads_inside (D : nat) (l l' : layer) (f : nat -> tie) (ord : order) :
  expands D l l' f ->
  (forall n, (n < D)%N -> base (on (windows l n)) = 1%N
     /\ (((e_in (f n))%:Z %| sizes l n)%Z || ends_inside l n)) ->
  tail_free D l l' f ord.
Proof.
move=> fits below m o c p m_lt o_in c_lt [q [t [t_lands p_read]]] p_in.
have [tie_f axes /and5P[C_gt0 M_gt0 _ /eqP in_l' _]] := fits.
have Ein_gt0 n : (0 < ins f n)%N by case/and3P: (tie_f n).
have Eout_gt0 n : (0 < factors_out f n)%N by case/and3P: (tie_f n).
have [rho eq_rho eq_o] := coarse_phase o Eout_gt0.
have [r eq_r] := flat_onto (phase_of_lt ord C_gt0 (volume_gt0 D Ein_gt0) c).
move: t_lands; rewrite /on_signal /source /lands_on in_l' phase_of_source // -eq_r -eq_rho.
rewrite joined_phase ?flat_lt ?volume_gt0 // !unflat_flat fine_at_phase => t_lands.
have {}p_in : in_box (fun n => coarse (sizes l n) (e_in (f n))) p.
  by rewrite (eq_in_box _ (N' := sizes l')) // => n _; case: (axes n).
apply: (read_below (g := fun n => on (windows l n)) (t := t) below o_in p_in).
rewrite -[in LHS]eq_o; apply: (landing_read _ t_lands p_read) => n.
by case/and3P: (tie_f n) => ok _ _; have [eq_a eq_a' _ _ _] := axes n.
Qed.

(* So it is without a high pad, or where the high pad crops. *)
Lemma no_high_pad (l : layer) (n : nat) : let a := on (windows l n) in
  base a = 1%N -> (0 < stride a)%N -> high (windows l n) <= 0 -> ends_inside l n.
Proof.
move=> a u1 s_gt0 hi_le0; have : outs l n - 1 < outs l n by int_lia.
by rewrite {2}/outs /outputs out_size_fits // u1 /ends_inside => ?; rewrite /sizes; int_lia.
Qed.
