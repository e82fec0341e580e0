(* ConvNet.v: a network of strided convolutions is a network of convolutions of stride 1.

   convolution R  a layer with its weight, and a function act of each output channel
   as_stage c     as a stage of Network.v
   phase_conv D c E   the convolution of stride 1 that writes E phases, with the expanded weight;
                  phase_convs D cs: those of a network, as Paper.v has them
   through_products cs X   the convolutions on phases, each fed the product of its input and an
                  array of zeros and ones, the mask of its tails
   strided_convolutions   the network equals the one on phases with these products
   plain_convolutions     and the one without, where no tail is read after the first layer;
                  plain_convolutions_dividing, plain_convolutions_inside: so it is where factors
                  divide the samples, or no output reads beyond its layer's samples
   two_layers     two convolutions of stride 2 on a signal of 8 samples
   Edges: as in Paper.v. *)

From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require Import Arith Index Conv Destride Tie Layer Compute Array Phases Expansion.
From Symconv Require Import Exists Tails Network Paper.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory Num.Theory Order.Theory.
Local Open Scope ring_scope.

(* Networks of convolutions. *)
Section Convolutions.

Variables (D : nat) (R : ringType).

Record convolution := Convolution {
  conv_shape : layer; conv_weight : nat -> nat -> seq nat -> R; conv_act : nat -> R -> R }.

Definition as_stage (c : convolution) : stage R :=
  conv_stage (conv_shape c) (conv_weight c) (conv_act c).

Definition phase_conv (c : convolution) (E : nat -> nat) : convolution :=
  let f := phase_ties (conv_shape c) E in
  Convolution (phase_layer D (conv_shape c) E)
    (expanded_weight D (conv_shape c) f by_channel (conv_weight c))
    (fun m => conv_act c (channel_of by_channel (group_out (conv_shape c)) (many_out D f) m)).

Notation factors cs := (factor (map as_stage cs)).

Fixpoint phase_convs (cs : seq convolution) : seq convolution :=
  if cs is c :: cs' then phase_conv c (factors cs') :: phase_convs cs' else [::].

(* The convolutions on phases, each fed the product of its input and zeros and ones. *)
Fixpoint through_products (cs : seq convolution) (X : nat -> vec D -> R) : nat -> vec D -> R :=
  if cs is c :: cs' then
    let zero_one := phase_mask (as_stage c) (factors cs') in
    through_products cs'
      (apply (as_stage (phase_conv c (factors cs'))) (fun m i => X m i * (zero_one m i)%:R))
  else X.

Lemma eq_apply (V : Type) (s : stage V) dom (x y : nat -> vec D -> V) m o :
  (forall c p, x c p = y c p) -> apply_on s dom x m o = apply_on s dom y m o.
Proof.
by move=> eq_x; congr (act _ _ _); apply: layer_fold_in => c q p _; rewrite eq_x.
Qed.

Lemma eq_through (V : Type) (ss : seq (stage V)) (x y : nat -> vec D -> V) m o :
  (forall c p, x c p = y c p) -> through ss x m o = through ss y m o.
Proof.
by elim: ss x y => [|s ss IH] x y eq_x //=; apply: IH => c p; exact: eq_apply.
Qed.

Lemma eq_products cs (x y : nat -> vec D -> R) m o :
  (forall c p, x c p = y c p) -> through_products cs x m o = through_products cs y m o.
Proof.
elim: cs x y => [|s cs IH] x y eq_x //=; apply: IH => c p; apply: eq_apply => c' p'.
by rewrite eq_x.
Qed.

(* Their layers are those of the stages on phases: all strides are 1 (stride_gone). *)
Lemma phase_convs_shapes cs :
  map conv_shape (phase_convs cs) = map (@shape R) (phase_stages D (map as_stage cs)).
Proof. by elim: cs => //= c cs ->. Qed.

Lemma phase_stage_conv c E (X : nat -> vec D -> R) m o :
  apply (phase_stage D (as_stage c) E) X m o = apply (as_stage (phase_conv c E)) X m o.
Proof.
congr (act _ _); apply: layer_fold_in => c0 q p _.
by case: ifP => // _; rewrite /= /expanded_term /expanded_weight mulr_suml.
Qed.

Lemma phase_stages_convs cs (X : nat -> vec D -> R) m o :
  through (phase_stages D (map as_stage cs)) X m o
  = through (map as_stage (phase_convs cs)) X m o.
Proof.
elim: cs X => [|c cs IH] X //=; rewrite -IH; apply: eq_through => c0 p.
exact: phase_stage_conv.
Qed.

Lemma masked_products cs (X : nat -> vec D -> R) m o : network (map as_stage cs) ->
  through_masked (map as_stage cs) X m o = through_products cs X m o.
Proof.
elim: cs X => [|c cs IH] X ok //=; rewrite (IH _ (tail_network_ok ok)).
apply: eq_products => c0 p; rewrite -phase_stage_conv.
exact: (mask_is_product (link_fits (head_link D ok))).
Qed.

Lemma last_conv c cs : last (as_stage c) (map as_stage cs) = as_stage (last c cs).
Proof. exact: last_map. Qed.

Notation channels_of c := (groups (conv_shape c) * group_out (conv_shape c))%N.

(* A network of convolutions is one of convolutions with stride 1 and expanded weights, with
   products of zeros and ones between them. *)
Theorem strided_convolutions c cs (x X : nat -> vec D -> R) m o :
  network (map as_stage (c :: cs)) -> first_holds (as_stage c) (map as_stage cs) x X ->
  (m < channels_of (last c cs))%N ->
  through (map as_stage (c :: cs)) x m o = through_products (c :: cs) X m o.
Proof.
move=> ok X_phases m_lt; rewrite -masked_products //.
by apply: take_it_in_your_stride => //; rewrite last_conv.
Qed.

(* And without the products where no tail is read after the first layer: then it is simply another
   network of convolutions, fed the phases of the input with zeros behind the end. *)
Theorem plain_convolutions c cs (x : nat -> vec D -> R) m o :
  network (map as_stage (c :: cs)) -> tails_unread D (map as_stage cs) ->
  (m < channels_of (last c cs))%N -> in_box (outs (conv_shape (last c cs))) o ->
  through (map as_stage (c :: cs)) x m o
  = through (map as_stage (phase_convs (c :: cs)))
      (first_phases (as_stage c) (map as_stage cs) 0 x) m o.
Proof.
move=> ok unread m_lt o_in; rewrite -phase_stages_convs.
apply: no_masks_filled => //; rewrite ?last_conv // => m0 c0 q.
exact: mulr0.
Qed.

Corollary plain_convolutions_dividing c cs (x : nat -> vec D -> R) m o :
  network (map as_stage (c :: cs)) -> divisible D (map as_stage cs) ->
  (m < channels_of (last c cs))%N -> in_box (outs (conv_shape (last c cs))) o ->
  through (map as_stage (c :: cs)) x m o
  = through (map as_stage (phase_convs (c :: cs)))
      (first_phases (as_stage c) (map as_stage cs) 0 x) m o.
Proof.
move=> ok E_N; apply: plain_convolutions => //.
exact: divisible_unread (tail_network_ok ok) E_N.
Qed.

Corollary plain_convolutions_inside c cs (x : nat -> vec D -> R) m o :
  network (map as_stage (c :: cs)) -> inside_only D (map as_stage cs) ->
  (m < channels_of (last c cs))%N -> in_box (outs (conv_shape (last c cs))) o ->
  through (map as_stage (c :: cs)) x m o
  = through (map as_stage (phase_convs (c :: cs)))
      (first_phases (as_stage c) (map as_stage cs) 0 x) m o.
Proof.
move=> ok ends; apply: plain_convolutions => //.
exact: inside_unread (tail_network_ok ok) ends.
Qed.

End Convolutions.

(* Two convolutions of stride 2 on 8 samples: 4 phases come in, 2 go between, and 1 comes out. *)
Section TwoLayers.

Let axis3 := Axis 3 2 1 1 1 false.
Let first_layer := Layer 1 1 2 (fun _ => Window axis3 8 1).
Let second_layer := Layer 1 2 1 (fun _ => Window axis3 4 1).

Variables w w' : nat -> nat -> seq nat -> int.
Let relu (_ : nat) (v : int) : int := Num.max v 0.
Let two : seq (convolution [ringType of int]) :=
  [:: Convolution first_layer w relu; Convolution second_layer w' relu].

Lemma two_network : network (map (@as_stage _) two).
Proof. by []. Qed.

Lemma two_factors : factor (map (@as_stage _) two) 0 = 4%N. Proof. by []. Qed.

Example two_layers (x : nat -> vec 1 -> int) (o : vec 1) : in_box (fun=> 2) o ->
  through (map (@as_stage _) two) x 0 o
  = through (map (@as_stage _) (phase_convs 1 two))
      (first_phases (as_stage (Convolution first_layer w relu))
        (map (@as_stage _) [:: Convolution second_layer w' relu]) 0 x) 0 o.
Proof. by move=> o_in; apply: plain_convolutions_dividing. Qed.

(* Its layers on phases have stride 1 and read 2 blocks. *)
Lemma two_strides n : [seq (stride (on (windows (conv_shape c) n)),
    kernel (on (windows (conv_shape c) n))) | c <- phase_convs 1 two] = [:: (1, 2); (1, 2)]%N.
Proof. by []. Qed.

End TwoLayers.
