(* All.v: loads every file, and imports none: each name is written with its file's.

   From Symconv Require All.   then, say, Check Layer.layer_destride *)

From Symconv Require Arith.
From Symconv Require Index.
From Symconv Require Conv.
From Symconv Require Compute.
From Symconv Require Destride.
From Symconv Require Lattice.
From Symconv Require Tie.
From Symconv Require Layer.
From Symconv Require Relatives.
From Symconv Require Boundary.
From Symconv Require Channels.
From Symconv Require Network.
From Symconv Require Sharing.
