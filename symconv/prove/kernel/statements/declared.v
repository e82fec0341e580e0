Lemma highs_agree : declared_ok ${rank} both ${rounded} declared.
Proof. by vm_compute. Qed.

Theorem high_pads (n : nat) : (n < ${rank})%N ->
  let a := on (windows the_layer n) in let h := declared_high n in
  high (windows the_layer n) = ${high}.
Proof. exact: (declared_checked highs_agree). Qed.

