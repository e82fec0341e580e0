(* Transposed.v: what a transposed convolution means, in D axes, with channels and groups.

   transposed_layer l w b x m o   b m + the sum of w[c, m within its group, k] * x[c, i] over the
                  input channels c of m's group, the positions i of the input and the taps k that
                  take i to o: s*i + d*k - p = o on every axis.  The weight has PyTorch's layout.
                  The axes of l are those of the forward layer (kernel, stride, dilation, lo = p);
                  samples are of the transposed layer's own input, and high is the forward high pad
                  less output_padding
   as_conv l      the convolution of base dilation s, stride 1 and reversed kernel
   transposed_is_conv   transposed_layer l is conv_layer of as_conv l; tap indices stay as they are,
                  since the reversal is in the axis
   transposed_outputs   its number of outputs, s(N - 1) + d(K - 1) + 1 - lo - high
   back l         the transposed layer of a convolution: input and output change places, and what
                  the stride has left over is output_padding
   back_outputs   its outputs are the samples of l
   adjoint        <conv_layer l w x, y> = <x, transposed_layer (back l) w y> over the boxes of x and
                  y and all channels: the weight is the same array, read in the other layout
   Edges: every position o is covered, also where nothing lands; a negative p moves outputs on. *)

From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require Import Arith Index Conv Destride Tie Layer Compute Array Taps Relatives.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory Num.Theory Order.Theory.
Local Open Scope ring_scope.

Definition transposed_layer (D : nat) (l : layer) (R : ringType) (w : weights R) (b : nat -> R)
    (x : signal D R) (m : nat) (o : vec D) : R :=
  b m + \sum_(c < group_in l) \sum_(i <- box_of D (sizes l))
    \sum_(ks <- tap_box D (kernels (axes l)) | lands (axes l) i ks o)
      w (source l m c) (m %% group_out l)%N ks * x (source l m c) i.

Definition as_conv (l : layer) : layer :=
  Layer (groups l) (group_in l) (group_out l) (fun n =>
    let a := on (windows l n) in
    Window (transposed a) (samples (windows l n))
      ((dilation a)%:Z * ((kernel a)%:Z - 1) - high (windows l n))).

Lemma transposed_outputs (l : layer) (n : nat) :
  outs (as_conv l) n
  = let a := on (windows l n) in
    (stride a)%:Z * (sizes l n - 1) + (dilation a)%:Z * ((kernel a)%:Z - 1) + 1
    - lo a - high (windows l n).
Proof. by rewrite /outs /outputs /out_size /sizes /= divz1; int_lia. Qed.

(* On one axis: position i lands on o iff o of the convolution reads i. *)
Lemma lands_transposed (a : axis) (i o : int) (k : nat) : (0 < stride a)%N ->
  (position a i k == o)
  = (undilate (stride a) (position (transposed a) o k) == Some i).
Proof.
move=> s_gt0; rewrite undilate_eq // /position /=.
by case: (reversed a) => /=; apply/eqP/eqP => eq_o; int_lia.
Qed.

Lemma scatter_box (R : ringType) (D : nat) (f : nat -> axis) (N : nat -> int) (F : vec D -> R)
    (o : vec D) (ks : seq nat) :
  (forall n, (n < D)%N -> 0 < stride (f n))%N ->
  \sum_(i <- box_of D N | lands f i ks o) F i
  = read_or 0 (fun p => if in_box N p then F p else 0) (reads_at (fun n => transposed (f n)) o ks).
Proof.
rewrite big_mkcond; elim: D f N F o ks => [|D IH] f N F o ks s_gt0 /=.
  by rewrite /box_of /= big_seq1.
rewrite sum_box /=; set u := undilate _ _.
pose G q := read_or 0 (fun p => if in_box (fun n => N n.+1) p then F (q, p) else 0)
  (reads_at (fun n => transposed (f n.+1)) o.2 (behead ks)).
rewrite (eq_bigr (fun i => if u == Some (i : nat)%:Z then G i%:Z else 0)); last first.
  move=> i _; rewrite lands_transposed ?s_gt0 // -/u; case: (u == _); last exact: big1.
  by rewrite /G -IH // => n n_lt; apply: s_gt0.
case: u => [v|] /=; last by apply: big1.
rewrite (eq_bigr (fun i => if v == (i : nat)%:Z then G i%:Z else 0)) // sum_at /G.
case: (reads_at _ _ _) => [p|] /=; last by case: ifP.
by case: (0 <= v < N 0%N).
Qed.

Theorem transposed_is_conv (D : nat) (l : layer) (R : ringType) (w : weights R) (b : nat -> R)
    (x : signal D R) (m : nat) (o : vec D) :
  (forall n, (n < D)%N -> 0 < stride (on (windows l n)))%N ->
  transposed_layer l w b x m o
  = conv_layer (as_conv l) (fun m c => w (source l m c) (m %% group_out l)%N) b x m o.
Proof.
move=> s_gt0; rewrite conv_layerE; congr (_ + _); apply: eq_bigr => c _.
under eq_bigr => i _ do rewrite big_mkcond.
rewrite exchange_big /=; apply: eq_bigr => ks _; rewrite -/(source l m c).
pose W := w (source l m c) (m %% group_out l)%N ks.
have := scatter_box (sizes l) (fun i => W * x (source l m c) i) o ks s_gt0.
rewrite big_mkcond => ->; case: (reads_at _ _ _) => [p|] /=; last by rewrite mulr0.
by case: ifP; rewrite // mulr0.
Qed.

(* Channels by their groups. *)
Lemma big_channels (R : ringType) (G n : nat) (F : nat -> R) :
  \sum_(m < G * n) F m = \sum_(g < G) \sum_(j < n) F (g * n + j)%N.
Proof.
rewrite -(big_mkord xpredT F) big_nat_mul big_mkord; apply: eq_bigr => g _.
rewrite mulSn addnC -{1}[(g * n)%N]add0n big_addn addKn big_mkord.
by apply: eq_bigr => j _; rewrite addnC.
Qed.

(* What the stride leaves over of the padded input: PyTorch's output_padding gives it back. *)
Definition left_over (w : window) : int :=
  let a := on w in
  ((samples w + lo a + high w - ((dilation a)%:Z * ((kernel a)%:Z - 1) + 1)) %% (stride a)%:Z)%Z.

Definition back (l : layer) : layer :=
  Layer (groups l) (group_out l) (group_in l) (fun n =>
    let w := windows l n in Window (on w) (outs l n) (high w - left_over w)).

Lemma back_outputs (l : layer) (n : nat) : base (on (windows l n)) = 1%N ->
  outs (as_conv (back l)) n = sizes l n.
Proof.
move=> u1; rewrite transposed_outputs /sizes /= /left_over; set w := windows l n in u1 *.
set v := samples w + _ + _ - _; have -> : outs l n - 1 = (v %/ (stride (on w))%:Z)%Z.
  by rewrite /outs /outputs /out_size -/w u1 addrK /v; congr (_ %/ _)%Z; int_lia.
have := euclid_eq v (stride (on w)); set r := (v %% _)%Z; set q := (v %/ _)%Z; rewrite {1}/v.
by move=> eq_v; int_lia.
Qed.

Lemma source_group (l : layer) (g j c : nat) : (j < group_out l)%N ->
  source l (g * group_out l + j) c = (g * group_in l + c)%N.
Proof.
move=> j_lt; have n_gt0 : (0 < group_out l)%N by case: (group_out l) j_lt.
by rewrite /source divnMDl // divn_small // addn0.
Qed.

Section Adjoint.

Variables (D : nat) (l : layer) (R : comRingType) (w : weights R) (x y : signal D R).
Hypothesis no_base : forall n, (n < D)%N -> base (on (windows l n)) = 1%N.

Let go := group_out l.
Let gi := group_in l.

(* Output o of channel j and input i of channel c, both in group g, through the taps ks. *)
Let meeting (g j c : nat) (o i : vec D) (ks : seq nat) : R :=
  if lands (axes l) o ks i then
    w (g * go + j)%N c ks * x (g * gi + c)%N i * y (g * go + j)%N o else 0.

Lemma forward_meetings (g j : nat) (o : vec D) : (j < go)%N ->
  conv_layer l w (fun _ => 0) x (g * go + j) o * y (g * go + j)%N o
  = \sum_(c < gi) \sum_(i <- box_of D (sizes l)) \sum_(ks <- tap_box D (kernels (axes l)))
      meeting g j c o i ks.
Proof.
move=> j_lt; rewrite conv_layerE add0r mulr_suml; apply: eq_bigr => c _.
rewrite exchange_big mulr_suml /=; apply: eq_bigr => ks _.
rewrite read_box // mulr_sumr mulr_suml; apply: eq_bigr => i _.
by rewrite /meeting source_group //; case: ifP; rewrite // mulr0 mul0r.
Qed.

Lemma backward_meetings (g c : nat) (i : vec D) : (c < gi)%N ->
  x (g * gi + c)%N i * transposed_layer (back l) w (fun _ => 0) y (g * gi + c) i
  = \sum_(j < go) \sum_(o <- box_of D (outs l)) \sum_(ks <- tap_box D (kernels (axes l)))
      meeting g j c o i ks.
Proof.
move=> c_lt; rewrite /transposed_layer add0r mulr_sumr; apply: eq_bigr => j _.
rewrite mulr_sumr; apply: eq_bigr => o _; rewrite mulr_sumr big_mkcond /=; apply: eq_bigr => ks _.
rewrite /meeting; case: ifP => // _.
rewrite (source_group (l := back l)) //= modnMDl modn_small //.
by rewrite mulrA (mulrC (x _ _)).
Qed.

Theorem adjoint :
  \sum_(m < groups l * group_out l) \sum_(o <- box_of D (outs l))
    conv_layer l w (fun _ => 0) x m o * y m o
  = \sum_(c < groups l * group_in l) \sum_(i <- box_of D (sizes l))
      x c i * transposed_layer (back l) w (fun _ => 0) y c i.
Proof.
rewrite (big_channels _ _ (fun m => \sum_(o <- box_of D (outs l)) _ m o * y m o)).
rewrite (big_channels _ _ (fun c => \sum_(i <- box_of D (sizes l)) x c i * _ c i)).
apply: eq_bigr => g _.
under eq_bigr => j _ do under eq_bigr => o _ do rewrite forward_meetings //.
under [RHS]eq_bigr => c _ do under eq_bigr => i _ do rewrite backward_meetings //.
under eq_bigr => j _ do rewrite exchange_big /=.
rewrite exchange_big /=; apply: eq_bigr => c _.
under [RHS]eq_bigr => i _ do rewrite exchange_big /=.
under [LHS]eq_bigr => j _ do rewrite exchange_big /=.
rewrite [LHS]exchange_big /=; apply: eq_bigr => i _.
by rewrite [RHS]exchange_big.
Qed.

End Adjoint.

(* Two groups of one input and one output channel, kernel 3, stride 2, p = 1; inputs (1, 2) and
   (3, 4), weights (1, 10, 100) and (1, 0, 0). *)
Example two_groups :
  let l := Layer 2 1 1 (fun _ => Window (Axis 3 2 1 1 1 false) 2 1) in
  let w c (_ : nat) ks : int :=
    nth 0 (nth [::] [:: [:: 1; 10; 100]; [:: 1; 0; 0]] c) (head 0%N ks) in
  let x c (v : vec 1) : int := array_of_list 0 [:: 2%N] (nth [::] [:: [:: 1; 2]; [:: 3; 4]] c) v in
  [seq [seq transposed_layer (D := 1) l w (fun _ => 0) x m (o%:Z, tt) | o <- iota 0 3]
  | m <- iota 0 2] = [:: [:: 10; 102; 20]; [:: 0; 4; 0]].
Proof. by rewrite /transposed_layer /= !big_ord1 unlock; vm_compute. Qed.
