Theorem this_layer (F : fieldType) (x : nat -> vec ${rank} -> F) (m : nat) (o : vec ${rank}) :
  (m < ${groups} * ${out})%N -> within ${outputs} o ->
  within ${coarse_outputs} (block o)
  /\ average_layer the_layer ${counted} declared_high x m o
     = (conv_layer the_expansion
          (expanded_weight ${rank} the_layer axes ${order} (fun _ _ _ => 1)) (fun _ => 0)
          (phase_array the_layer axes ${order} 0 x) (slot m o) (block o)
        / (divisor ${counted} (windows the_layer) declared_high o)%:R)%R.
Proof. exact: (average_checked ${order} numbers_agree). Qed.

${pooled}Theorem every_size (N : nat -> int) :
  let before := at_sizes the_layer N in
  let after := expanded_at the_layer the_expansion [:: ${tie_names}] N in
  (forall n, 0 < sizes before n)%R -> (forall n, 0 < outs before n)%R ->
  forall (F : fieldType) (x : nat -> vec ${rank} -> F) (m : nat) (o : vec ${rank}),
  (m < ${groups} * ${out})%N -> in_box (outs before) o ->
  in_box (outs after) (block o)
  /\ average_layer before ${counted} declared_high x m o
     = (conv_layer after
          (expanded_weight ${rank} before axes ${order} (fun _ _ _ => 1)) (fun _ => 0)
          (phase_array before axes ${order} 0 x) (slot m o) (block o)
        / (divisor ${counted} (windows before) declared_high o)%:R)%R.
Proof.
by move=> before after N_gt0 O_gt0 F x m o;
  exact: (average_any_size ${order} numbers_agree ${counted} declared_high x N_gt0 O_gt0).
Qed.
