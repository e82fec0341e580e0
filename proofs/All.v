(* All.v: loads every file, and imports none: each name is written with its file's.

   From Symconv Require All.   then, say, Check Layer.layer_destride *)

From Symconv Require Arith.
From Symconv Require Index.
From Symconv Require Conv.
From Symconv Require LatticeLayer.
From Symconv Require Compute.
From Symconv Require Destride.
From Symconv Require Lattice.
From Symconv Require Tie.
From Symconv Require Layer.
From Symconv Require Relatives.
From Symconv Require Boundary.
From Symconv Require Channels.
From Symconv Require Exists.
From Symconv Require Array.
From Symconv Require Sharing.
From Symconv Require Gradient.
From Symconv Require Equivariance.
From Symconv Require Phases.
From Symconv Require Taps.
From Symconv Require Expansion.
From Symconv Require Modes.
From Symconv Require Decide.
From Symconv Require Pools.
From Symconv Require Tails.
From Symconv Require Transposed.
From Symconv Require Network.
From Symconv Require EveryLayer.
From Symconv Require Graph.
From Symconv Require Values.
From Symconv Require Paper.
From Symconv Require ConvNet.
From Symconv Require Same.
From Symconv Require Kinds.
From Symconv Require Instances.
