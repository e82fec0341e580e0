Lemma rounded_up : ceil_ok ${rank} both declared.
Proof. by vm_compute. Qed.

Theorem ceil_mode (n : nat) : (n < ${rank})%N ->
  let a := on (windows the_layer n) in
  ceil_outputs (sizes the_layer n) (kernel a) (stride a) (dilation a) (lo a) (declared_high n)
  = int_of (nth Z0 ${outputs} n).
Proof. by move=> n_lt; exact: (ceil_checked rounded_up). Qed.

