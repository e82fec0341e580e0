(* Audit.v: what the theorems state, what they speak of, and what they rest on, as Coq prints it.

   Check t           the statement; statements.txt holds the text that it must be
   Print d           a definition that a statement speaks of, pinned in the same way
   theorems          all theorems in one term, so that their proofs are looked through once
   Print Assumptions "Closed under the global context", or the axioms that the theorems rest on
   `make pins` writes this file.  A lemma stays in it once it is here: to pin one more, add its
   Check and run that. *)

From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require All.

Set Printing Width 1000000.
Set Printing Depth 1000000.

Check Symconv.Index.euclid_unique.
Check Symconv.Index.out_size_fits.
Check Symconv.Index.kernel_too_large.
Check Symconv.Index.coarse_fits.
Check Symconv.Index.coarse_position.
Check Symconv.Index.expanded_out_size.
Check Symconv.Conv.conv1E.
Check Symconv.Conv.conv2E.
Check Symconv.Compute.computeE.
Check Symconv.Compute.compute_layerE.
Check Symconv.Compute.compute_poolE.
Check Symconv.Destride.destride_fold.
Check Symconv.Destride.destride.
Check Symconv.Destride.destride_grouped.
Check Symconv.Destride.destride_pool.
Check Symconv.Lattice.coset_unique.
Check Symconv.Lattice.shift_in.
Check Symconv.Lattice.lattice_squareP.
Check Symconv.Lattice.lattice_destride.
Check Symconv.Lattice.lattice_unstride.
Check Symconv.Lattice.cosets_exist.
Check Symconv.Lattice.quincunx_split.
Check Symconv.Lattice.quincunx_class.
Check Symconv.Lattice.quincunx_destride.
Check Symconv.Tie.axis_squareP.
Check Symconv.Tie.axis_table.
Check Symconv.Layer.layer_destride.
Check Symconv.Layer.layer_grouped.
Check Symconv.Layer.layer_pool.
Check Symconv.Layer.phases_in_box.
Check Symconv.Layer.every_position.
Check Symconv.Layer.layer_arrays.
Check Symconv.Relatives.noble_down.
Check Symconv.Relatives.noble_up.
Check Symconv.Relatives.strided_subsampled.
Check Symconv.Relatives.dilation_on_phases.
Check Symconv.Relatives.transposed_is_adjoint.
Check Symconv.Relatives.adjoint.
Check Symconv.Relatives.subpixel.
Check Symconv.Relatives.composition.
Check Symconv.Boundary.pad_folding.
Check Symconv.Boundary.boundary_gather.
Check Symconv.Boundary.slice_of_pad.
Check Symconv.Boundary.slice_of_concat.
Check Symconv.Boundary.slice_of_reverse.
Check Symconv.Boundary.same_symmetric.
Check Symconv.Boundary.ceil_is_pad.
Check Symconv.Channels.block_diagonal.
Check Symconv.Channels.average_depthwise.
Check Symconv.Channels.average_divisor.
Check Symconv.Channels.im2col.
Check Symconv.Channels.depthwise_separable.
Check Symconv.Channels.clamp_pool.
Check Symconv.Network.network_masked.
Check Symconv.Network.network_blocks.
Check Symconv.Network.divisible_no_tail.
Check Symconv.Network.sound_divisible.
Check Symconv.Network.sound_before_end.
Check Symconv.Network.first_ok.
Check Symconv.Network.second_ok.
Check Symconv.Network.tail_counterexample.
Check Symconv.Network.pointwise_on_phases.
Check Symconv.Network.concat_on_phases.
Check Symconv.Sharing.slots_of_parameter.
Check Symconv.Sharing.gradient_of_shared.
Check Symconv.Sharing.sharing_is_equivariance.
Check Symconv.Sharing.live_slots.
Check Symconv.Sharing.all_slots.
Check Symconv.Sharing.folding.
Check Symconv.Sharing.folding_unique.
Print Symconv.Index.out_size.
Print Symconv.Index.coarse.
Print Symconv.Conv.access.
Print Symconv.Conv.read.
Print Symconv.Conv.axis.
Print Symconv.Conv.position.
Print Symconv.Conv.undilate.
Print Symconv.Conv.axis_access.
Print Symconv.Conv.point_access.
Print Symconv.Conv.pair_access.
Print Symconv.Conv.vec.
Print Symconv.Conv.nd_access.
Print Symconv.Conv.fold.
Print Symconv.Conv.conv.
Print Symconv.Conv.grouped.
Print Symconv.Conv.pool.
Print Symconv.Conv.within.
Print Symconv.Compute.tap_list.
Print Symconv.Compute.loop.
Print Symconv.Compute.compute.
Print Symconv.Compute.compute_layer.
Print Symconv.Compute.compute_pool.
Print Symconv.Destride.phasing.
Print Symconv.Destride.phases.
Print Symconv.Destride.square.
Print Symconv.Destride.folded_weight.
Print Symconv.Destride.expanded.
Print Symconv.Destride.pair_phasing.
Print Symconv.Destride.point_phasing.
Print Symconv.Lattice.lattice_access.
Print Symconv.Lattice.cosets.
Print Symconv.Lattice.lattice_phasing.
Print Symconv.Lattice.landing.
Print Symconv.Lattice.shifts.
Print Symconv.Lattice.new_tap.
Print Symconv.Lattice.expanded_access.
Print Symconv.Lattice.lattice_lands.
Print Symconv.Lattice.lattice_square.
Print Symconv.Lattice.whole_cosets.
Print Symconv.Lattice.quincunx.
Print Symconv.Lattice.vec2.
Print Symconv.Lattice.c0.
Print Symconv.Lattice.c1.
Print Symconv.Lattice.parity.
Print Symconv.Lattice.half.
Print Symconv.Lattice.corner.
Print Symconv.Lattice.quincunx_cosets.
Print Symconv.Tie.row.
Print Symconv.Tie.tie.
Print Symconv.Tie.unstrided.
Print Symconv.Tie.stride_phasing.
Print Symconv.Tie.lands_at.
Print Symconv.Tie.live.
Print Symconv.Tie.row_ok.
Print Symconv.Tie.grid.
Print Symconv.Tie.tie_ok.
Print Symconv.Tie.axis_lands.
Print Symconv.Tie.axis_square.
Print Symconv.Tie.nd_phasing.
Print Symconv.Layer.in_tables.
Print Symconv.Layer.tied.
Print Symconv.Layer.touched.
Print Symconv.Layer.in_box.
Print Symconv.Layer.boxed.
Print Symconv.Relatives.down.
Print Symconv.Relatives.up.
Print Symconv.Relatives.transposed.
Print Symconv.Relatives.coefficient.
Print Symconv.Relatives.composed.
Print Symconv.Boundary.gathered_access.
Print Symconv.Boundary.front.
Print Symconv.Boundary.beside.
Print Symconv.Boundary.mirror.
Print Symconv.Boundary.every.
Print Symconv.Boundary.halved.
Print Symconv.Boundary.parity_of.
Print Symconv.Boundary.same_total.
Print Symconv.Boundary.same_pads.
Print Symconv.Network.stage.
Print Symconv.Network.net.
Print Symconv.Network.step.
Print Symconv.Network.coarse_step.
Print Symconv.Network.mask.
Print Symconv.Network.sound.
Print Symconv.Network.stage_tail_free.
Print Symconv.Network.run.
Print Symconv.Network.run_masked.
Print Symconv.Network.run_blocks.
Print Symconv.Network.tail_free.
Print Symconv.Network.last_kept.
Print Symconv.Network.inside.
Print Symconv.Network.first_tie.
Print Symconv.Network.second_tie.
Print Symconv.Network.conv_stage.
Print Symconv.Network.first_stage.
Print Symconv.Network.second_stage.
Print Symconv.Network.tail_net.
Print Symconv.Sharing.form.
Print Symconv.Sharing.operator.
Print Symconv.Sharing.holds.

Definition theorems :=
  let _ := @Symconv.Index.euclid_unique in
  let _ := @Symconv.Index.out_size_fits in
  let _ := @Symconv.Index.kernel_too_large in
  let _ := @Symconv.Index.coarse_fits in
  let _ := @Symconv.Index.coarse_position in
  let _ := @Symconv.Index.expanded_out_size in
  let _ := @Symconv.Conv.conv1E in
  let _ := @Symconv.Conv.conv2E in
  let _ := @Symconv.Compute.computeE in
  let _ := @Symconv.Compute.compute_layerE in
  let _ := @Symconv.Compute.compute_poolE in
  let _ := @Symconv.Destride.destride_fold in
  let _ := @Symconv.Destride.destride in
  let _ := @Symconv.Destride.destride_grouped in
  let _ := @Symconv.Destride.destride_pool in
  let _ := @Symconv.Lattice.coset_unique in
  let _ := @Symconv.Lattice.shift_in in
  let _ := @Symconv.Lattice.lattice_squareP in
  let _ := @Symconv.Lattice.lattice_destride in
  let _ := @Symconv.Lattice.lattice_unstride in
  let _ := @Symconv.Lattice.cosets_exist in
  let _ := @Symconv.Lattice.quincunx_split in
  let _ := @Symconv.Lattice.quincunx_class in
  let _ := @Symconv.Lattice.quincunx_destride in
  let _ := @Symconv.Tie.axis_squareP in
  let _ := @Symconv.Tie.axis_table in
  let _ := @Symconv.Layer.layer_destride in
  let _ := @Symconv.Layer.layer_grouped in
  let _ := @Symconv.Layer.layer_pool in
  let _ := @Symconv.Layer.phases_in_box in
  let _ := @Symconv.Layer.every_position in
  let _ := @Symconv.Layer.layer_arrays in
  let _ := @Symconv.Relatives.noble_down in
  let _ := @Symconv.Relatives.noble_up in
  let _ := @Symconv.Relatives.strided_subsampled in
  let _ := @Symconv.Relatives.dilation_on_phases in
  let _ := @Symconv.Relatives.transposed_is_adjoint in
  let _ := @Symconv.Relatives.adjoint in
  let _ := @Symconv.Relatives.subpixel in
  let _ := @Symconv.Relatives.composition in
  let _ := @Symconv.Boundary.pad_folding in
  let _ := @Symconv.Boundary.boundary_gather in
  let _ := @Symconv.Boundary.slice_of_pad in
  let _ := @Symconv.Boundary.slice_of_concat in
  let _ := @Symconv.Boundary.slice_of_reverse in
  let _ := @Symconv.Boundary.same_symmetric in
  let _ := @Symconv.Boundary.ceil_is_pad in
  let _ := @Symconv.Channels.block_diagonal in
  let _ := @Symconv.Channels.average_depthwise in
  let _ := @Symconv.Channels.average_divisor in
  let _ := @Symconv.Channels.im2col in
  let _ := @Symconv.Channels.depthwise_separable in
  let _ := @Symconv.Channels.clamp_pool in
  let _ := @Symconv.Network.network_masked in
  let _ := @Symconv.Network.network_blocks in
  let _ := @Symconv.Network.divisible_no_tail in
  let _ := @Symconv.Network.sound_divisible in
  let _ := @Symconv.Network.sound_before_end in
  let _ := @Symconv.Network.first_ok in
  let _ := @Symconv.Network.second_ok in
  let _ := @Symconv.Network.tail_counterexample in
  let _ := @Symconv.Network.pointwise_on_phases in
  let _ := @Symconv.Network.concat_on_phases in
  let _ := @Symconv.Sharing.slots_of_parameter in
  let _ := @Symconv.Sharing.gradient_of_shared in
  let _ := @Symconv.Sharing.sharing_is_equivariance in
  let _ := @Symconv.Sharing.live_slots in
  let _ := @Symconv.Sharing.all_slots in
  let _ := @Symconv.Sharing.folding in
  let _ := @Symconv.Sharing.folding_unique in
  tt.
Print Assumptions theorems.
