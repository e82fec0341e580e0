Theorem this_layer (disp : unit) (T : orderType disp) (x : nat -> vec ${rank} -> option T)
    (m : nat) (o : vec ${rank}) :
  (m < ${groups} * ${out})%N -> within ${outputs} o ->
  within ${coarse_outputs} (block o)
  /\ max_layer the_layer x m o
     = max_conv_layer the_expansion (@maxo_comoid _ T)
         (reached ${rank} the_layer axes ${order})
         (phase_array the_layer axes ${order} None x) (slot m o) (block o).
Proof. exact: (maximum_checked ${order} numbers_agree). Qed.

${pooled}Theorem every_size (N : nat -> int) :
  let before := at_sizes the_layer N in
  let after := expanded_at the_layer the_expansion [:: ${tie_names}] N in
  (forall n, 0 < sizes before n)%R -> (forall n, 0 < outs before n)%R ->
  forall (T : Type) (idx : T) (op : Monoid.com_law idx) (x : nat -> vec ${rank} -> T) (m : nat)
    (o : vec ${rank}),
  idempotent op -> (m < ${groups} * ${out})%N -> in_box (outs before) o ->
  in_box (outs after) (block o)
  /\ pool_layer before op x m o
     = max_conv_layer after op (reached ${rank} before axes ${order})
         (phase_array before axes ${order} idx x) (slot m o) (block o).
Proof.
by move=> before after N_gt0 O_gt0 T idx op x m o;
  exact: (pool_any_size ${order} numbers_agree N_gt0 O_gt0).
Qed.
