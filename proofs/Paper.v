(* Paper.v: do we need striding in CNNs?  Every list of strided layers equals one of stride 1.

   This is the theorem of Kong and Lucey (Take it in your stride: do we need striding in CNNs?,
   2017) for layers of Network.v: convolutions, poolings, and whatever else folds what its taps
   read.  The input is cut into as many phases as the strides of all layers multiply to, and each
   layer takes the place of one that reads and writes phases and has stride 1.

   factor ss n    the phases on axis n that the list ss reads: the product of its strides
   ready l        no base dilation; strides, channels, samples and outputs above 0
   stage_follows s s'   s' takes the channels and the sizes that s gives
   network ss     every layer is ready, and each follows the one before
   phase_ties l E, phase_layer D l E   the ties and the expanded layer of l that writes E phases
                  and reads its stride times as many; phase_expands: it fits
   phase_stage D s E, phase_mask s E   s on phases, and where its input phases hold the signal
   phase_stages D ss   the layers of ss on phases, the last of which writes one phase;
                  stride_gone: they have stride 1
   through ss x   the list ss applied to x
   through_masked ss X   the layers on phases, their reads kept to samples of the signal
   first_holds s ss x X   X holds the phases of x, the input of s :: ss
   first_phases s ss fill x   the phases of x, filled up behind the end
   links ok       the links of a network, as Network.v has them; links_chained, run_links
   take_it_in_your_stride   the theorem, with masks on the tails of the phases
   no_masks       and without, where no layer reads a tail: for one layer this is needed, too
                  (tail_free_exact); no_masks_filled: the first layer may read tails that hold
                  what it ignores
   no_tails       so it is where each factor divides its layer's samples (divisible), and
                  no_tails_inside: where no output reads beyond its layer's samples (inside_only)
   Edges: axes from D on are not read, but are asked to be ready like the others (a constant window
   serves); the empty list of layers has no output to compare. *)

From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require Import Arith Index Conv Destride Tie Layer Compute Array Phases Expansion.
From Symconv Require Import Exists EveryLayer Tails Network.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory Num.Theory Order.Theory.
Local Open Scope ring_scope.

Definition stride_of (l : layer) (n : nat) : nat := stride (on (windows l n)).

Definition ready (l : layer) : Prop :=
  [/\ forall n, base (on (windows l n)) = 1%N /\ (0 < stride_of l n)%N,
      (0 < group_in l)%N /\ (0 < group_out l)%N
    & forall n, 0 < sizes l n /\ 0 < outs l n].

(* One layer on phases. *)
Section PhaseLayer.

Variables (D : nat) (l : layer) (E : nat -> nat).

Notation phases_read := (fun n => stride_of l n * E n)%N.

Definition phase_ties : nat -> tie := ties_of l phases_read E (fun=> 1%N).
Definition phase_layer : layer := on_phases D l phases_read E (fun=> 1%N).

Lemma phase_layer_stride n : let a := on (windows phase_layer n) in
  [/\ stride a = 1%N, base a = 1%N & dilation a = 1%N].
Proof. by []. Qed.

Hypotheses (l_ready : ready l) (E_gt0 : forall n, (0 < E n)%N).

Lemma phase_factors_gt0 n : (0 < stride_of l n * E n)%N.
Proof. by case: l_ready => /(_ n)[_ s_gt0] _ _; rewrite muln_gt0 s_gt0 E_gt0. Qed.

Lemma phase_factors_fit n : factors_fit (on (windows l n)) (stride_of l n * E n) (E n) 1.
Proof.
case: l_ready => /(_ n)[u1 _] _ _; apply/and4P; rewrite u1 E_gt0 phase_factors_gt0.
by split; rewrite // !muln1 mulnC.
Qed.

Lemma phase_expands : expands D l phase_layer phase_ties.
Proof.
have [s_gt0 [C_gt0 M_gt0] sizes_gt0] := l_ready.
by apply: every_expands => // n; rewrite phase_factors_fit; case: (s_gt0 n).
Qed.

End PhaseLayer.

(* With one phase there are no phases. *)
Section OnePhase.

Variables (D : nat) (E : nat -> nat).
Hypothesis E1 : forall n, E n = 1%N.

Lemma volume_one : volume D E = 1%N.
Proof. by elim: D E E1 => [|D' IH] E0 one //=; rewrite one IH. Qed.

Lemma phase_at_one (o : vec D) : phase_at E o = 0%N.
Proof. by elim: D E E1 o => [|D' IH] E0 one o //=; rewrite one modz1 mul0n IH. Qed.

Lemma coarse_at_one (o : vec D) : coarse_at E o = o.
Proof.
by elim: D E E1 o => [|D' IH] E0 one o /=; rewrite // one divz1 IH // -surjective_pairing.
Qed.

End OnePhase.

Lemma joined_one (ord : order) (n m : nat) : joined ord n 1 m 0 = m.
Proof. by case: ord; rewrite /= ?muln1 addn0 // -divn_eq. Qed.

Section Stages.

Variables (D : nat) (V : Type).
Notation stage := (stage V).
Notation array := (nat -> vec D -> V).

Fixpoint factor (ss : seq stage) (n : nat) : nat :=
  if ss is s :: ss' then (stride_of (shape s) n * factor ss' n)%N else 1%N.

Definition stage_follows (s s' : stage) : Prop :=
  (groups (shape s') * group_in (shape s') = groups (shape s) * group_out (shape s))%N
  /\ forall n, sizes (shape s') n = outs (shape s) n.

Fixpoint network (ss : seq stage) : Prop :=
  if ss is s :: ss' then
    [/\ ready (shape s), (if ss' is s' :: _ then stage_follows s s' else True) & network ss']
  else True.

Definition phase_stage (s : stage) (E : nat -> nat) : stage :=
  let f := phase_ties (shape s) E in
  Stage (phase_layer D (shape s) E) (law s)
    (expanded_term D (shape s) f by_channel (law s) (term s))
    (fun m => act s (channel_of by_channel (group_out (shape s)) (many_out D f) m)).

Definition phase_mask (s : stage) (E : nat -> nat) : nat -> vec D -> bool :=
  on_signal (shape s) (phase_ties (shape s) E) by_channel.

Fixpoint phase_stages (ss : seq stage) : seq stage :=
  if ss is s :: ss' then phase_stage s (factor ss') :: phase_stages ss' else [::].

Fixpoint through (ss : seq stage) (x : array) : array :=
  if ss is s :: ss' then through ss' (apply s x) else x.

Fixpoint through_masked (ss : seq stage) (X : array) : array :=
  if ss is s :: ss' then
    through_masked ss' (apply_on (phase_stage s (factor ss')) (phase_mask s (factor ss')) X)
  else X.

Definition first_holds (s : stage) (ss : seq stage) (x X : array) : Prop :=
  holds_phases (shape s) (phase_ties (shape s) (factor ss)) by_channel x X.

Definition first_phases (s : stage) (ss : seq stage) (fill : V) (x : array) : array :=
  phase_array (shape s) (phase_ties (shape s) (factor ss)) by_channel fill x.

Lemma first_phases_hold s ss fill x : first_holds s ss x (first_phases s ss fill x).
Proof. exact: phase_array_holds. Qed.

(* No stride is left, on any axis of any layer. *)
Theorem stride_gone (ss : seq stage) (s0 : stage) (i n : nat) : (i < size (phase_stages ss))%N ->
  let a := on (windows (shape (nth s0 (phase_stages ss) i)) n) in
  [/\ stride a = 1%N, base a = 1%N & dilation a = 1%N].
Proof. by elim: ss i => [|s ss IH] [|i] //=; exact: IH. Qed.

Lemma size_phase_stages ss : size (phase_stages ss) = size ss.
Proof. by elim: ss => //= s ss ->. Qed.

Lemma head_ready s ss : network (s :: ss) -> ready (shape s). Proof. by case. Qed.
Lemma tail_network_ok s ss : network (s :: ss) -> network ss. Proof. by case. Qed.

Lemma factor_gt0 ss : network ss -> forall n, (0 < factor ss n)%N.
Proof.
elim: ss => [|s ss IH] //= [[axes _ _] _ /IH{}IH] n.
by rewrite muln_gt0 IH; have [_ ->] := axes n.
Qed.

(* The links. *)
Definition phase_link (s : stage) (E : nat -> nat) (s_ready : ready (shape s))
    (E_gt0 : forall n, (0 < E n)%N) : link D V :=
  @Link D V s _ _ by_channel (phase_expands D s_ready E_gt0).

Definition head_link (s : stage) (ss : seq stage) (ok : network (s :: ss)) : link D V :=
  phase_link (head_ready ok) (factor_gt0 (tail_network_ok ok)).

Fixpoint links (ss : seq stage) : network ss -> seq (link D V) :=
  match ss return network ss -> seq (link D V) with
  | [::] => fun _ => [::]
  | s :: ss' => fun ok => head_link ok :: links (tail_network_ok ok)
  end.

Lemma head_follows s s' ss (ok : network (s :: s' :: ss)) :
  follows (head_link ok) (head_link (tail_network_ok ok)).
Proof. by have [_ [channels same] _] := ok; split=> //; left. Qed.

Lemma head_chained s ss (ok : network (s :: ss)) :
  chained_from (head_link ok) (links (tail_network_ok ok)).
Proof.
elim: ss s ok => [|s' ss IH] s ok //=.
by split; [exact: head_follows | exact: IH].
Qed.

Theorem links_chained ss (ok : network ss) : chained (links ok).
Proof. by case: ss ok => //= s ss ok; exact: head_chained. Qed.

Lemma run_links ss (ok : network ss) x : run (links ok) x = through ss x.
Proof. by elim: ss ok x => //= s ss IH ok x; rewrite IH. Qed.

Lemma run_masked_links ss (ok : network ss) X : run_masked (links ok) X = through_masked ss X.
Proof. by elim: ss ok X => //= s ss IH ok X; rewrite IH. Qed.

Lemma run_blocks_links ss (ok : network ss) X :
  run_blocks (links ok) X = through (phase_stages ss) X.
Proof. by elim: ss ok X => //= s ss IH ok X; rewrite IH. Qed.

Lemma stride_free_links ss (ok : network ss) :
  map (@stride_free D V) (links ok) = phase_stages ss.
Proof. by elim: ss ok => //= s ss IH ok; rewrite IH. Qed.

Lemma last_link s ss (ok : network (s :: ss)) :
  let k := last (head_link ok) (links (tail_network_ok ok)) in
  strided_stage k = last s ss /\ forall n, factors_out (link_ties k) n = 1%N.
Proof. by elim: ss s ok => [|s' ss IH] s ok //=; exact: IH. Qed.

(* What the last link writes are plain outputs. *)
Lemma last_outputs (k : link D V) kept y Y : (forall n, factors_out (link_ties k) n = 1%N) ->
  holds_outputs k kept y Y ->
  let l := shape (strided_stage k) in
  forall m o, (m < groups l * group_out l)%N -> kept o -> y m o = Y m o.
Proof.
move=> one y_Y l m o m_lt o_in; rewrite -(y_Y m o m_lt o_in) /many_out volume_one //.
by rewrite phase_at_one // coarse_at_one // joined_one.
Qed.

Notation channels_of s := (groups (shape s) * group_out (shape s))%N.

(* Any number of layers, with masks: at every position of every channel. *)
Theorem take_it_in_your_stride s ss (x X : array) m o :
  network (s :: ss) -> first_holds s ss x X -> (m < channels_of (last s ss))%N ->
  through (s :: ss) x m o = through_masked (s :: ss) X m o.
Proof.
move=> ok X_phases m_lt; rewrite -(run_links ok) -(run_masked_links ok).
have [eq_last one] := last_link ok; have held : holds (head_link ok) x X := X_phases.
have /(last_outputs one) := network_masked (head_chained ok) held.
by rewrite eq_last => /(_ m o m_lt isT).
Qed.

Corollary stride_on_phases s ss (fill : V) (x : array) m o :
  network (s :: ss) -> (m < channels_of (last s ss))%N ->
  through (s :: ss) x m o = through_masked (s :: ss) (first_phases s ss fill x) m o.
Proof. by move=> ok; apply: take_it_in_your_stride => //; exact: first_phases_hold. Qed.

(* Without masks, where no layer reads a tail. *)
Definition tail_unread (s : stage) (E : nat -> nat) : Prop :=
  tail_free D (shape s) (phase_layer D (shape s) E) (phase_ties (shape s) E) by_channel.

Fixpoint tails_unread (ss : seq stage) : Prop :=
  if ss is s :: ss' then tail_unread s (factor ss') /\ tails_unread ss' else True.

Lemma tails_free_links ss (ok : network ss) : tails_free (links ok) = tails_unread ss.
Proof. by elim: ss ok => //= s ss IH ok; rewrite IH. Qed.

Theorem no_masks s ss (x X : array) m o :
  network (s :: ss) -> tails_unread (s :: ss) -> first_holds s ss x X ->
  (m < channels_of (last s ss))%N -> in_box (outs (shape (last s ss))) o ->
  through (s :: ss) x m o = through (phase_stages (s :: ss)) X m o.
Proof.
move=> ok; rewrite -(tails_free_links ok) => unread X_phases m_lt o_in.
rewrite -(run_links ok) -(run_blocks_links ok); have [eq_last one] := last_link ok.
have held : holds (head_link ok) x X := X_phases.
have /(last_outputs one) := network_blocks (head_chained ok) unread held.
by rewrite /kept eq_last => /(_ m o m_lt o_in).
Qed.

(* A first layer that makes nothing of what fills its phases up may read their tails. *)
Definition fill_ignored (s : stage) (fill : V) : Prop :=
  forall m c q, term s m c q fill = neutral s.

Lemma filled_outputs s ss (ok : network (s :: ss)) (fill : V) (x : array) : fill_ignored s fill ->
  holds_outputs (head_link ok) xpredT (apply s x)
    (apply (phase_stage s (factor ss)) (first_phases s ss fill x)).
Proof.
move=> ignored m o m_lt _; rewrite /apply /apply_on.
rewrite (expanded_act (k := head_link ok)) //; congr (act _ m _).
by rewrite (array_expansion by_channel (link_fits (head_link ok)) (law s) x ignored o m_lt).
Qed.

Theorem no_masks_filled s ss (fill : V) (x : array) m o :
  network (s :: ss) -> fill_ignored s fill -> tails_unread ss ->
  (m < channels_of (last s ss))%N -> in_box (outs (shape (last s ss))) o ->
  through (s :: ss) x m o = through (phase_stages (s :: ss)) (first_phases s ss fill x) m o.
Proof.
move=> ok ignored unread m_lt o_in; have Y_outputs := @filled_outputs s ss ok fill x ignored.
case: ss => [|s' ss] in ok Y_outputs unread m_lt o_in *.
  by apply: (last_outputs _ Y_outputs).
apply: (no_masks (tail_network_ok ok) unread _ m_lt o_in).
by apply: (next_holds (head_follows ok)) => m' o' m'_lt _; exact: Y_outputs.
Qed.

End Stages.

(* A condition for a whole network. *)
Section Unread.

Variables (D : nat) (V : Type).

Fixpoint divisible (ss : seq (stage V)) : Prop :=
  if ss is s :: ss' then
    (forall n, (n < D)%N -> ((factor ss n)%:Z %| sizes (shape s) n)%Z) /\ divisible ss'
  else True.

Fixpoint inside_only (ss : seq (stage V)) : Prop :=
  if ss is s :: ss' then
    (forall n, (n < D)%N -> ends_inside (shape s) n) /\ inside_only ss'
  else True.

Lemma divisible_unread ss : network ss -> divisible ss -> tails_unread D ss.
Proof.
elim: ss => //= s ss IH ok [E_N rest]; split; last exact: IH (tail_network_ok ok) rest.
exact: divisible_tail_free (link_fits (head_link D ok)) E_N.
Qed.

Lemma inside_unread ss : network ss -> inside_only ss -> tails_unread D ss.
Proof.
elim: ss => //= s ss IH ok [ends rest]; split; last exact: IH (tail_network_ok ok) rest.
apply: reads_inside (link_fits (head_link D ok)) _ => n n_lt.
by have [/(_ n)[u1 _] _ _] := head_ready ok; rewrite ends ?orbT.
Qed.

(* Where each factor divides its layer's samples, there is nothing to mask at all. *)
Corollary no_tails_any s ss (x X : nat -> vec D -> V) m o :
  network (s :: ss) -> divisible (s :: ss) -> first_holds s ss x X ->
  (m < groups (shape (last s ss)) * group_out (shape (last s ss)))%N ->
  in_box (outs (shape (last s ss))) o ->
  through (s :: ss) x m o = through (phase_stages D (s :: ss)) X m o.
Proof. by move=> ok E_N; apply: no_masks => //; exact: divisible_unread. Qed.

(* Where the factor of each layer after the first divides its samples, there is nothing to mask,
   if the phases of the input are filled up with what the first layer ignores. *)
Corollary no_tails s ss (fill : V) (x : nat -> vec D -> V) m o :
  network (s :: ss) -> divisible ss -> fill_ignored s fill ->
  (m < groups (shape (last s ss)) * group_out (shape (last s ss)))%N ->
  in_box (outs (shape (last s ss))) o ->
  through (s :: ss) x m o = through (phase_stages D (s :: ss)) (first_phases s ss fill x) m o.
Proof.
move=> ok E_N ignored; apply: no_masks_filled => //.
exact: divisible_unread (tail_network_ok ok) E_N.
Qed.

(* The same where no layer after the first reads beyond the end of its input. *)
Corollary no_tails_inside s ss (fill : V) (x : nat -> vec D -> V) m o :
  network (s :: ss) -> inside_only ss -> fill_ignored s fill ->
  (m < groups (shape (last s ss)) * group_out (shape (last s ss)))%N ->
  in_box (outs (shape (last s ss))) o ->
  through (s :: ss) x m o = through (phase_stages D (s :: ss)) (first_phases s ss fill x) m o.
Proof.
move=> ok ends ignored; apply: no_masks_filled => //.
exact: inside_unread (tail_network_ok ok) ends.
Qed.

End Unread.
