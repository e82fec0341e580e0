Lemma gather_agrees : mode_ok ${rank} both the_layer.
Proof. by vm_compute. Qed.

Definition modes (_ : nat) : mode := ${mode}.

Theorem this_layer (R : ringType) (fill : R) (w : nat -> nat -> seq nat -> R) (b : nat -> R)
    (x : nat -> vec ${rank} -> R) (m : nat) (o : vec ${rank}) :
  (m < ${groups} * ${out})%N -> within ${outputs} o ->
  within ${coarse_outputs} (block o)
  /\ conv_mode_layer the_layer modes fill w b x m o
     = conv_layer the_expansion
         (expanded_weight ${rank} ${strided} axes ${order} w)
         (expanded_bias ${rank} ${strided} axes ${order} b)
         (phase_array ${strided} axes ${order} 0%R (padded fill (windows the_layer) modes x))
         (slot m o) (block o).
Proof. exact: (mode_checked ${order} numbers_agree modes fill w b x gather_agrees). Qed.

${inside}Theorem every_size (N : nat -> int) :
  let own := at_sizes the_layer N in
  let before := at_sizes ${strided} (behind_pads the_layer N) in
  let after := expanded_at ${strided} the_expansion [:: ${tie_names}] (behind_pads the_layer N) in
  (forall n, 0 < sizes before n)%R -> (forall n, 0 < outs before n)%R ->
  forall (R : ringType) (fill : R) (w : nat -> nat -> seq nat -> R) (b : nat -> R)
    (x : nat -> vec ${rank} -> R) (m : nat) (o : vec ${rank}),
  (m < ${groups} * ${out})%N -> in_box (outs before) o ->
  in_box (outs after) (block o)
  /\ conv_mode_layer own modes fill w b x m o
     = conv_layer after
         (expanded_weight ${rank} before axes ${order} w)
         (expanded_bias ${rank} before axes ${order} b)
         (phase_array before axes ${order} 0%R (padded fill (windows own) modes x))
         (slot m o) (block o).
Proof.
by move=> own before after N_gt0 O_gt0 R fill w b x m o;
  exact: (mode_any_size ${order} numbers_agree modes fill w b x gather_agrees N_gt0 O_gt0).
Qed.
