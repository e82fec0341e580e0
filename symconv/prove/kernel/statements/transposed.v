Lemma convolution_agrees : transposed_ok ${rank} both the_layer.
Proof. by vm_compute. Qed.

Theorem this_layer (R : ringType) (w : nat -> nat -> seq nat -> R) (b : nat -> R)
    (x : nat -> vec ${rank} -> R) (m : nat) (o : vec ${rank}) :
  (m < ${groups} * ${out})%N -> within ${outputs} o ->
  within ${coarse_outputs} (block o)
  /\ transposed_layer the_layer w b x m o
     = conv_layer the_expansion
         (expanded_weight ${rank} ${strided} axes ${order} (turned the_layer w))
         (expanded_bias ${rank} ${strided} axes ${order} b)
         (phase_array ${strided} axes ${order} 0%R x) (slot m o) (block o).
Proof. exact: (transposed_checked ${order} numbers_agree w b x convolution_agrees). Qed.

Theorem every_size (N : nat -> int) :
  let own := at_sizes the_layer N in
  let before := at_sizes ${strided} N in
  let after := expanded_at ${strided} the_expansion [:: ${tie_names}] N in
  (forall n, 0 < sizes before n)%R -> (forall n, 0 < outs before n)%R ->
  forall (R : ringType) (w : nat -> nat -> seq nat -> R) (b : nat -> R)
    (x : nat -> vec ${rank} -> R) (m : nat) (o : vec ${rank}),
  (m < ${groups} * ${out})%N -> in_box (outs before) o ->
  in_box (outs after) (block o)
  /\ transposed_layer own w b x m o
     = conv_layer after
         (expanded_weight ${rank} before axes ${order} (turned own w))
         (expanded_bias ${rank} before axes ${order} b)
         (phase_array before axes ${order} 0%R x) (slot m o) (block o).
Proof.
by move=> own before after N_gt0 O_gt0 R w b x m o;
  exact: (transposed_any_size ${order} numbers_agree w b x convolution_agrees N_gt0 O_gt0).
Qed.
