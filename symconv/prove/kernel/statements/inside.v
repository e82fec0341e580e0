Lemma pads_fit : all_filled ${rank} the_layer modes.
Proof. by vm_compute. Qed.

Theorem reads_inside (j : vec ${rank}) :
  in_box (fun n => padded_size (windows the_layer n)) j ->
  exists2 p, gather (windows the_layer) modes j = Some p & in_box (sizes the_layer) p.
Proof. exact: (reads_a_sample pads_fit). Qed.

