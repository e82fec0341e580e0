(* Decide.v: a layer written with literal numbers, and its expansion checked by computing.

   int_of z       the number z of Coq's Z as a number of int: sizes are written in binary, so that a
                  signal of a million samples costs nothing
   sized          an axis with its samples and its high pad, both of Z: `Sized a N hi`
   layer_of G C M ws   the layer of G groups with C input and M output channels each, and these axes
   expansion_ok D l l' ties   decides by computing that the second list of axes with its channels is
                  the first one's on phases; expansion_okP: then `expands` holds
   Edges: the tables of ties are unary, sizes are not; a layer of no axes has none to check. *)

From Coq Require Import ZArith Lia.
From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require Import Arith Index Conv Destride Tie Layer Compute Array Phases Expansion.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory Num.Theory Order.Theory.
Local Open Scope ring_scope.

(* Sizes are written as [:: 112; 112]%binary. *)
Delimit Scope Z_scope with binary.

Definition int_of (z : Z) : int :=
  match z with
  | Z0 => 0
  | Zpos p => Posz (Pos.to_nat p)
  | Zneg p => - Posz (Pos.to_nat p)
  end.

Lemma toZ_int_of z : toZ (int_of z) = z.
Proof.
by case: z => // p; rewrite /int_of ?toZ_opp toZ_pos positive_nat_Z.
Qed.

Lemma toZ_div (a : int) (d : nat) : (0 < d)%N -> toZ (a %/ d%:Z)%Z = Z.div (toZ a) (Z.of_nat d).
Proof.
move=> d_gt0; have := euclid_eq a d; have /andP[] := euclid_bound a d_gt0.
move: (a %/ _)%Z (a %% _)%Z => q r /toZ_le ge0 /toZ_lt lt /(congr1 toZ).
rewrite toZ_add toZ_mul !toZ_pos in ge0 lt * => eq_a.
by apply: (Z.div_unique _ _ _ (toZ r)); first by left.
Qed.

Definition outputs_Z (a : axis) (N hi : Z) : Z :=
  Z.add (Z.div (Z.sub (Z.add (Z.add (Z.add (Z.mul (Z.of_nat (base a)) (Z.sub N 1)) 1)
                                    (toZ (lo a))) hi)
                      (Z.add (Z.mul (Z.of_nat (dilation a)) (Z.sub (Z.of_nat (kernel a)) 1)) 1))
               (Z.of_nat (stride a))) 1.

Definition coarse_Z (N : Z) (E : nat) : Z := Z.opp (Z.div (Z.opp N) (Z.of_nat E)).

Record sized := Sized { its_axis : axis; its_samples : Z; its_high : Z }.

Definition window_of (w : sized) : window :=
  Window (its_axis w) (int_of (its_samples w)) (int_of (its_high w)).

Definition outputs_of (w : sized) : Z := outputs_Z (its_axis w) (its_samples w) (its_high w).

Lemma outputs_ofE (w : sized) : (0 < stride (its_axis w))%N ->
  outputs (window_of w) = int_of (outputs_of w).
Proof.
move=> s_gt0; apply/toZ_inj; rewrite toZ_int_of /outputs /out_size toZ_add toZ_div //=.
by rewrite /outputs_of /outputs_Z; push_Z; rewrite !toZ_int_of.
Qed.

Lemma coarseE (N : Z) (E : nat) : (0 < E)%N -> coarse (int_of N) E = int_of (coarse_Z N E).
Proof.
move=> E_gt0; apply/toZ_inj; rewrite toZ_int_of /coarse toZ_opp toZ_div //.
by rewrite toZ_opp toZ_int_of.
Qed.

Definition axis_eqb (a b : axis) : bool :=
  [&& kernel a == kernel b, stride a == stride b, dilation a == dilation b, base a == base b,
      lo a == lo b & reversed a == reversed b].

Lemma axis_eqbP a b : axis_eqb a b -> a = b.
Proof.
case: a b => ? ? ? ? ? ? [? ? ? ? ? ?] /and5P[/= /eqP-> /eqP-> /eqP-> /eqP->].
by case/andP=> /eqP-> /eqP->.
Qed.

(* One axis: the tie's table, its two axes, and the sizes before and after. *)
Definition axis_fits (w w' : sized) (a : tie) : bool :=
  [&& [&& tie_ok a, (0 < e_in a)%N & (0 < e_out a)%N],
      [&& axis_eqb (strided a) (its_axis w), axis_eqb (unstrided a) (its_axis w'),
          (0 < stride (its_axis w))%N & (0 < stride (its_axis w'))%N],
      Z.ltb 0 (its_samples w) && Z.ltb 0 (outputs_of w),
      Z.eqb (its_samples w') (coarse_Z (its_samples w) (e_in a))
    & Z.eqb (outputs_of w') (coarse_Z (outputs_of w) (e_out a))].

Lemma int_of_gt0 z : Z.ltb 0 z -> 0 < int_of z.
Proof. by move/Z.ltb_lt => z_gt0; apply/toZ_lt; rewrite toZ_int_of. Qed.

Lemma axis_fitsP (w w' : sized) (a : tie) :
  axis_fits w w' a -> sizes_fit (window_of w) (window_of w') a.
Proof.
case/and5P=> /and3P[_ Ein_gt0 Eout_gt0] /and4P[/axis_eqbP eq_a /axis_eqbP eq_a' s_gt0 t_gt0].
case/andP=> N_gt0 O_gt0 /Z.eqb_spec eq_N /Z.eqb_spec eq_O; split=> //.
- by split; [exact: int_of_gt0|rewrite outputs_ofE // int_of_gt0].
- by rewrite /= eq_N coarseE.
by rewrite !outputs_ofE // eq_O coarseE.
Qed.

Definition no_axis : sized := Sized (strided trivial_tie) 1 0.

Definition layer_of (G C M : nat) (ws : seq sized) : layer :=
  Layer G C M (fun n => window_of (nth no_axis ws n)).

Record numbers := Numbers { n_groups : nat; n_in : nat; n_out : nat; n_axes : seq sized }.
Coercion layer_of_numbers (l : numbers) : layer :=
  layer_of (n_groups l) (n_in l) (n_out l) (n_axes l).

Definition volume_of (Es : seq nat) : nat := foldr muln 1%N Es.

Definition expansion_ok (D : nat) (l l' : numbers) (ties : seq tie) : bool :=
  [&& [&& size (n_axes l) == D, size (n_axes l') == D & size ties == D],
      all (fun n => axis_fits (nth no_axis (n_axes l) n) (nth no_axis (n_axes l') n)
                         (nth trivial_tie ties n)) (iota 0 D)
    & channels_fit D l l' (Layer.ties ties)].

Lemma trivial_fits : axis_fits no_axis no_axis trivial_tie.
Proof. by vm_compute. Qed.

Theorem expansion_okP (D : nat) (l l' : numbers) (ties : seq tie) :
  expansion_ok D l l' ties -> expands D l l' (Layer.ties ties).
Proof.
case/and3P=> /and3P[/eqP Dl /eqP Dl' /eqP Df] /allP all_fit channels.
have fit n :
    axis_fits (nth no_axis (n_axes l) n) (nth no_axis (n_axes l') n) (nth trivial_tie ties n).
  case: (ltnP n D) => [n_lt|n_ge]; first by apply: all_fit; rewrite mem_iota.
  by rewrite !nth_default ?Dl ?Dl' ?Df // trivial_fits.
by split=> // n; [case/and5P: (fit n)|exact: axis_fitsP (fit n)].
Qed.

(* The outputs, printed. *)
Definition within (D : nat) (O : seq Z) (o : vec D) : bool :=
  in_box (fun n => int_of (nth Z0 O n)) o.

Definition same_sizes (O O' : seq Z) : bool :=
  (size O == size O') && all (fun n => Z.eqb (nth Z0 O n) (nth Z0 O' n)) (iota 0 (size O)).

Lemma same_sizesP (O O' : seq Z) : same_sizes O O' -> O = O'.
Proof.
case/andP=> /eqP eq_size /allP same; apply: (@eq_from_nth _ Z0) => // n n_lt.
by apply/Z.eqb_spec/same; rewrite mem_iota.
Qed.

Record expansion_numbers := Expanded {
  before : numbers; after : numbers; of_axes : seq tie;
  outputs_before : seq Z; outputs_after : seq Z }.

Definition checked (D : nat) (e : expansion_numbers) : bool :=
  [&& expansion_ok D (before e) (after e) (of_axes e),
      same_sizes (map outputs_of (n_axes (before e))) (outputs_before e)
    & same_sizes (map outputs_of (n_axes (after e))) (outputs_after e)].

Lemma expansion_ok_fits D l l' ties n : expansion_ok D l l' ties -> (n < D)%N ->
  axis_fits (nth no_axis (n_axes l) n) (nth no_axis (n_axes l') n) (nth trivial_tie ties n).
Proof. by case/and3P=> _ /allP all_fit _ n_lt; apply: all_fit; rewrite mem_iota. Qed.

Section Checked.

Variables (D : nat) (e : expansion_numbers) (ok : checked D e).

Let numbers_ok : expansion_ok D (before e) (after e) (of_axes e). Proof. by case/and3P: ok. Qed.

Lemma checked_expands : expands D (before e) (after e) (Layer.ties (of_axes e)).
Proof. exact: expansion_okP. Qed.

Lemma within_before (o : vec D) : within (outputs_before e) o -> in_box (outs (before e)) o.
Proof.
case/and3P: ok => /and3P[/and3P[/eqP Dl _ _] _ _] /same_sizesP <- _.
rewrite /within (eq_in_box o (N' := outs (before e))) // => n n_lt.
rewrite (nth_map no_axis) ?Dl //; case/and5P: (expansion_ok_fits numbers_ok n_lt) => _.
by case/and4P=> _ _ s_gt0 _ _ _ _; rewrite -outputs_ofE.
Qed.

Lemma within_after (i : vec D) : in_box (outs (after e)) i -> within (outputs_after e) i.
Proof.
case/and3P: ok => /and3P[/and3P[_ /eqP Dl _] _ _] _ /same_sizesP <-.
rewrite /within (eq_in_box i (N' := outs (after e))) // => n n_lt.
rewrite (nth_map no_axis) ?Dl //; case/and5P: (expansion_ok_fits numbers_ok n_lt) => _.
by case/and4P=> _ _ _ t_gt0 _ _ _; rewrite -outputs_ofE.
Qed.

End Checked.

(* Other sizes under the same pads. *)
Definition at_sizes (l : numbers) (N : nat -> int) : layer :=
  Layer (n_groups l) (n_in l) (n_out l)
    (fun n => let w := nth no_axis (n_axes l) n in Window (its_axis w) (N n) (int_of (its_high w))).

(* The expanded layer at these sizes. *)
Definition expanded_at (l l' : numbers) (ties : seq tie) (N : nat -> int) : layer :=
  Layer (n_groups l') (n_in l') (n_out l')
    (fun n => window_on_blocks (windows (at_sizes l N) n) (nth trivial_tie ties n)).

Theorem expands_at (D : nat) (l l' : numbers) (ties : seq tie) (N : nat -> int) :
  expansion_ok D l l' ties -> (forall n, 0 < N n) -> (forall n, 0 < outs (at_sizes l N) n) ->
  expands D (at_sizes l N) (expanded_at l l' ties N) (Layer.ties ties).
Proof.
move=> ok N_gt0 O_gt0; have [tie_f fit_f channels] := expansion_okP ok.
split=> // n; have [eq_a eq_a' _ _ _] := fit_f n; split=> //.
  by split; [exact: N_gt0 | exact: O_gt0].
rewrite /outputs /=.
have t_gt0 : (0 < new_stride (nth trivial_tie ties n))%N.
  case: (ltnP n D) => [n_lt|n_ge].
    case/and5P: (expansion_ok_fits ok n_lt) => _ /and4P[_ /axis_eqbP <- _ //].
  by case/and3P: ok => /and3P[_ _ /eqP <-] _ _ in n_ge *; rewrite nth_default.
exact: expanded_out_size.
Qed.
