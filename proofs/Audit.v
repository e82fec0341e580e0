(* Audit.v: what the theorems rest on.  For each, Coq prints the axioms used; there are none.

   Print Assumptions t   "Closed under the global context", or the axioms that t was proved from *)

From Symconv Require Import Arith Index Conv Destride Tie Layer Lattice Network Sharing.
From Symconv Require Import Relatives Boundary Channels Compute.

(* Integers. *)
Print Assumptions euclid_unique.
Print Assumptions out_size_fits.
Print Assumptions kernel_too_large.
Print Assumptions coarse_fits.
Print Assumptions coarse_position.
Print Assumptions expanded_out_size.

(* What a layer means, in plain sums. *)
Print Assumptions conv1E.
Print Assumptions conv2E.
Print Assumptions computeE.
Print Assumptions compute_layerE.
Print Assumptions compute_poolE.

(* One layer. *)
Print Assumptions destride_fold.
Print Assumptions destride.
Print Assumptions destride_grouped.
Print Assumptions destride_pool.
Print Assumptions axis_table.
Print Assumptions layer_destride.
Print Assumptions layer_grouped.
Print Assumptions layer_pool.
Print Assumptions layer_arrays.
Print Assumptions phases_in_box.
Print Assumptions every_position.

(* Strides that are matrices. *)
Print Assumptions lattice_destride.
Print Assumptions lattice_unstride.
Print Assumptions coset_unique.
Print Assumptions cosets_exist.
Print Assumptions quincunx_destride.

(* Networks. *)
Print Assumptions network_masked.
Print Assumptions network_blocks.
Print Assumptions divisible_no_tail.
Print Assumptions sound_divisible.
Print Assumptions sound_before_end.
Print Assumptions tail_counterexample.
Print Assumptions pointwise_on_phases.
Print Assumptions concat_on_phases.

(* Sharing. *)
Print Assumptions slots_of_parameter.
Print Assumptions gradient_of_shared.
Print Assumptions sharing_is_equivariance.
Print Assumptions live_slots.
Print Assumptions all_slots.
Print Assumptions folding.
Print Assumptions folding_unique.

(* Relatives. *)
Print Assumptions noble_down.
Print Assumptions noble_up.
Print Assumptions strided_subsampled.
Print Assumptions dilation_on_phases.
Print Assumptions transposed_is_adjoint.
Print Assumptions adjoint.
Print Assumptions subpixel.
Print Assumptions composition.

(* Boundaries. *)
Print Assumptions pad_folding.
Print Assumptions boundary_gather.
Print Assumptions slice_of_pad.
Print Assumptions slice_of_concat.
Print Assumptions slice_of_reverse.
Print Assumptions same_symmetric.
Print Assumptions ceil_is_pad.

(* Channels. *)
Print Assumptions block_diagonal.
Print Assumptions average_depthwise.
Print Assumptions average_divisor.
Print Assumptions im2col.
Print Assumptions depthwise_separable.
Print Assumptions clamp_pool.
