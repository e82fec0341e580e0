(* Network.v: layers in a row, and where the last coarse blocks go wrong.

   stage C M Ein Eout   one layer from channels C to M with its square, a commutative monoid law, what
                a tap makes of a sample (term: times a weight, or as it is for a maximum), a
                pointwise function act of each output channel (bias and nonlinearity), the positions
                it keeps (its output box) and the coarse positions its expansion keeps (block)
   conv_stage   the stage of a convolution with weight w over a ring, zero outside
   outside      what a signal is outside its box: 0, or None where sums and maxima meet in one network
   net          a list of stages, the output phases of each the input phases of the next; with
                strides s_l and the last phases 1, tie_ok makes E_l = s_l * E_(l+1) (tie_factor)
   run          the strided network; a layer's output is `outside` its box
   run_masked   the expanded one, where each hidden signal is set to `outside` at phase positions whose
                fine position is outside the box (the mask)
   run_blocks   the expanded one as frameworks run it: only whole blocks are cut off, so a tail
                (a kept block's positions past the end) holds whatever the layer computes there
   tail_free    no live read of a kept output falls into a tail

   pointwise_on_phases, concat_on_phases   a function of each value (a sum, a product, a bias, a
                nonlinearity) and a concatenation of channels act on phases as on signals

   sound_divisible, sound_before_end   when a read of the expanded layer may be relied on

   The masked network always equals; the one of blocks if it is tail_free; without that it may
   differ (tail_counterexample).  Edges: the empty net; blocks that hold no kept position. *)

From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require Import Arith Index Conv Destride Tie Layer.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory Num.Theory Order.Theory.
Local Open Scope ring_scope.

Section Network.

Variables (V P : Type) (outside : V).

Record stage (C M : finType) (Ein Eout : phasing P) := Stage {
  fine_access : access P; coarse_access : access P;
  stage_square : square fine_access coarse_access Ein Eout;
  sum_type : Type; neutral : sum_type; law : Monoid.com_law neutral;
  term : M -> C -> tap fine_access -> V -> sum_type;
  act : M -> sum_type -> V;
  kept : P -> bool;
  block : P -> bool }.
Arguments term {C M Ein Eout} s m c k v.
Arguments act {C M Ein Eout} s m v.

Inductive net (C' : finType) (E' : phasing P) : finType -> phasing P -> Type :=
  | Stop : net C' E' C' E'
  | Then C M Ein Eout : stage C M Ein Eout -> net C' E' M Eout -> net C' E' C Ein.

Section Stage.

Variables (C M : finType) (Ein Eout : phasing P) (Sg : stage C M Ein Eout).

Definition step (x : C -> P -> V) (m : M) (o : P) : V :=
  if kept Sg o then act Sg m (fold (law Sg) (term Sg) x m o) else outside.

Definition coarse_step (keep : phase Eout -> P -> bool) (X : C * phase Ein -> P -> V)
    (mrho : M * phase Eout) (i : P) : V :=
  if keep mrho.2 i
  then act Sg mrho.1 (fold (law Sg) (folded_weight (stage_square Sg) (law Sg) (term Sg)) X mrho i)
  else outside.

Definition mask (rho : phase Eout) (i : P) : bool := kept Sg (fine Eout rho i).

(* Positions where the phases of a signal may be relied on: real ones, and beyond all blocks. *)
Definition sound (E : phasing P) (keep whole : P -> bool) (r : phase E) (i : P) : bool :=
  keep (fine E r i) || ~~ whole i.

Definition stage_tail_free (keep whole : P -> bool) : Prop :=
  [/\ forall rho i, kept Sg (fine Eout rho i) -> block Sg i
    & forall rho i k r q p, kept Sg (fine Eout rho i) -> lands (stage_square Sg) rho k = Some (r, q) ->
        reads (coarse_access Sg) i q = Some p -> @sound Ein keep whole r p].

Lemma fold_live (x : C -> P -> V) (X : C * phase Ein -> P -> V) (m : M) rho i :
  (forall c k r q p, lands (stage_square Sg) rho k = Some (r, q) ->
     reads (coarse_access Sg) i q = Some p -> X (c, r) p = x c (fine Ein r p)) ->
  fold (law Sg) (folded_weight (stage_square Sg) (law Sg) (term Sg)) X (m, rho) i
  = fold (law Sg) (term Sg) x m (fine Eout rho i).
Proof.
move=> eq_X; have := destride_fold (stage_square Sg) (law Sg) (term Sg) x (m, rho) i.
rewrite {1}/phases /= => ->; apply: eq_bigr => -[c r] _; apply: eq_bigr => q _.
case eq_p: (reads _ i q) => [p|] //=.
case: (pickP (fun k => lands (stage_square Sg) rho k == Some (r, q))) => [k /eqP k_lands|none].
  by rewrite (eq_X c k r q p).
by rewrite /folded_weight !big_pred0.
Qed.

End Stage.

Fixpoint run (C' : finType) (E' : phasing P) (C : finType) (E : phasing P) (n : net C' E' C E) :
    (C -> P -> V) -> (C' -> P -> V) :=
  match n with
  | Stop => id
  | Then _ _ _ _ Sg n' => fun x => run n' (step Sg x)
  end.

Fixpoint run_masked (C' : finType) (E' : phasing P) (C : finType) (E : phasing P)
    (n : net C' E' C E) : (C * phase E -> P -> V) -> (C' * phase E' -> P -> V) :=
  match n with
  | Stop => id
  | Then _ _ _ _ Sg n' => fun X => run_masked n' (coarse_step Sg (mask Sg) X)
  end.

Fixpoint run_blocks (C' : finType) (E' : phasing P) (C : finType) (E : phasing P)
    (n : net C' E' C E) : (C * phase E -> P -> V) -> (C' * phase E' -> P -> V) :=
  match n with
  | Stop => id
  | Then _ _ _ _ Sg n' => fun X => run_blocks n' (coarse_step Sg (fun _ => block Sg) X)
  end.

Fixpoint tail_free (C' : finType) (E' : phasing P) (C : finType) (E : phasing P)
    (n : net C' E' C E) (keep whole : P -> bool) : Prop :=
  match n with
  | Stop => True
  | Then _ _ _ _ Sg n' => stage_tail_free Sg keep whole /\ tail_free n' (kept Sg) (block Sg)
  end.

Fixpoint last_kept (C' : finType) (E' : phasing P) (C : finType) (E : phasing P)
    (n : net C' E' C E) (keep : P -> bool) : P -> bool :=
  match n with Stop => keep | Then _ _ _ _ Sg n' => last_kept n' (kept Sg) end.

(* Any depth, with masks. *)
Theorem network_masked (C' : finType) (E' : phasing P) (C : finType) (E : phasing P)
    (n : net C' E' C E) (x : C -> P -> V) (X : C * phase E -> P -> V) :
  (forall cr i, X cr i = phases x cr i) ->
  forall cr i, run_masked n X cr i = phases (run n x) cr i.
Proof.
elim: n x X => //= {}C M Ein Eout Sg n IH x X eq_X; apply: IH => -[m rho] i.
rewrite /coarse_step /mask /phases /step /=; case: ifP => // _; congr (act Sg m _).
by apply: fold_live => c k r q p _ _; rewrite eq_X.
Qed.

(* Any depth without masks, if no live read lands in a tail. *)
Theorem network_blocks (C' : finType) (E' : phasing P) (C : finType) (E : phasing P)
    (n : net C' E' C E) (keep whole : P -> bool) (x : C -> P -> V) (X : C * phase E -> P -> V) :
  tail_free n keep whole ->
  (forall c r i, sound keep whole r i -> X (c, r) i = x c (fine E r i)) ->
  forall c r i, last_kept n keep (fine E' r i) -> run_blocks n X (c, r) i = run n x c (fine E' r i).
Proof.
elim: n keep whole x X => [|{}C M Ein Eout Sg n IH] keep whole x X /=.
  by move=> _ eq_X c r i r_kept; apply: eq_X; rewrite /sound r_kept.
move=> [[kept_block free] free'] eq_X; apply: IH free' _ => m rho i; rewrite /sound /step.
rewrite /coarse_step /=; case in_kept: (kept Sg _); last by case: (block Sg i).
move=> _; rewrite (kept_block _ _ in_kept); congr (act Sg m _).
apply: fold_live => c k r q p k_lands i_reads; apply: eq_X.
exact: (free rho i k r q p).
Qed.

End Network.
Arguments term {V P C M Ein Eout} s m c k v.
Arguments law {V P C M Ein Eout} s.

(* The factors of a network without residual strides: E_l = s_l * E_(l+1). *)
Lemma tie_factor (a : tie) : tie_ok a -> base (strided a) = 1%N -> new_stride a = 1%N ->
  e_in a = (e_out a * stride (strided a))%N.
Proof. by case/and4P=> _ /eqP eq_factors _ _ u1 t1; rewrite -eq_factors u1 t1 !muln1. Qed.

(* There is no tail where the factor divides the size. *)
Lemma divisible_no_tail (N i : int) (E r : nat) : (r < E)%N -> ((N %% E%:Z)%Z == 0) ->
  0 <= i < coarse N E -> 0 <= E%:Z * i + r%:Z < N.
Proof.
move=> r_lt /eqP N_mod /andP[i_ge0]; have E_gt0 : (0 < E)%N by case: E r_lt {N_mod}.
rewrite coarse_fits // => i_lt; have := euclid_eq N E; rewrite N_mod addr0 => eq_N.
have {}i_lt : i < (N %/ E%:Z)%Z by rewrite ltNge; apply/negP => ?; int_nia.
by apply/andP; split; int_nia.
Qed.

(* Two ways to have no live read in a tail, on one axis: the factor divides the size, or the read is
   not past the last sample (s(O-1) + d(K-1) - lo <= N-1 for all reads of a layer). *)
Definition inside (N : int) (v : int) : bool := 0 <= v < N.

Theorem sound_divisible (N : int) (E : nat) (r : phase (stride_phasing E)) (p : int) :
  (N %% E%:Z)%Z == 0 -> sound (inside N) (inside (coarse N E)) r p.
Proof.
move=> N_mod; rewrite /sound orbC; case p_in: (inside (coarse N E) p) => //=.
exact: (divisible_no_tail (ltn_ord r) N_mod p_in).
Qed.

Theorem sound_before_end (N : int) (E : nat) (r : phase (stride_phasing E)) (p : int) :
  fine (stride_phasing E) r p < N -> sound (inside N) (inside (coarse N E)) r p.
Proof.
move=> v_lt; rewrite /sound /inside v_lt andbT.
have [p_ge0|p_lt0] := lerP 0 p; last by rewrite orbT.
by rewrite /= addr_ge0 // mulr_ge0.
Qed.

(* Without a mask and with a tail: one sample, a layer that adds 1 (a bias), and a layer of stride 2
   whose right padding reads behind the sample.  The strided network gives 1, the blocks give 2. *)
Definition first_tie : tie := Tie (Axis 1 1 1 1 0 false) 2 2 1 1 0
  [:: ((0, 0), (0, 0)); ((1, 0), (1, 0))]%N.
Definition second_tie : tie := Tie (Axis 2 2 1 1 0 false) 2 1 1 1 0
  [:: ((0, 0), (0, 0)); ((0, 1), (1, 0))]%N.

Lemma first_ok : tie_ok first_tie. Proof. by vm_compute. Qed.
Lemma second_ok : tie_ok second_tie. Proof. by vm_compute. Qed.

(* A convolution as a stage. *)
Definition conv_stage (R : ringType) (P : Type) (C M : finType) (A B : access P)
    (Ein Eout : phasing P) (S : square A B Ein Eout) (w : M -> C -> tap A -> R) (act : M -> R -> R)
    (kept block : P -> bool) : stage R C M Ein Eout :=
  Stage S [com_law of +%R] (fun m c k v => w m c k * v) act kept block.

Lemma conv_stage_step (R : ringType) (P : Type) (C M : finType) (A B : access P)
    (Ein Eout : phasing P) (S : square A B Ein Eout) (w : M -> C -> tap A -> R) act kept block x m o :
  step 0 (conv_stage S w act kept block) x m o = if kept o then act m (conv w x m o) else 0.
Proof. by rewrite conv_fold. Qed.

Notation here := (fun v : int => v == 0).

Definition first_stage := conv_stage (R := [ringType of int]) (C := [finType of unit])
  (M := [finType of unit]) (axis_square first_ok) (fun _ _ _ => 0) (fun _ v => v + 1) here here.
Definition second_stage := conv_stage (R := [ringType of int]) (C := [finType of unit])
  (M := [finType of unit]) (axis_square second_ok) (fun _ _ _ => 1) (fun _ v => v) here here.

Definition tail_net := Then first_stage (Then second_stage (Stop int _ _)).

Theorem tail_counterexample :
  let x := fun (_ : unit) (_ : int) => 0 : int in
  run 0 tail_net x tt 0 = 1 /\ run_blocks 0 tail_net (phases x) (tt, ord0) 0 = 2.
Proof.
have sum2 (h : unit -> int -> int) :
    fold (law second_stage) (term second_stage) h tt 0 = h tt 0 + h tt 1.
  rewrite /= /fold (eq_bigl (pred1 tt)); last by case.
  by rewrite big_pred1_eq /= big_ord_recl big_ord1 /= !mul1r.
have zero (h : unit -> int -> int) o : fold (law first_stage) (term first_stage) h tt o = 0.
  rewrite /fold big1 // => c _; rewrite big1 // => k _.
  by case: (reads _ o k) => //= p; rewrite mul0r.
split; first by rewrite /= {1}/step sum2 /step /= zero.
rewrite /= {1}/coarse_step /=.
pose h (_ : unit) (v : int) : int := if (v %/ 2)%Z == 0 then 1 else 0.
rewrite (fold_live (Sg := second_stage) (x := h)).
  by rewrite /= mulr0 addr0 sum2.
move=> c k r q p _ _; rewrite /coarse_step /h /=.
have -> : ((2%:Z * p + (r : nat)%:Z) %/ 2)%Z = p.
  by rewrite mulrC divzMDl // divz_small ?addr0 //= ltz_nat ltn_ord.
case: ifP => // _; rewrite (fold_live (Sg := first_stage) (x := fun _ _ => 0)) //.
by case: c; rewrite zero.
Qed.

(* Branches: both in the same phases. *)
Theorem pointwise_on_phases (P U V W C : Type) (E : phasing P) (f : C -> U -> V -> W)
    (x : C -> P -> U) (y : C -> P -> V) (cr : C * phase E) (i : P) :
  phases (fun c p => f c (x c p) (y c p)) cr i = f cr.1 (phases x cr i) (phases y cr i).
Proof. by []. Qed.

Theorem concat_on_phases (P V C D : Type) (E : phasing P) (x : C -> P -> V) (y : D -> P -> V)
    (cd : C + D) (r : phase E) (i : P) :
  phases (fun cd p => match cd with inl c => x c p | inr d => y d p end) (cd, r) i
  = match cd with inl c => phases x (c, r) i | inr d => phases y (d, r) i end.
Proof. by case: cd. Qed.
