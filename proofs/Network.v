(* Network.v: layers in a row, on arrays; with masks, and without.

   stage V        a layer with its commutative monoid law, what a tap makes of a sample (term), and
                  a function act of each output channel: bias and nonlinearity
   apply s x      its output; positions outside the next layer's box are never read
   link D V       a stage with its layer on phases and its ties, which fit (`expands`)
   stride_free k  the link's layer on phases as a stage: its kernel is the expanded one
   run, run_masked, run_blocks   the strided network; the one on phases whose layers read samples of
                  the signal only (a mask on every tail); the same without masks
   follows k k'   k' takes the channels, sizes and phases that k gives
   chained ks     each link follows the one before
   network_masked     any depth, with masks: equal at every position
   network_blocks     any depth without masks, where every layer is tail_free: equal at every output
   tail_network       and only there: behind a layer that gives 1 everywhere, a live read in a tail
                      is a wrong output
   conv_stage, conv_link   convolutions as stages and links; stride_free_conv: on phases they are
                  convolutions with the expanded weight; mask_is_product: a mask is a product

   The phases of the input are any array that holds them where the signal has samples.  What lies
   past the last output is not compared.  Edges: no layers at all; blocks without an output. *)

From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require Import Arith Index Conv Destride Tie Layer Compute Array Phases Expansion.
From Symconv Require Import Tails.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory Num.Theory Order.Theory.
Local Open Scope ring_scope.

Section Network.

Variables (D : nat) (V : Type).
Notation array := (nat -> vec D -> V).

Record stage := Stage {
  shape : layer;
  sum_type : Type; neutral : sum_type; law : Monoid.com_law neutral;
  term : nat -> nat -> seq nat -> V -> sum_type;
  act : nat -> sum_type -> V }.
Arguments law s : clear implicits.
Arguments term s m c q v : clear implicits.
Arguments act s m v : clear implicits.

Definition apply_on (s : stage) (dom : nat -> vec D -> bool) (x : array) : array :=
  fun m o => act s m (layer_fold (shape s) (law s) dom (term s) x m o).
Definition apply (s : stage) : array -> array := apply_on s (inside (shape s)).

Record link := Link {
  strided_stage : stage; on_blocks : layer; link_ties : nat -> tie; ord : order;
  link_fits : expands D (shape strided_stage) on_blocks link_ties }.

Definition stride_free (k : link) : stage :=
  let l := shape (strided_stage k) in
  Stage (on_blocks k) (law (strided_stage k))
    (expanded_term D l (link_ties k) (ord k) (law (strided_stage k)) (term (strided_stage k)))
    (fun m => act (strided_stage k)
                (channel_of (ord k) (group_out l) (many_out D (link_ties k)) m)).

Definition mask (k : link) : nat -> vec D -> bool :=
  on_signal (shape (strided_stage k)) (link_ties k) (ord k).

Fixpoint run (ks : seq link) (x : array) : array :=
  if ks is k :: ks' then run ks' (apply (strided_stage k) x) else x.
Fixpoint run_masked (ks : seq link) (X : array) : array :=
  if ks is k :: ks' then run_masked ks' (apply_on (stride_free k) (mask k) X) else X.
Fixpoint run_blocks (ks : seq link) (X : array) : array :=
  if ks is k :: ks' then run_blocks ks' (apply (stride_free k) X) else X.

Notation l_of k := (shape (strided_stage k)).
Definition holds (k : link) (x X : array) : Prop := holds_phases (l_of k) (link_ties k) (ord k) x X.

(* The output's phases: X holds at phase rho, block i of channel m what y holds at E_out i + rho. *)
Definition holds_outputs (k : link) (kept : vec D -> bool) (y Y : array) : Prop :=
  forall m o, (m < groups (l_of k) * group_out (l_of k))%N -> kept o ->
    Y (joined (ord k) (group_out (l_of k)) (many_out D (link_ties k)) m
         (phase_at (factors_out (link_ties k)) o)) (coarse_at (factors_out (link_ties k)) o)
    = y m o.

Definition follows (k k' : link) : Prop :=
  [/\ (groups (l_of k') * group_in (l_of k') = groups (l_of k) * group_out (l_of k))%N,
      forall n, sizes (l_of k') n = outs (l_of k) n,
      forall n, e_in (link_ties k' n) = e_out (link_ties k n),
      ord k' = ord k
    & ord k = by_channel \/ group_in (l_of k') = group_out (l_of k)].

Fixpoint chained_from (k : link) (ks : seq link) : Prop :=
  if ks is k' :: ks' then follows k k' /\ chained_from k' ks' else True.
Definition chained (ks : seq link) : Prop := if ks is k :: ks' then chained_from k ks' else True.

Section Link.

Variable k : link.
Notation l := (l_of k).
Notation l' := (on_blocks k).
Notation f := (link_ties k).

Lemma expanded_act m (o : vec D) : (m < groups l * group_out l)%N ->
  act (stride_free k) (joined (ord k) (group_out l) (many_out D f) m (phase_at (factors_out f) o))
  = act (strided_stage k) m.
Proof.
move=> m_lt /=; have [tie_f _ /and5P[_ M_gt0 _ _ _]] := link_fits k.
have Eout_gt0 n : (0 < factors_out f n)%N by case/and3P: (tie_f n).
have [rho <- _] := coarse_phase (D := D) o Eout_gt0.
by rewrite joined_channel ?flat_lt // volume_gt0.
Qed.

Lemma masked_link (x X : array) : holds k x X ->
  holds_outputs k xpredT (apply (strided_stage k) x) (apply_on (stride_free k) (mask k) X).
Proof.
move=> X_phases m o m_lt _; rewrite /apply_on expanded_act //; congr (act _ m _).
by rewrite (layer_expansion (link_fits k) _ _ o m_lt X_phases).
Qed.

Lemma blocks_link (x X : array) : tail_free D l l' f (ord k) -> holds k x X ->
  holds_outputs k (in_box (outs l)) (apply (strided_stage k) x) (apply (stride_free k) X).
Proof.
move=> free X_phases m o m_lt o_in; rewrite /apply /apply_on expanded_act //.
congr (act _ m _); exact: (esym (layer_blocks _ _ (link_fits k) free X_phases m_lt o_in)).
Qed.

Lemma next_holds (k' : link) (y Y : array) : follows k k' ->
  holds_outputs k (in_box (outs l)) y Y -> holds k' y Y.
Proof.
case=> channels same_size same_factor same_order same_groups Y_phases.
have [tie_f' _ /and5P[C_gt0 _ _ _ _]] := link_fits k'.
apply: holds_phases_at => // [n|c o c_lt o_in]; first by case/and3P: (tie_f' n).
have eq_in n : ins (link_ties k') n = factors_out f n := same_factor n.
rewrite (eq_phase_at o eq_in) (eq_coarse_at o eq_in) same_order /many_in (eq_volume D eq_in).
rewrite -Y_phases -?channels //; last by rewrite -(eq_in_box _ (fun n _ => same_size n)).
by case: same_groups => [->|->].
Qed.

End Link.

Definition kept (k : link) : vec D -> bool := in_box (outs (l_of k)).

(* Any depth, with masks. *)
Theorem network_masked (k : link) (ks : seq link) (x X : array) :
  chained_from k ks -> holds k x X ->
  holds_outputs (last k ks) xpredT (run (k :: ks) x) (run_masked (k :: ks) X).
Proof.
elim: ks k x X => [|k' ks IH] k x X /=; first by move=> _; exact: masked_link.
case=> k_k' /IH{}IH X_phases; apply: IH; apply: (next_holds k_k') => m o m_lt _.
by have := masked_link X_phases m_lt isT => ->.
Qed.

(* Any depth, without masks. *)
Fixpoint tails_free (ks : seq link) : Prop :=
  if ks is k :: ks' then tail_free D (l_of k) (on_blocks k) (link_ties k) (ord k) /\ tails_free ks'
  else True.

Theorem network_blocks (k : link) (ks : seq link) (x X : array) :
  chained_from k ks -> tails_free (k :: ks) -> holds k x X ->
  holds_outputs (last k ks) (kept (last k ks)) (run (k :: ks) x) (run_blocks (k :: ks) X).
Proof.
elim: ks k x X => [|k' ks IH] k x X /=; first by move=> _ [free _]; exact: blocks_link.
move=> [k_k' chain] [free frees] X_phases; apply: IH => //.
exact: (next_holds k_k' (blocks_link free X_phases)).
Qed.

End Network.
Arguments law {V} s.
Arguments act {V} s m v.
Arguments term {V} s m c q v.

(* Convolutions and poolings as stages. *)
Definition conv_stage (R : ringType) (l : layer) (w : nat -> nat -> seq nat -> R)
    (act : nat -> R -> R) : stage R :=
  Stage l [com_law of +%R] (fun m c k v => w m c k * v) act.

Section Convolutions.

Variables (D : nat) (R : ringType) (l l' : layer) (f : nat -> tie) (fits : expands D l l' f).
Variables (ord : order) (w : nat -> nat -> seq nat -> R) (act : nat -> R -> R).

Definition conv_link : link D R := @Link D R (conv_stage l w act) l' f ord fits.

(* A convolution's stride-free stage is a convolution with the expanded weight, and a mask is a
   product with zeros and ones. *)
Theorem stride_free_conv (X : nat -> vec D -> R) m o :
  apply_on (stride_free conv_link) (inside l') X m o
  = apply (conv_stage l' (expanded_weight D l f ord w)
      (fun m => act (channel_of ord (group_out l) (many_out D f) m))) X m o.
Proof.
congr (act _ _); apply: layer_fold_in => c q p _.
by case: ifP => // _; rewrite /= /expanded_term /expanded_weight mulr_suml.
Qed.

Theorem mask_is_product (X : nat -> vec D -> R) m o :
  apply_on (stride_free conv_link) (mask conv_link) X m o
  = apply (stride_free conv_link) (fun c i => X c i * (mask conv_link c i)%:R) m o.
Proof.
congr (act _ _); apply: layer_fold_in => c q p _.
case p_on: (mask conv_link _ p) => /=.
  by rewrite (on_signal_inside fits p_on) mulr1.
by rewrite mulr0 /expanded_term; case: ifP => // _; rewrite big1 // => t _; rewrite mulr0.
Qed.

End Convolutions.

(* And in a network: a layer that puts 1 everywhere (a bias), and one that adds up what it reads. *)
Theorem tail_network (D : nat) (l l' m m' : layer) (f g : nat -> tie) (ord : order)
    (fits : expands D l l' f) (fits' : expands D m m' g) (x X : nat -> vec D -> int) :
  let k := conv_link fits ord (fun _ _ _ => 0) (fun _ v => v + 1) in
  let k' := conv_link fits' ord (fun _ _ _ => 1) (fun _ v => v) in
  follows k k' ->
  holds_outputs k' (kept k') (run [:: k; k'] x) (run_blocks [:: k; k'] X) ->
  tail_free D m m' g ord.
Proof.
move=> k k' k_k' equal; apply: (counted_tail_free fits') => c o c_lt o_in.
have ones_phases : holds_phases m g ord (fun _ (_ : vec D) => 1 : int) (fun _ _ => 1) by [].
have one_l (y : nat -> vec D -> int) c0 p : apply (strided_stage k) y c0 p = 1.
  by rewrite /apply /apply_on /layer_fold big1 //= => c1 _; rewrite big1 // => t _;
    case: (reads _ p t) => //= p0; case: ifP; rewrite ?mul0r.
have one_l' (Y : nat -> vec D -> int) c0 p : apply (stride_free k) Y c0 p = 1.
  rewrite /apply /apply_on /layer_fold big1 //= => c1 _; rewrite big1 // => t _.
  case: (reads _ p t) => //= p0; case: ifP => // _; rewrite /expanded_term big1 // => q _.
  by rewrite mul0r.
have eq_run : layer_fold m' [com_law of +%R] (inside m') (term (stride_free k'))
    (apply (stride_free k) X) (joined ord (group_out m) (many_out D g) c
      (phase_at (factors_out g) o)) (coarse_at (factors_out g) o)
  = layer_fold m [com_law of +%R] (inside m) (term (strided_stage k'))
      (apply (strided_stage k) x) c o.
  exact: (equal c o c_lt o_in).
apply: etrans (etrans eq_run _).
  by apply: layer_fold_in => c0 q p _; rewrite one_l'.
transitivity (layer_fold m [com_law of +%R] (inside m) (fun _ _ _ v => 1 * v)
  (fun _ _ => 1 : int) c o); first by apply: layer_fold_in => c0 q p _; rewrite one_l.
exact: (layer_expansion fits' [com_law of +%R] (fun _ _ _ v => 1 * v) o c_lt ones_phases).
Qed.
