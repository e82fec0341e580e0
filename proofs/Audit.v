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
Check Symconv.LatticeLayer.lattice_checked.
Check Symconv.Compute.computeE.
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
Check Symconv.Tie.e_out_gt0.
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
Check Symconv.Relatives.common_divisor.
Check Symconv.Relatives.strided_one_by_one.
Check Symconv.Relatives.stride_behind.
Check Symconv.Relatives.polyphase.
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
Check Symconv.Channels.one_by_one.
Check Symconv.Channels.mixing_on_phases.
Check Symconv.Channels.im2col.
Check Symconv.Channels.depthwise_separable.
Check Symconv.Channels.flattened.
Check Symconv.Exists.make_tie_kernel.
Check Symconv.Exists.make_tie_tight.
Check Symconv.Exists.make_tie_ok.
Check Symconv.Exists.tie_unique.
Check Symconv.Exists.every_layer_destride.
Check Symconv.Exists.every_layer_unstride.
Check Symconv.Sharing.slots_of_live.
Check Symconv.Sharing.slots_of_parameter.
Check Symconv.Sharing.all_slots.
Check Symconv.Sharing.live_slots.
Check Symconv.Sharing.cost.
Check Symconv.Sharing.folding.
Check Symconv.Sharing.folding_unique.
Check Symconv.Gradient.partial_is_derivative.
Check Symconv.Gradient.slope_of_shared.
Check Symconv.Gradient.gradient_of_shared.
Check Symconv.Equivariance.remainder_lt.
Check Symconv.Equivariance.coefficient_slot.
Check Symconv.Equivariance.coefficient_zero.
Check Symconv.Equivariance.sharing_is_equivariance.
Check Symconv.Equivariance.sharing_of_convolution.
Check Symconv.Equivariance.one_phase_ok.
Check Symconv.Equivariance.two_phases_ok.
Check Symconv.Equivariance.taps_are_needed.
Check Symconv.Equivariance.shifts_are_needed.
Check Symconv.Expansion.fold_expansion.
Check Symconv.Expansion.outputs_on_phases.
Check Symconv.Expansion.layer_expansion.
Check Symconv.Expansion.array_expansion.
Check Symconv.Expansion.conv_expansion.
Check Symconv.Expansion.pool_expansion.
Check Symconv.Modes.mode_in_range.
Check Symconv.Modes.valid_outputs.
Check Symconv.Modes.mode_layer.
Check Symconv.Modes.mode_zeros.
Check Symconv.Modes.padded_in_box.
Check Symconv.Modes.padded_constant.
Check Symconv.Decide.expansion_okP.
Check Symconv.Decide.expands_at.
Check Symconv.Pools.maxoA.
Check Symconv.Pools.maxoC.
Check Symconv.Pools.max0o.
Check Symconv.Pools.maxo0.
Check Symconv.Pools.max_layerP.
Check Symconv.Pools.max_layer_none.
Check Symconv.Pools.max_behind.
Check Symconv.Pools.relu_pool.
Check Symconv.Pools.zeros_for_pads.
Check Symconv.Pools.counted_tapsE.
Check Symconv.Pools.divisor_reads.
Check Symconv.Pools.average_inside.
Check Symconv.Pools.average_counted.
Check Symconv.Pools.window_counted.
Check Symconv.Pools.average_border.
Check Symconv.Pools.ceil_mode_pad.
Check Symconv.Pools.ceil_layer_outputs.
Check Symconv.Pools.ceil_pool.
Check Symconv.Tails.layer_blocks.
Check Symconv.Tails.tail_free_exact.
Check Symconv.Tails.divisible_tail_free.
Check Symconv.Tails.reads_inside.
Check Symconv.Transposed.transposed_is_conv.
Check Symconv.Transposed.back_outputs.
Check Symconv.Transposed.adjoint.
Check Symconv.Network.network_masked.
Check Symconv.Network.network_blocks.
Check Symconv.Network.stride_free_conv.
Check Symconv.Network.mask_is_product.
Check Symconv.Network.tail_network.
Check Symconv.EveryLayer.every_expands.
Check Symconv.EveryLayer.every_layer.
Check Symconv.EveryLayer.every_pooling.
Check Symconv.EveryLayer.stride_goes.
Check Symconv.EveryLayer.phases_recovered.
Check Symconv.EveryLayer.phases_whole.
Check Symconv.Graph.graph_square.
Check Symconv.Graph.layer_square.
Check Symconv.Graph.pointwise_square.
Check Symconv.Graph.concat_square.
Check Symconv.Graph.any_square.
Check Symconv.Graph.split_square.
Check Symconv.Graph.merge_square.
Check Symconv.Values.compute_foldE.
Check Symconv.Values.compute_poolE.
Check Symconv.Values.compute_max_convE.
Check Symconv.Values.compute_maximumE.
Check Symconv.Values.compute_averageE.
Check Symconv.Values.compute_convE.
Check Symconv.Values.compute_modeE.
Check Symconv.Values.compute_transposedE.
Check Symconv.Values.compute_weightE.
Check Symconv.Values.compute_reachedE.
Check Symconv.Values.compute_expandedE.
Check Symconv.Values.compute_expanded_poolE.
Check Symconv.Paper.phase_expands.
Check Symconv.Paper.stride_gone.
Check Symconv.Paper.head_ready.
Check Symconv.Paper.tail_network_ok.
Check Symconv.Paper.factor_gt0.
Check Symconv.Paper.links_chained.
Check Symconv.Paper.take_it_in_your_stride.
Check Symconv.Paper.no_masks.
Check Symconv.Paper.no_masks_filled.
Check Symconv.ConvNet.strided_convolutions.
Check Symconv.ConvNet.plain_convolutions.
Check Symconv.Same.same_outputs.
Check Symconv.Same.same_two.
Check Symconv.Same.same_two_symmetric.
Check Symconv.Same.same_crop_outputs.
Check Symconv.Kinds.conv_checked.
Check Symconv.Kinds.pool_checked.
Check Symconv.Kinds.maximum_checked.
Check Symconv.Kinds.average_checked.
Check Symconv.Kinds.conv_any_size.
Check Symconv.Kinds.pool_any_size.
Check Symconv.Kinds.declared_checked.
Check Symconv.Kinds.ceil_checked.
Check Symconv.Kinds.reads_a_sample.
Check Symconv.Kinds.mode_checked.
Check Symconv.Kinds.transposed_checked.
Check Symconv.Kinds.transposed_any_size.
Check Symconv.Kinds.mode_any_size.
Check Symconv.Kinds.average_any_size.
Check Symconv.Kinds.axes_okP.
Check Symconv.Instances.stem.
Check Symconv.Instances.stem_pads.
Check Symconv.Instances.stride_14_on_7_phases.
Check Symconv.Instances.stride_6_on_2_phases.
Check Symconv.Instances.stride_6_on_3_phases.
Check Symconv.Instances.dilated_on_2_phases.
Check Symconv.Instances.patches_of_2x2.
Check Symconv.Instances.patches_of_4.
Print Symconv.Arith.toZ.
Print Symconv.Index.out_size.
Print Symconv.Index.coarse.
Print Symconv.Conv.access.
Print Symconv.Conv.read_or.
Print Symconv.Conv.axis.
Print Symconv.Conv.position.
Print Symconv.Conv.undilate.
Print Symconv.Conv.axis_access.
Print Symconv.Conv.point_access.
Print Symconv.Conv.pair_access.
Print Symconv.Conv.vec.
Print Symconv.Conv.nd_access.
Print Symconv.Conv.fold_taps.
Print Symconv.Conv.conv.
Print Symconv.Conv.grouped.
Print Symconv.Conv.pool.
Print Symconv.Conv.zero_outside.
Print Symconv.LatticeLayer.dot.
Print Symconv.LatticeLayer.times.
Print Symconv.LatticeLayer.plus.
Print Symconv.LatticeLayer.lattice_layer.
Print Symconv.LatticeLayer.coset_signal.
Print Symconv.LatticeLayer.tied_weight.
Print Symconv.LatticeLayer.coset_layer.
Print Symconv.LatticeLayer.tie_holds.
Print Symconv.LatticeLayer.ties_ok.
Print Symconv.Compute.tap_list.
Print Symconv.Compute.tap_loop.
Print Symconv.Compute.compute.
Print Symconv.Compute.box_positions.
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
Print Symconv.Tie.tie_tight.
Print Symconv.Tie.axis_lands.
Print Symconv.Tie.axis_square.
Print Symconv.Tie.nd_phasing.
Print Symconv.Layer.in_tables.
Print Symconv.Layer.tied.
Print Symconv.Layer.touched.
Print Symconv.Layer.trivial_tie.
Print Symconv.Layer.ties.
Print Symconv.Layer.in_box.
Print Symconv.Layer.boxed.
Print Symconv.Relatives.downsampled.
Print Symconv.Relatives.upsampled.
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
Print Symconv.Channels.blocks.
Print Symconv.Channels.filled.
Print Symconv.Exists.least.
Print Symconv.Exists.greatest.
Print Symconv.Exists.is_live.
Print Symconv.Exists.live_pairs.
Print Symconv.Exists.sample.
Print Symconv.Exists.quotient.
Print Symconv.Exists.quotients.
Print Symconv.Exists.q_min.
Print Symconv.Exists.q_max.
Print Symconv.Exists.make_tie.
Print Symconv.Exists.factors_fit.
Print Symconv.Exists.made.
Print Symconv.Array.window.
Print Symconv.Array.outputs.
Print Symconv.Array.layer.
Print Symconv.Array.sizes.
Print Symconv.Array.outs.
Print Symconv.Array.source.
Print Symconv.Array.inside.
Print Symconv.Array.layer_fold.
Print Symconv.Array.conv_layer.
Print Symconv.Array.pool_layer.
Print Symconv.Array.max_conv_layer.
Print Symconv.Array.volume.
Print Symconv.Array.unflat.
Print Symconv.Array.fine_at.
Print Symconv.Array.coarse_at.
Print Symconv.Array.phase_at.
Print Symconv.Array.order.
Print Symconv.Array.joined.
Print Symconv.Array.channel_of.
Print Symconv.Array.phase_of.
Print Symconv.Array.in_rows.
Print Symconv.Array.ins.
Print Symconv.Array.factors_out.
Print Symconv.Array.many_in.
Print Symconv.Array.many_out.
Print Symconv.Array.phase_array.
Print Symconv.Array.lands_on.
Print Symconv.Array.expanded_term.
Print Symconv.Array.expanded_weight.
Print Symconv.Array.reached.
Print Symconv.Array.expanded_bias.
Print Symconv.Array.on_signal.
Print Symconv.Array.holds_phases.
Print Symconv.Array.sizes_fit.
Print Symconv.Array.channels_fit.
Print Symconv.Array.expands.
Print Symconv.Sharing.shift.
Print Symconv.Sharing.times.
Print Symconv.Sharing.same.
Print Symconv.Sharing.positions.
Print Symconv.Sharing.slot.
Print Symconv.Sharing.parameter.
Print Symconv.Sharing.holds.
Print Symconv.Sharing.share.
Print Symconv.Gradient.loss.
Print Symconv.Gradient.value.
Print Symconv.Gradient.at_point.
Print Symconv.Gradient.slope.
Print Symconv.Gradient.partial.
Print Symconv.Gradient.line.
Print Symconv.Gradient.entry.
Print Symconv.Gradient.moving.
Print Symconv.Gradient.shared.
Print Symconv.Equivariance.in_step.
Print Symconv.Equivariance.phase_of.
Print Symconv.Equivariance.block_of.
Print Symconv.Equivariance.impulse.
Print Symconv.Equivariance.coefficient.
Print Symconv.Equivariance.intertwines.
Print Symconv.Equivariance.on_taps.
Print Symconv.Equivariance.one_phase.
Print Symconv.Equivariance.two_phases.
Print Symconv.Phases.flat.
Print Symconv.Taps.tap_box.
Print Symconv.Taps.reads_at.
Print Symconv.Taps.count_of.
Print Symconv.Taps.box_of.
Print Symconv.Taps.lands.
Print Symconv.Expansion.window_on_blocks.
Print Symconv.Modes.mode.
Print Symconv.Modes.is_zeros.
Print Symconv.Modes.reflected.
Print Symconv.Modes.replicated.
Print Symconv.Modes.first_left.
Print Symconv.Modes.samples_left.
Print Symconv.Modes.wrapped.
Print Symconv.Modes.boundary_at.
Print Symconv.Modes.source_at.
Print Symconv.Modes.fits.
Print Symconv.Modes.gather.
Print Symconv.Modes.padded.
Print Symconv.Modes.mode_reads.
Print Symconv.Modes.conv_mode_layer.
Print Symconv.Modes.valid_axis.
Print Symconv.Modes.padded_size.
Print Symconv.Modes.valid_window.
Print Symconv.Modes.valid_layer.
Print Symconv.Modes.moved.
Print Symconv.Decide.int_of.
Print Symconv.Decide.outputs_Z.
Print Symconv.Decide.coarse_Z.
Print Symconv.Decide.sized.
Print Symconv.Decide.window_of.
Print Symconv.Decide.outputs_of.
Print Symconv.Decide.axis_eqb.
Print Symconv.Decide.axis_fits.
Print Symconv.Decide.no_axis.
Print Symconv.Decide.layer_of.
Print Symconv.Decide.numbers.
Print Symconv.Decide.layer_of_numbers.
Print Symconv.Decide.expansion_ok.
Print Symconv.Decide.within.
Print Symconv.Decide.same_sizes.
Print Symconv.Decide.expansion_numbers.
Print Symconv.Decide.checked.
Print Symconv.Decide.at_sizes.
Print Symconv.Decide.expanded_at.
Print Symconv.Pools.maxo.
Print Symconv.Pools.maxo_monoid.
Print Symconv.Pools.maxo_comoid.
Print Symconv.Pools.pooling.
Print Symconv.Pools.max_layer.
Print Symconv.Pools.read_through.
Print Symconv.Pools.longer.
Print Symconv.Pools.extended.
Print Symconv.Pools.counted_taps.
Print Symconv.Pools.first_counted.
Print Symconv.Pools.end_counted.
Print Symconv.Pools.axis_divisor.
Print Symconv.Pools.divisor.
Print Symconv.Pools.average_layer.
Print Symconv.Pools.window_between.
Print Symconv.Pools.window_volume.
Print Symconv.Pools.mean_window.
Print Symconv.Pools.ceil_outputs.
Print Symconv.Pools.missing.
Print Symconv.Pools.missing_of.
Print Symconv.Pools.ceil_layer.
Print Symconv.Pools.behind_layer.
Print Symconv.Tails.live_read.
Print Symconv.Tails.tail_free.
Print Symconv.Tails.ends_inside.
Print Symconv.Transposed.transposed_layer.
Print Symconv.Transposed.as_conv.
Print Symconv.Transposed.left_over.
Print Symconv.Transposed.back.
Print Symconv.Network.stage.
Print Symconv.Network.apply_on.
Print Symconv.Network.apply.
Print Symconv.Network.link.
Print Symconv.Network.stride_free.
Print Symconv.Network.mask.
Print Symconv.Network.run.
Print Symconv.Network.run_masked.
Print Symconv.Network.run_blocks.
Print Symconv.Network.holds.
Print Symconv.Network.holds_outputs.
Print Symconv.Network.follows.
Print Symconv.Network.chained_from.
Print Symconv.Network.chained.
Print Symconv.Network.kept.
Print Symconv.Network.tails_free.
Print Symconv.Network.conv_stage.
Print Symconv.Network.conv_link.
Print Symconv.EveryLayer.ties_of.
Print Symconv.EveryLayer.on_phases.
Print Symconv.EveryLayer.factors_of.
Print Symconv.Graph.format.
Print Symconv.Graph.empty.
Print Symconv.Graph.carries.
Print Symconv.Graph.node.
Print Symconv.Graph.carried.
Print Symconv.Graph.square.
Print Symconv.Graph.evaluate.
Print Symconv.Graph.squares.
Print Symconv.Graph.format_of.
Print Symconv.Graph.same_format.
Print Symconv.Graph.format_in.
Print Symconv.Graph.format_out.
Print Symconv.Graph.layer_node.
Print Symconv.Graph.pointwise_node.
Print Symconv.Graph.concat_node.
Print Symconv.Graph.whole.
Print Symconv.Graph.any_node.
Print Symconv.Graph.deterministic.
Print Symconv.Graph.split_node.
Print Symconv.Graph.merge_node.
Print Symconv.Values.list_loop.
Print Symconv.Values.over_taps.
Print Symconv.Values.sample_read.
Print Symconv.Values.compute_fold.
Print Symconv.Values.compute_pool.
Print Symconv.Values.compute_max_conv.
Print Symconv.Values.compute_maximum.
Print Symconv.Values.compute_average.
Print Symconv.Values.compute_conv.
Print Symconv.Values.compute_mode.
Print Symconv.Values.compute_transposed.
Print Symconv.Values.compute_weight.
Print Symconv.Values.compute_reached.
Print Symconv.Values.compute_expanded.
Print Symconv.Values.compute_expanded_pool.
Print Symconv.Paper.stride_of.
Print Symconv.Paper.ready.
Print Symconv.Paper.phase_ties.
Print Symconv.Paper.phase_layer.
Print Symconv.Paper.factor.
Print Symconv.Paper.stage_follows.
Print Symconv.Paper.network.
Print Symconv.Paper.phase_stage.
Print Symconv.Paper.phase_mask.
Print Symconv.Paper.phase_stages.
Print Symconv.Paper.through.
Print Symconv.Paper.through_masked.
Print Symconv.Paper.first_holds.
Print Symconv.Paper.first_phases.
Print Symconv.Paper.phase_link.
Print Symconv.Paper.head_link.
Print Symconv.Paper.links.
Print Symconv.Paper.tail_unread.
Print Symconv.Paper.tails_unread.
Print Symconv.Paper.fill_ignored.
Print Symconv.ConvNet.convolution.
Print Symconv.ConvNet.as_stage.
Print Symconv.ConvNet.phase_conv.
Print Symconv.ConvNet.phase_convs.
Print Symconv.ConvNet.through_products.
Print Symconv.Same.span.
Print Symconv.Same.same_sum.
Print Symconv.Same.shared.
Print Symconv.Same.same_pair.
Print Symconv.Same.same_crop.
Print Symconv.Kinds.ceil_outputs_Z.
Print Symconv.Kinds.missing_Z.
Print Symconv.Kinds.declared_ok.
Print Symconv.Kinds.ceil_ok.
Print Symconv.Kinds.valid_sized.
Print Symconv.Kinds.valid_numbers.
Print Symconv.Kinds.numbers_eqb.
Print Symconv.Kinds.mode_ok.
Print Symconv.Kinds.fills.
Print Symconv.Kinds.all_filled.
Print Symconv.Kinds.conv_sized.
Print Symconv.Kinds.conv_numbers.
Print Symconv.Kinds.transposed_ok.
Print Symconv.Kinds.turned.
Print Symconv.Kinds.behind_pads.
Print Symconv.Kinds.axes_ok.
Print Symconv.Kinds.is_on_phases.
Print Symconv.Instances.stem_tie.
Print Symconv.Instances.stride_14_on_7_phases_tie.
Print Symconv.Instances.stride_6_on_2_phases_tie.
Print Symconv.Instances.stride_6_on_3_phases_tie.
Print Symconv.Instances.dilated_on_2_phases_tie.
Print Symconv.Instances.patches_of_2x2_tie.
Print Symconv.Instances.patches_of_4_tie.

Definition theorems :=
  let _ := @Symconv.Index.euclid_unique in
  let _ := @Symconv.Index.out_size_fits in
  let _ := @Symconv.Index.kernel_too_large in
  let _ := @Symconv.Index.coarse_fits in
  let _ := @Symconv.Index.coarse_position in
  let _ := @Symconv.Index.expanded_out_size in
  let _ := @Symconv.Conv.conv1E in
  let _ := @Symconv.Conv.conv2E in
  let _ := @Symconv.LatticeLayer.lattice_checked in
  let _ := @Symconv.Compute.computeE in
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
  let _ := @Symconv.Tie.e_out_gt0 in
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
  let _ := @Symconv.Relatives.common_divisor in
  let _ := @Symconv.Relatives.strided_one_by_one in
  let _ := @Symconv.Relatives.stride_behind in
  let _ := @Symconv.Relatives.polyphase in
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
  let _ := @Symconv.Channels.one_by_one in
  let _ := @Symconv.Channels.mixing_on_phases in
  let _ := @Symconv.Channels.im2col in
  let _ := @Symconv.Channels.depthwise_separable in
  let _ := @Symconv.Channels.flattened in
  let _ := @Symconv.Exists.make_tie_kernel in
  let _ := @Symconv.Exists.make_tie_tight in
  let _ := @Symconv.Exists.make_tie_ok in
  let _ := @Symconv.Exists.tie_unique in
  let _ := @Symconv.Exists.every_layer_destride in
  let _ := @Symconv.Exists.every_layer_unstride in
  let _ := @Symconv.Sharing.slots_of_live in
  let _ := @Symconv.Sharing.slots_of_parameter in
  let _ := @Symconv.Sharing.all_slots in
  let _ := @Symconv.Sharing.live_slots in
  let _ := @Symconv.Sharing.cost in
  let _ := @Symconv.Sharing.folding in
  let _ := @Symconv.Sharing.folding_unique in
  let _ := @Symconv.Gradient.partial_is_derivative in
  let _ := @Symconv.Gradient.slope_of_shared in
  let _ := @Symconv.Gradient.gradient_of_shared in
  let _ := @Symconv.Equivariance.remainder_lt in
  let _ := @Symconv.Equivariance.coefficient_slot in
  let _ := @Symconv.Equivariance.coefficient_zero in
  let _ := @Symconv.Equivariance.sharing_is_equivariance in
  let _ := @Symconv.Equivariance.sharing_of_convolution in
  let _ := @Symconv.Equivariance.one_phase_ok in
  let _ := @Symconv.Equivariance.two_phases_ok in
  let _ := @Symconv.Equivariance.taps_are_needed in
  let _ := @Symconv.Equivariance.shifts_are_needed in
  let _ := @Symconv.Expansion.fold_expansion in
  let _ := @Symconv.Expansion.outputs_on_phases in
  let _ := @Symconv.Expansion.layer_expansion in
  let _ := @Symconv.Expansion.array_expansion in
  let _ := @Symconv.Expansion.conv_expansion in
  let _ := @Symconv.Expansion.pool_expansion in
  let _ := @Symconv.Modes.mode_in_range in
  let _ := @Symconv.Modes.valid_outputs in
  let _ := @Symconv.Modes.mode_layer in
  let _ := @Symconv.Modes.mode_zeros in
  let _ := @Symconv.Modes.padded_in_box in
  let _ := @Symconv.Modes.padded_constant in
  let _ := @Symconv.Decide.expansion_okP in
  let _ := @Symconv.Decide.expands_at in
  let _ := @Symconv.Pools.maxoA in
  let _ := @Symconv.Pools.maxoC in
  let _ := @Symconv.Pools.max0o in
  let _ := @Symconv.Pools.maxo0 in
  let _ := @Symconv.Pools.max_layerP in
  let _ := @Symconv.Pools.max_layer_none in
  let _ := @Symconv.Pools.max_behind in
  let _ := @Symconv.Pools.relu_pool in
  let _ := @Symconv.Pools.zeros_for_pads in
  let _ := @Symconv.Pools.counted_tapsE in
  let _ := @Symconv.Pools.divisor_reads in
  let _ := @Symconv.Pools.average_inside in
  let _ := @Symconv.Pools.average_counted in
  let _ := @Symconv.Pools.window_counted in
  let _ := @Symconv.Pools.average_border in
  let _ := @Symconv.Pools.ceil_mode_pad in
  let _ := @Symconv.Pools.ceil_layer_outputs in
  let _ := @Symconv.Pools.ceil_pool in
  let _ := @Symconv.Tails.layer_blocks in
  let _ := @Symconv.Tails.tail_free_exact in
  let _ := @Symconv.Tails.divisible_tail_free in
  let _ := @Symconv.Tails.reads_inside in
  let _ := @Symconv.Transposed.transposed_is_conv in
  let _ := @Symconv.Transposed.back_outputs in
  let _ := @Symconv.Transposed.adjoint in
  let _ := @Symconv.Network.network_masked in
  let _ := @Symconv.Network.network_blocks in
  let _ := @Symconv.Network.stride_free_conv in
  let _ := @Symconv.Network.mask_is_product in
  let _ := @Symconv.Network.tail_network in
  let _ := @Symconv.EveryLayer.every_expands in
  let _ := @Symconv.EveryLayer.every_layer in
  let _ := @Symconv.EveryLayer.every_pooling in
  let _ := @Symconv.EveryLayer.stride_goes in
  let _ := @Symconv.EveryLayer.phases_recovered in
  let _ := @Symconv.EveryLayer.phases_whole in
  let _ := @Symconv.Graph.graph_square in
  let _ := @Symconv.Graph.layer_square in
  let _ := @Symconv.Graph.pointwise_square in
  let _ := @Symconv.Graph.concat_square in
  let _ := @Symconv.Graph.any_square in
  let _ := @Symconv.Graph.split_square in
  let _ := @Symconv.Graph.merge_square in
  let _ := @Symconv.Values.compute_foldE in
  let _ := @Symconv.Values.compute_poolE in
  let _ := @Symconv.Values.compute_max_convE in
  let _ := @Symconv.Values.compute_maximumE in
  let _ := @Symconv.Values.compute_averageE in
  let _ := @Symconv.Values.compute_convE in
  let _ := @Symconv.Values.compute_modeE in
  let _ := @Symconv.Values.compute_transposedE in
  let _ := @Symconv.Values.compute_weightE in
  let _ := @Symconv.Values.compute_reachedE in
  let _ := @Symconv.Values.compute_expandedE in
  let _ := @Symconv.Values.compute_expanded_poolE in
  let _ := @Symconv.Paper.phase_expands in
  let _ := @Symconv.Paper.stride_gone in
  let _ := @Symconv.Paper.head_ready in
  let _ := @Symconv.Paper.tail_network_ok in
  let _ := @Symconv.Paper.factor_gt0 in
  let _ := @Symconv.Paper.links_chained in
  let _ := @Symconv.Paper.take_it_in_your_stride in
  let _ := @Symconv.Paper.no_masks in
  let _ := @Symconv.Paper.no_masks_filled in
  let _ := @Symconv.ConvNet.strided_convolutions in
  let _ := @Symconv.ConvNet.plain_convolutions in
  let _ := @Symconv.Same.same_outputs in
  let _ := @Symconv.Same.same_two in
  let _ := @Symconv.Same.same_two_symmetric in
  let _ := @Symconv.Same.same_crop_outputs in
  let _ := @Symconv.Kinds.conv_checked in
  let _ := @Symconv.Kinds.pool_checked in
  let _ := @Symconv.Kinds.maximum_checked in
  let _ := @Symconv.Kinds.average_checked in
  let _ := @Symconv.Kinds.conv_any_size in
  let _ := @Symconv.Kinds.pool_any_size in
  let _ := @Symconv.Kinds.declared_checked in
  let _ := @Symconv.Kinds.ceil_checked in
  let _ := @Symconv.Kinds.reads_a_sample in
  let _ := @Symconv.Kinds.mode_checked in
  let _ := @Symconv.Kinds.transposed_checked in
  let _ := @Symconv.Kinds.transposed_any_size in
  let _ := @Symconv.Kinds.mode_any_size in
  let _ := @Symconv.Kinds.average_any_size in
  let _ := @Symconv.Kinds.axes_okP in
  let _ := @Symconv.Instances.stem in
  let _ := @Symconv.Instances.stem_pads in
  let _ := @Symconv.Instances.stride_14_on_7_phases in
  let _ := @Symconv.Instances.stride_6_on_2_phases in
  let _ := @Symconv.Instances.stride_6_on_3_phases in
  let _ := @Symconv.Instances.dilated_on_2_phases in
  let _ := @Symconv.Instances.patches_of_2x2 in
  let _ := @Symconv.Instances.patches_of_4 in
  tt.
Print Assumptions theorems.
