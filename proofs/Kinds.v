(* Kinds.v: the theorem of each kind of layer with literal numbers, as symconv writes it to a file.

   conv_checked       convolution
   pool_checked       pooling with any idempotent commutative monoid
   mode_checked       convolution with a boundary mode or value: the padded array in front
   transposed_checked transposed convolution, by its own definition, with its own weight layout
   conv_any_size, ...  the same numbers with other samples, under the same pads
   reads_a_sample     where the pads fit a mode, no index of the padded array is without a sample
   is_on_phases       axes and their expansion, for any channels, order and size
   Each equality is about one output in the box: what lies past the last output is not compared. *)

From Coq Require Import ZArith Lia.
From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require Import Arith Index Conv Destride Tie Layer Compute Array Phases Expansion.
From Symconv Require Import Decide.
From Symconv Require Import Relatives Taps Modes Transposed Pools.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory Num.Theory Order.Theory.
Local Open Scope ring_scope.

Lemma eq_conv_layer (D : nat) (R : ringType) (l l2 : layer) (w : weights R) (b : nat -> R)
    (x : signal D R) (m : nat) (o : vec D) :
  group_in l2 = group_in l -> group_out l2 = group_out l ->
  (forall n, (n < D)%N -> on (windows l2 n) = on (windows l n) /\ sizes l2 n = sizes l n) ->
  conv_layer l w b x m o = conv_layer l2 w b x m o.
Proof.
move=> same_in same_out same; rewrite !conv_layer_fold; congr (_ + _).
rewrite (eq_layer_fold same_in same_out) => [|n n_lt]; last by case: (same n n_lt).
apply: layer_fold_in => c q p _; rewrite /inside (eq_in_box p (N' := sizes l2)) // => n n_lt.
by case: (same n n_lt).
Qed.

(* A sum of samples is a convolution whose weights are all 1. *)
Lemma sum_is_conv (D : nat) (R : ringType) (l : layer) (x : signal D R) m o :
  layer_fold l [com_law of +%R] (inside l) (fun _ _ _ v => v) x m o
  = conv_layer l (fun _ _ _ => 1) (fun _ => 0) x m o.
Proof.
rewrite conv_layer_fold add0r; apply: layer_fold_in => c q p _.
by case: ifP => // _; rewrite mul1r.
Qed.

Section Kinds.

Variables (D : nat) (ord : order) (e : expansion_numbers) (ok : checked D e).
Notation l := (before e).
Notation l' := (after e).
Notation axes := (Layer.ties (of_axes e)).
Notation E_out := (factors_out axes).
Notation slot m o := (joined ord (n_out l) (many_out D axes) m (phase_at E_out o)).

Let fits : expands D l l' axes. Proof. exact: checked_expands. Qed.

Lemma block_within (o : vec D) :
  within (outputs_before e) o -> within (outputs_after e) (coarse_at E_out o).
Proof.
move=> o_in; apply: within_after => //; apply: (outputs_on_phases fits).
exact: within_before.
Qed.

Theorem conv_checked (R : ringType) (w : weights R) (b : nat -> R) (x : signal D R) m o :
  (m < n_groups l * n_out l)%N -> within (outputs_before e) o ->
  within (outputs_after e) (coarse_at E_out o)
  /\ conv_layer l w b x m o
     = conv_layer l' (expanded_weight D l axes ord w) (expanded_bias D l axes ord b)
         (phase_array l axes ord 0 x) (slot m o) (coarse_at E_out o).
Proof. by move=> m_lt o_in; split; [exact: block_within|exact: conv_expansion]. Qed.

Theorem pool_checked (T : Type) (idx : T) (op : Monoid.com_law idx) (x : signal D T) m o :
  idempotent op -> (m < n_groups l * n_out l)%N -> within (outputs_before e) o ->
  within (outputs_after e) (coarse_at E_out o)
  /\ pool_layer l op x m o
     = max_conv_layer l' op (reached D l axes ord) (phase_array l axes ord idx x) (slot m o)
         (coarse_at E_out o).
Proof. by move=> opxx m_lt o_in; split; [exact: block_within|exact: pool_expansion]. Qed.

(* A maximum over numbers in a total order, where pads and windows without a sample are -inf. *)
Theorem maximum_checked (disp : unit) (T : orderType disp) (x : signal D (option T)) m o :
  (m < n_groups l * n_out l)%N -> within (outputs_before e) o ->
  within (outputs_after e) (coarse_at E_out o)
  /\ max_layer l x m o
     = max_conv_layer l' (@maxo_comoid _ T) (reached D l axes ord) (phase_array l axes ord None x)
         (slot m o) (coarse_at E_out o).
Proof. exact: (pool_checked x (@maxoo _ T)). Qed.

(* A mean: the sum of the samples on phases, over the divisor of the layer's own window. *)
Theorem average_checked (F : fieldType) (counted : bool) (hi : nat -> int) (x : signal D F) m o :
  (m < n_groups l * n_out l)%N -> within (outputs_before e) o ->
  within (outputs_after e) (coarse_at E_out o)
  /\ average_layer l counted hi x m o
     = conv_layer l' (expanded_weight D l axes ord (fun _ _ _ => 1)) (fun _ => 0)
         (phase_array l axes ord 0 x) (slot m o) (coarse_at E_out o)
       / (divisor counted (windows l) hi o)%:R.
Proof.
move=> m_lt o_in; have [o_after eq_conv] := conv_checked (fun _ _ _ => 1) (fun _ => 0) x m_lt o_in.
by split=> //; rewrite /average_layer sum_is_conv eq_conv.
Qed.

(* Other sizes under the same pads. *)
Section AnySize.

Variables (N : nat -> int).
Hypotheses (N_gt0 : forall n, 0 < N n) (O_gt0 : forall n, 0 < outs (at_sizes l N) n).
Notation lN := (at_sizes l N).
Notation lN' := (expanded_at l l' (of_axes e) N).

Let fits_N : expands D lN lN' axes.
Proof. by apply: expands_at => //; case/and3P: ok. Qed.

Theorem conv_any_size (R : ringType) (w : weights R) (b : nat -> R) (x : signal D R) m o :
  (m < n_groups l * n_out l)%N -> in_box (outs lN) o ->
  in_box (outs lN') (coarse_at E_out o)
  /\ conv_layer lN w b x m o
     = conv_layer lN' (expanded_weight D lN axes ord w) (expanded_bias D lN axes ord b)
         (phase_array lN axes ord 0 x) (slot m o) (coarse_at E_out o).
Proof.
move=> m_lt o_in; split; first exact: (outputs_on_phases fits_N).
by rewrite (conv_expansion ord fits_N).
Qed.

Theorem pool_any_size (T : Type) (idx : T) (op : Monoid.com_law idx) (x : signal D T) m o :
  idempotent op -> (m < n_groups l * n_out l)%N -> in_box (outs lN) o ->
  in_box (outs lN') (coarse_at E_out o)
  /\ pool_layer lN op x m o
     = max_conv_layer lN' op (reached D lN axes ord) (phase_array lN axes ord idx x) (slot m o)
         (coarse_at E_out o).
Proof.
move=> opxx m_lt o_in; split; first exact: (outputs_on_phases fits_N).
by rewrite (pool_expansion ord fits_N).
Qed.

End AnySize.

(* ceil_mode: the outputs that PyTorch counts, with the declared high pads. *)
Definition ceil_outputs_Z (a : axis) (N hi : Z) : Z :=
  let span := Z.add (Z.mul (Z.of_nat (dilation a)) (Z.sub (Z.of_nat (kernel a)) 1)) 1 in
  let n := Z.add (coarse_Z (Z.sub (Z.add (Z.add N (toZ (lo a))) hi) span) (stride a)) 1 in
  if Z.leb (Z.add N (toZ (lo a))) (Z.mul (Z.sub n 1) (Z.of_nat (stride a))) then Z.sub n 1 else n.

Lemma ceil_outputsE (a : axis) (N hi : Z) : (0 < stride a)%N ->
  ceil_outputs (int_of N) (kernel a) (stride a) (dilation a) (lo a) (int_of hi)
  = int_of (ceil_outputs_Z a N hi).
Proof.
move=> s_gt0; rewrite /ceil_outputs /ceil_outputs_Z; apply/toZ_inj; rewrite toZ_int_of.
have eq_n : toZ (coarse (int_of N + lo a + int_of hi
    - ((dilation a)%:Z * ((kernel a)%:Z - 1) + 1)) (stride a) + 1)
  = Z.add (coarse_Z (Z.sub (Z.add (Z.add N (toZ (lo a))) hi)
      (Z.add (Z.mul (Z.of_nat (dilation a)) (Z.sub (Z.of_nat (kernel a)) 1)) 1)) (stride a)) 1.
  rewrite toZ_add /coarse toZ_opp toZ_div // toZ_opp /coarse_Z; push_Z.
  by rewrite !toZ_int_of.
set n := coarse _ _ + 1 in eq_n *; rewrite -eq_n.
case: (lerP (int_of N + lo a)) => [/toZ_le|/toZ_lt]; rewrite toZ_add toZ_mul toZ_int_of.
  by rewrite !toZ_add toZ_opp toZ_pos => /Z.leb_le ->.
by rewrite toZ_add toZ_opp toZ_pos => /Z.leb_gt ->.
Qed.

(* What the last window hangs over the end, with the declared high pad. *)
Definition missing_Z (a : axis) (N hi : Z) : Z :=
  let span := Z.add (Z.mul (Z.of_nat (dilation a)) (Z.sub (Z.of_nat (kernel a)) 1)) 1 in
  Z.max (Z.sub (Z.add (Z.mul (Z.sub (ceil_outputs_Z a N hi) 1) (Z.of_nat (stride a))) span)
               (Z.add (Z.add N (toZ (lo a))) hi)) 0.

Lemma toZ_max0 (a : int) : toZ (Num.max a 0) = Z.max (toZ a) 0.
Proof.
have [[le ->]|[lt ->]] := max_cases a 0.
  by move/toZ_le: le => le; rewrite Z.max_r.
by move/toZ_lt: lt => lt; rewrite Z.max_l //; exact: Z.lt_le_incl.
Qed.

Lemma missingE (a : axis) (N hi : Z) : (0 < stride a)%N ->
  missing (int_of N) (kernel a) (stride a) (dilation a) (lo a) (int_of hi)
  = int_of (missing_Z a N hi).
Proof.
move=> s_gt0; apply/toZ_inj; rewrite toZ_int_of /missing toZ_max0 ceil_outputsE //.
by congr (Z.max _ 0); push_Z; rewrite !toZ_int_of.
Qed.

(* The high pads that a pooling declares: the layer's own, less what ceil_mode adds. *)
Definition declared_ok (ceil : bool) (hi : seq Z) : bool :=
  all (fun n => let w := nth no_axis (n_axes l) n in let h := nth Z0 hi n in
    (0 < stride (its_axis w))%N
    && Z.eqb (its_high w)
         (if ceil then Z.add h (missing_Z (its_axis w) (its_samples w) h) else h)) (iota 0 D).

Theorem declared_checked (ceil : bool) (hi : seq Z) : declared_ok ceil hi -> forall n, (n < D)%N ->
  let a := on (windows l n) in let h := int_of (nth Z0 hi n) in
  high (windows l n)
  = if ceil then h + missing (sizes l n) (kernel a) (stride a) (dilation a) (lo a) h else h.
Proof.
move=> /allP each n n_lt /=; have /= := each n; rewrite mem_iota => /(_ n_lt).
case/andP=> s_gt0 /Z.eqb_spec ->; case: ceil {each} => //.
by apply/toZ_inj; rewrite toZ_add /sizes /= missingE // !toZ_int_of.
Qed.

Definition ceil_ok (hi : seq Z) : bool :=
  declared_ok true hi
  && all (fun n => let w := nth no_axis (n_axes l) n in
       [&& (0 < stride (its_axis w))%N, base (its_axis w) == 1%N
         & Z.eqb (ceil_outputs_Z (its_axis w) (its_samples w) (nth Z0 hi n))
                 (nth Z0 (outputs_before e) n)]) (iota 0 D).

Theorem ceil_checked (hi : seq Z) : ceil_ok hi -> forall n, (n < D)%N ->
  let a := on (windows l n) in
  ceil_outputs (sizes l n) (kernel a) (stride a) (dilation a) (lo a) (int_of (nth Z0 hi n))
  = int_of (nth Z0 (outputs_before e) n).
Proof.
move=> /andP[_ /allP each] n n_lt /=; have /= := each n; rewrite mem_iota => /(_ n_lt).
by case/and3P=> s_gt0 _ /Z.eqb_spec <-; rewrite -ceil_outputsE.
Qed.

(* Boundary modes: the layer's own numbers, and behind the gather those without pads. *)
Definition valid_sized (w : sized) : sized :=
  Sized (valid_axis (its_axis w))
    (Z.add (Z.add (its_samples w) (toZ (lo (its_axis w)))) (its_high w)) 0.

Definition valid_numbers (l0 : numbers) : numbers :=
  Numbers (n_groups l0) (n_in l0) (n_out l0) (map valid_sized (n_axes l0)).

Definition numbers_eqb (l1 l2 : numbers) : bool :=
  [&& n_groups l1 == n_groups l2, n_in l1 == n_in l2, n_out l1 == n_out l2,
      size (n_axes l1) == size (n_axes l2)
    & all (fun n => let a := nth no_axis (n_axes l1) n in let b := nth no_axis (n_axes l2) n in
             [&& axis_eqb (its_axis a) (its_axis b), Z.eqb (its_samples a) (its_samples b)
               & Z.eqb (its_high a) (its_high b)]) (iota 0 (size (n_axes l1)))].

Lemma numbers_eqbP (l1 l2 : numbers) n : numbers_eqb l1 l2 -> (n < size (n_axes l1))%N ->
  let a := nth no_axis (n_axes l1) n in let b := nth no_axis (n_axes l2) n in
  [/\ its_axis a = its_axis b, its_samples a = its_samples b & its_high a = its_high b].
Proof.
case/and5P=> _ _ _ _ /allP same n_lt; have /= := same n; rewrite mem_iota => /(_ n_lt).
by case/and3P=> /axis_eqbP ? /Z.eqb_spec ? /Z.eqb_spec ?.
Qed.

Definition mode_ok (l0 : numbers) : bool :=
  numbers_eqb (valid_numbers l0) l
  && all (fun n => let a := its_axis (nth no_axis (n_axes l0) n) in
            (base a == 1%N) && (0 < stride a)%N) (iota 0 D).

(* Pads that a mode can fill in one go, of a mode that reads a sample everywhere. *)
Definition fills (md : mode) (w : sized) : bool :=
  let N := its_samples w in let a := toZ (lo (its_axis w)) in let b := its_high w in
  Z.ltb 0 N
  && match md with
     | zeros => false
     | reflect_mode => Z.ltb a N && Z.ltb b N
     | replicate => true
     | circular => let c := Z.add (Z.add N (Z.min a 0)) (Z.min b 0) in Z.leb a c && Z.leb b c
     end.

Lemma toZ_min0 (a : int) : toZ (Num.min a 0) = Z.min (toZ a) 0.
Proof.
have [[le ->]|[lt ->]] := min_cases a 0.
  by move/toZ_le: le => le; rewrite Z.min_l.
by move/toZ_lt: lt => lt; rewrite Z.min_r //; exact: Z.lt_le_incl.
Qed.

Lemma fillsP (md : mode) (w : sized) : fills md w ->
  [/\ ~~ is_zeros md, 0 < samples (window_of w)
    & Modes.fits md (samples (window_of w)) (lo (on (window_of w))) (high (window_of w))].
Proof.
case/andP=> /int_of_gt0 N_gt0; case: md => //= [/andP[]|/andP[]].
  by move=> /Z.ltb_lt a_lt /Z.ltb_lt b_lt; split=> //; apply/andP; split; apply/toZ_lt;
    rewrite ?toZ_int_of.
move=> /Z.leb_le a_le /Z.leb_le b_le; split=> //; apply/andP; split; apply/toZ_le;
  by rewrite !toZ_add !toZ_min0 !toZ_int_of.
Qed.

Definition all_filled (l0 : numbers) (md : nat -> mode) : bool :=
  all (fun n => fills (md n) (nth no_axis (n_axes l0) n)) (iota 0 D).

(* Then every index of the padded array reads a sample of the array. *)
Theorem reads_a_sample (l0 : numbers) (md : nat -> mode) (j : vec D) : all_filled l0 md ->
  in_box (fun n => padded_size (windows l0 n)) j ->
  exists2 p, gather (windows l0) md j = Some p & in_box (sizes l0) p.
Proof.
move=> /allP filled; apply: padded_in_box => n n_lt.
by apply: fillsP; apply: filled; rewrite mem_iota.
Qed.

Theorem mode_checked (l0 : numbers) (md : nat -> mode) (R : ringType) (fill : R) (w : weights R)
    (b : nat -> R) (x : signal D R) m o : mode_ok l0 ->
  (m < n_groups l * n_out l)%N -> within (outputs_before e) o ->
  within (outputs_after e) (coarse_at E_out o)
  /\ conv_mode_layer l0 md fill w b x m o
     = conv_layer l' (expanded_weight D l axes ord w) (expanded_bias D l axes ord b)
         (phase_array l axes ord 0 (padded fill (windows l0) md x)) (slot m o) (coarse_at E_out o).
Proof.
case/andP=> same /allP plain m_lt o_in; split; first exact: block_within.
have plain_axis n : (n < D)%N ->
    base (on (windows l0 n)) = 1%N /\ (0 < stride (on (windows l0 n)))%N.
  by move=> n_lt; have /= := plain n; rewrite mem_iota => /(_ n_lt)/andP[/eqP].
have size_l0 : size (n_axes l0) = D.
  case/and5P: (same) => _ _ _ /eqP; rewrite size_map => -> _.
  by case/and3P: ok => /and3P[/and3P[/eqP]].
have same_window n : (n < D)%N ->
    on (windows l n) = on (windows (valid_layer l0) n)
    /\ sizes l n = sizes (valid_layer l0) n /\ outs l n = outs (valid_layer l0) n.
  move=> n_lt; have n_in : (n < size (n_axes (valid_numbers l0)))%N by rewrite size_map size_l0.
  have [/= eq_a eq_N eq_h] := numbers_eqbP same n_in; move: eq_a eq_N eq_h.
  rewrite (nth_map no_axis) ?size_l0 //= => eq_a eq_N eq_h.
  have N_sum : int_of (its_samples (nth no_axis (n_axes l) n))
      = padded_size (window_of (nth no_axis (n_axes l0) n)).
    by rewrite -eq_N; apply/toZ_inj; rewrite toZ_int_of /padded_size /= !toZ_add !toZ_int_of.
  by rewrite /outs /sizes /outputs /= -eq_a N_sum -eq_h.
have o_valid : in_box (outs l0) o.
  have := within_before ok o_in; rewrite (eq_in_box o (N' := outs l0)) // => n n_lt.
  have [_ [_ ->]] := same_window n n_lt; have [u1 _] := plain_axis n n_lt.
  exact: valid_outputs.
rewrite (mode_layer _ _ _ _ _ _ plain_axis o_valid) -(conv_expansion ord fits) //.
case/and5P: (same) => _ /eqP eq_C /eqP eq_M _ _.
apply: eq_conv_layer => [||n n_lt]; [exact: esym|exact: esym|].
by have [? [? _]] := same_window n n_lt.
Qed.

(* Transposed convolutions: the layer's own numbers, and the convolution that it is. *)
Definition conv_sized (w : sized) : sized :=
  let a := its_axis w in
  Sized (transposed a) (its_samples w)
    (Z.sub (Z.mul (Z.of_nat (dilation a)) (Z.sub (Z.of_nat (kernel a)) 1)) (its_high w)).

Definition conv_numbers (l0 : numbers) : numbers :=
  Numbers (n_groups l0) (n_in l0) (n_out l0) (map conv_sized (n_axes l0)).

Definition transposed_ok (l0 : numbers) : bool :=
  numbers_eqb (conv_numbers l0) l
  && all (fun n => (0 < stride (its_axis (nth no_axis (n_axes l0) n)))%N) (iota 0 D).

(* The weight of the convolution that a transposed layer is: its channels in the other places. *)
Definition turned (R : Type) (l0 : layer) (w : weights R) : weights R :=
  fun m c k => w (source l0 m c) (m %% group_out l0)%N k.

Theorem transposed_checked (l0 : numbers) (R : ringType) (w : weights R) (b : nat -> R)
    (x : signal D R) m o : transposed_ok l0 ->
  (m < n_groups l * n_out l)%N -> within (outputs_before e) o ->
  within (outputs_after e) (coarse_at E_out o)
  /\ transposed_layer l0 w b x m o
     = conv_layer l' (expanded_weight D l axes ord (turned l0 w)) (expanded_bias D l axes ord b)
         (phase_array l axes ord 0 x) (slot m o) (coarse_at E_out o).
Proof.
case/andP=> same /allP strides m_lt o_in; split; first exact: block_within.
have size_l0 : size (n_axes l0) = D.
  case/and5P: (same) => _ _ _ /eqP; rewrite size_map => -> _.
  by case/and3P: ok => /and3P[/and3P[/eqP]].
rewrite transposed_is_conv => [|n n_lt]; last first.
  by have /= := strides n; rewrite mem_iota => /(_ n_lt).
rewrite -(conv_expansion ord fits) //; case/and5P: (same) => _ /eqP eq_C /eqP eq_M _ _.
apply: eq_conv_layer => [||n n_lt]; [exact: esym|exact: esym|].
have n_in : (n < size (n_axes (conv_numbers l0)))%N by rewrite size_map size_l0.
have [/= eq_a eq_N _] := numbers_eqbP same n_in; move: eq_a eq_N.
by rewrite (nth_map no_axis) ?size_l0 //= /sizes /= => <- <-.
Qed.

(* The other kinds at any size, under the same pads. *)
Section OtherSizes.

Variables (l0 : numbers) (N : nat -> int).

Let size_of (g : sized -> sized) : numbers_eqb
  (Numbers (n_groups l0) (n_in l0) (n_out l0) (map g (n_axes l0))) l -> size (n_axes l0) = D.
Proof.
case/and5P=> _ _ _ /eqP; rewrite size_map => -> _.
by case/and3P: ok => /and3P[/and3P[/eqP]].
Qed.

Theorem transposed_any_size (R : ringType) (w : weights R) (b : nat -> R) (x : signal D R) m o :
  transposed_ok l0 -> (forall n, 0 < N n) -> (forall n, 0 < outs (at_sizes l N) n) ->
  (m < n_groups l * n_out l)%N -> in_box (outs (at_sizes l N)) o ->
  in_box (outs (expanded_at l l' (of_axes e) N)) (coarse_at E_out o)
  /\ transposed_layer (at_sizes l0 N) w b x m o
     = conv_layer (expanded_at l l' (of_axes e) N)
         (expanded_weight D (at_sizes l N) axes ord (turned l0 w))
         (expanded_bias D (at_sizes l N) axes ord b)
         (phase_array (at_sizes l N) axes ord 0 x) (slot m o) (coarse_at E_out o).
Proof.
case/andP=> same /allP strides N_gt0 O_gt0 m_lt o_in; have size_l0 := size_of same.
have [o_after eq_conv] := conv_any_size N_gt0 O_gt0 (turned l0 w) b x m_lt o_in.
split=> //; rewrite -eq_conv transposed_is_conv => [|n n_lt]; last first.
  by have /= := strides n; rewrite mem_iota => /(_ n_lt).
case/and5P: (same) => _ /eqP eq_C /eqP eq_M _ _.
apply: eq_conv_layer => [||n n_lt]; [exact: esym|exact: esym|].
have n_in : (n < size (n_axes (conv_numbers l0)))%N by rewrite size_map size_l0.
have [/= eq_a _ _] := numbers_eqbP same n_in; move: eq_a.
by rewrite (nth_map no_axis) ?size_l0 //= => <-.
Qed.

(* The padded array's samples. *)
Definition behind_pads (n : nat) : int := padded_size (windows (at_sizes l0 N) n).

Theorem mode_any_size (md : nat -> mode) (R : ringType) (fill : R) (w : weights R) (b : nat -> R)
    (x : signal D R) m o :
  mode_ok l0 -> (forall n, 0 < behind_pads n) -> (forall n, 0 < outs (at_sizes l behind_pads) n) ->
  (m < n_groups l * n_out l)%N -> in_box (outs (at_sizes l behind_pads)) o ->
  in_box (outs (expanded_at l l' (of_axes e) behind_pads)) (coarse_at E_out o)
  /\ conv_mode_layer (at_sizes l0 N) md fill w b x m o
     = conv_layer (expanded_at l l' (of_axes e) behind_pads)
         (expanded_weight D (at_sizes l behind_pads) axes ord w)
         (expanded_bias D (at_sizes l behind_pads) axes ord b)
         (phase_array (at_sizes l behind_pads) axes ord 0
            (padded fill (windows (at_sizes l0 N)) md x)) (slot m o) (coarse_at E_out o).
Proof.
case/andP=> same /allP plain N_gt0 O_gt0 m_lt o_in; have size_l0 := size_of same.
have plain_axis n : (n < D)%N ->
    base (on (windows (at_sizes l0 N) n)) = 1%N /\ (0 < stride (on (windows (at_sizes l0 N) n)))%N.
  by move=> n_lt; have /= := plain n; rewrite mem_iota => /(_ n_lt)/andP[/eqP].
have same_window n : (n < D)%N ->
    windows (at_sizes l behind_pads) n = valid_window (windows (at_sizes l0 N) n).
  move=> n_lt; have n_in : (n < size (n_axes (valid_numbers l0)))%N by rewrite size_map size_l0.
  have [/= eq_a _ eq_h] := numbers_eqbP same n_in; move: eq_a eq_h.
  by rewrite (nth_map no_axis) ?size_l0 //= /valid_window /= => <- <-.
have [o_after eq_conv] :=
  conv_any_size N_gt0 O_gt0 w b (padded fill (windows (at_sizes l0 N)) md x) m_lt o_in.
have o_valid : in_box (outs (at_sizes l0 N)) o.
  move: o_in; rewrite (eq_in_box o (N' := outs (at_sizes l0 N))) // => n n_lt.
  by rewrite /outs same_window // valid_outputs //; case: (plain_axis n n_lt).
split=> //; rewrite -eq_conv (mode_layer _ _ _ _ _ _ plain_axis o_valid).
case/and5P: (same) => _ /eqP eq_C /eqP eq_M _ _.
apply: eq_conv_layer => [||n n_lt]; [exact: esym|exact: esym|].
by rewrite /sizes same_window.
Qed.

End OtherSizes.

Theorem average_any_size (N : nat -> int) (F : fieldType) (counted : bool) (hi : nat -> int)
    (x : signal D F) m o :
  (forall n, 0 < N n) -> (forall n, 0 < outs (at_sizes l N) n) ->
  (m < n_groups l * n_out l)%N -> in_box (outs (at_sizes l N)) o ->
  in_box (outs (expanded_at l l' (of_axes e) N)) (coarse_at E_out o)
  /\ average_layer (at_sizes l N) counted hi x m o
     = conv_layer (expanded_at l l' (of_axes e) N)
         (expanded_weight D (at_sizes l N) axes ord (fun _ _ _ => 1)) (fun _ => 0)
         (phase_array (at_sizes l N) axes ord 0 x) (slot m o) (coarse_at E_out o)
       / (divisor counted (windows (at_sizes l N)) hi o)%:R.
Proof.
move=> N_gt0 O_gt0 m_lt o_in.
have [o_after eq_conv] := conv_any_size N_gt0 O_gt0 (fun _ _ _ => 1) (fun _ => 0) x m_lt o_in.
by split=> //; rewrite /average_layer sum_is_conv eq_conv.
Qed.

End Kinds.

(* An expansion of axes, whatever the channels and groups, the order of channels and the sizes. *)
Definition axes_ok (D : nat) (ws ws' : seq sized) (fs : seq tie) : bool :=
  expansion_ok D (Numbers 1 1 1 ws) (Numbers 1 (many_in D (ties fs)) (many_out D (ties fs)) ws') fs.

(* The layer with these axes equals the one with those axes on phases; its high pads are the ones
   for which it has the blocks of the outputs, as expanded_at writes them. *)
Definition is_on_phases (D : nat) (ws : seq sized) (axes' : seq axis) (fs : seq tie) : Prop :=
  forall (G C M : nat) (ord : order) (N : nat -> int),
    let f := ties fs in
    let l := at_sizes (Numbers G C M ws) N in
    let l' := expanded_at (Numbers G C M ws) (Numbers G (C * many_in D f) (M * many_out D f) [::])
                fs N in
    (0 < C)%N -> (0 < M)%N -> (forall n, 0 < N n) -> (forall n, 0 < outs l n) ->
  (forall n, (n < D)%N -> on (windows l' n) = nth (its_axis no_axis) axes' n)
  /\ forall (R : ringType) (w : weights R) (b : nat -> R) (x : signal D R) (m : nat) (o : vec D),
    let i := coarse_at (factors_out f) o in
    (m < G * M)%N -> in_box (outs l) o ->
    in_box (outs l') i
    /\ conv_layer l w b x m o
       = conv_layer l' (expanded_weight D l f ord w) (expanded_bias D l f ord b)
           (phase_array l f ord 0 x)
           (joined ord M (many_out D f) m (phase_at (factors_out f) o)) i.

Theorem axes_okP (D : nat) (ws ws' : seq sized) (fs : seq tie) :
  axes_ok D ws ws' fs -> is_on_phases D ws (map its_axis ws') fs.
Proof.
move=> ok; have /and3P[/and3P[_ /eqP size_ws' _] axes_fit _] := ok.
move=> G C M ord N f l l' C_gt0 M_gt0 N_gt0 O_gt0; split=> [n n_lt|R w b x m o i m_lt o_in].
  have /and5P[_ /and4P[_ /axis_eqbP eq_a' _ _] _ _ _] := expansion_ok_fits ok n_lt.
  by rewrite (nth_map no_axis) ?size_ws'.
have numbers_ok : expansion_ok D (Numbers G C M ws)
    (Numbers G (C * many_in D f) (M * many_out D f) ws') fs.
  by case/and3P: ok => *; apply/and3P; split=> //; rewrite /channels_fit /= C_gt0 M_gt0 !eqxx.
have fits := expands_at numbers_ok N_gt0 O_gt0.
by split; [exact: (outputs_on_phases fits)|rewrite (conv_expansion ord fits)].
Qed.
