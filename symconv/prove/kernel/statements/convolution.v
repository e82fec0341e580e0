Theorem this_layer (R : ringType) (w : nat -> nat -> seq nat -> R) (b : nat -> R)
    (x : nat -> vec ${rank} -> R) (m : nat) (o : vec ${rank}) :
  (m < ${groups} * ${out})%N -> within ${outputs} o ->
  within ${coarse_outputs} (block o)
  /\ conv_layer the_layer w b x m o
     = conv_layer the_expansion
         (expanded_weight ${rank} the_layer axes ${order} w)
         (expanded_bias ${rank} the_layer axes ${order} b)
         (phase_array the_layer axes ${order} 0%R x) (slot m o) (block o).
Proof. exact: (conv_checked ${order} numbers_agree). Qed.

Theorem every_size (N : nat -> int) :
  let before := at_sizes the_layer N in
  let after := expanded_at the_layer the_expansion [:: ${tie_names}] N in
  (forall n, 0 < sizes before n)%R -> (forall n, 0 < outs before n)%R ->
  forall (R : ringType) (w : nat -> nat -> seq nat -> R) (b : nat -> R)
    (x : nat -> vec ${rank} -> R) (m : nat) (o : vec ${rank}),
  (m < ${groups} * ${out})%N -> in_box (outs before) o ->
  in_box (outs after) (block o)
  /\ conv_layer before w b x m o
     = conv_layer after
         (expanded_weight ${rank} before axes ${order} w)
         (expanded_bias ${rank} before axes ${order} b)
         (phase_array before axes ${order} 0%R x) (slot m o) (block o).
Proof.
by move=> before after N_gt0 O_gt0 R w b x m o;
  exact: (conv_any_size ${order} numbers_agree N_gt0 O_gt0).
Qed.
