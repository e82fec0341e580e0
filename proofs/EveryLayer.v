(* EveryLayer.v: the theorem for every layer and all factors that fit, without a table in sight.

   on_phases D l Ein Eout t   the layer on phases: Ein and Eout phases and stride t on each axis,
                  its kernel the least that holds every tap (make_tie); every_expands: it fits
   factors_of     the conditions: u, Ein, Eout, s > 0 and Ein*u*t = Eout*s on each axis
   every_layer, every_pooling   a layer of arrays equals its layer on phases at each of its outputs
   phases_recovered   an array of phases holds each sample, at the channel of its phase
   phases_whole   and nothing else, where the factor divides the size: the phase map is a bijection
   Edges: Ein = s, Eout = u, t = 1 fit every layer. *)

From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require Import Arith Index Conv Destride Tie Layer Exists Compute Array Phases.
From Symconv Require Import Expansion Tails.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory Num.Theory Order.Theory.
Local Open Scope ring_scope.

Section EveryLayer.

Variables (D : nat) (l : layer) (Ein Eout t : nat -> nat).

Definition ties_of : nat -> tie := made (fun n => on (windows l n)) Ein Eout t.

Definition on_phases : layer :=
  Layer (groups l) (group_in l * volume D Ein) (group_out l * volume D Eout)
    (fun n => window_on_blocks (windows l n) (ties_of n)).

Definition factors_of : Prop :=
  forall n, factors_fit (on (windows l n)) (Ein n) (Eout n) (t n)
            && (0 < stride (on (windows l n)))%N.

Hypotheses (fit : factors_of) (C_gt0 : (0 < group_in l)%N) (M_gt0 : (0 < group_out l)%N).
Hypothesis sizes_gt0 : forall n, 0 < sizes l n /\ 0 < outs l n.

Theorem every_expands : expands D l on_phases ties_of.
Proof.
split=> [n|n|]; last by rewrite /channels_fit /= C_gt0 M_gt0 !eqxx.
  have /andP[factors _] := fit n; rewrite (make_tie_ok factors) /=.
  by case/and4P: factors => _ -> ->.
have /andP[/and4P[_ _ Eout_gt0 /eqP factors] s_gt0] := fit n.
have t_gt0 : (0 < t n)%N.
  have: (0 < Ein n * base (on (windows l n)) * t n)%N by rewrite factors muln_gt0 Eout_gt0.
  by rewrite muln_gt0 => /andP[].
split=> //; first by exact: sizes_gt0.
by rewrite /outputs /=; exact: expanded_out_size.
Qed.

Theorem every_layer (ord : order) (R : ringType) (w : nat -> nat -> seq nat -> R) (b : nat -> R)
    (x : nat -> vec D -> R) (m : nat) (o : vec D) :
  (m < groups l * group_out l)%N -> in_box (outs l) o ->
  in_box (outs on_phases) (coarse_at Eout o)
  /\ conv_layer l w b x m o
     = conv_layer on_phases (expanded_weight D l ties_of ord w) (expanded_bias D l ties_of ord b)
         (phase_array l ties_of ord 0 x)
         (joined ord (group_out l) (volume D Eout) m (phase_at Eout o)) (coarse_at Eout o).
Proof.
move=> m_lt o_in; split; first exact: (outputs_on_phases every_expands).
exact: (conv_expansion ord every_expands).
Qed.

Theorem every_pooling (ord : order) (T : Type) (idx : T) (op : Monoid.com_law idx)
    (x : nat -> vec D -> T) (m : nat) (o : vec D) : idempotent op ->
  (m < groups l * group_out l)%N -> in_box (outs l) o ->
  in_box (outs on_phases) (coarse_at Eout o)
  /\ pool_layer l op x m o
     = max_conv_layer on_phases op (reached D l ties_of ord) (phase_array l ties_of ord idx x)
         (joined ord (group_out l) (volume D Eout) m (phase_at Eout o)) (coarse_at Eout o).
Proof.
move=> opxx m_lt o_in; split; first exact: (outputs_on_phases every_expands).
exact: (pool_expansion ord every_expands).
Qed.

End EveryLayer.

(* Ein = s, Eout = u and t = 1 fit: no layer keeps its stride. *)
Theorem stride_goes (l : layer) :
  (forall n, (0 < base (on (windows l n)))%N && (0 < stride (on (windows l n)))%N) ->
  factors_of l (fun n => stride (on (windows l n))) (fun n => base (on (windows l n)))
    (fun _ => 1%N).
Proof.
move=> u_s n; have /andP[u_gt0 s_gt0] := u_s n.
by rewrite /factors_fit u_gt0 s_gt0 /= muln1 mulnC eqxx.
Qed.

(* The phase map and its inverse. *)
Section PhaseMap.

Variables (D : nat) (l : layer) (f : nat -> tie) (ord : order) (V : Type) (fill : V).
Variable x : nat -> vec D -> V.
Hypotheses (C_gt0 : (0 < group_in l)%N) (Ein_gt0 : forall n, (0 < ins f n)%N).

Theorem phases_recovered (c : nat) (o : vec D) : in_box (sizes l) o ->
  phase_array l f ord fill x (joined ord (group_in l) (many_in D f) c (phase_at (ins f) o))
    (coarse_at (ins f) o) = x c o.
Proof.
move=> o_in; have [r eq_r eq_o] := coarse_phase (D := D) o Ein_gt0.
have many_gt0 : (0 < many_in D f)%N by exact: volume_gt0.
rewrite /phase_array -eq_r joined_phase ?flat_lt // unflat_flat fine_at_phase eq_o o_in.
by rewrite joined_channel ?flat_lt.
Qed.

Theorem phases_whole (c : nat) (i : vec D) :
  (forall n, (n < D)%N -> (sizes l n %% (ins f n)%:Z)%Z = 0) ->
  in_box (fun n => coarse (sizes l n) (ins f n)) i ->
  exists c' o, [/\ c = joined ord (group_in l) (many_in D f) c' (phase_at (ins f) o),
                   i = coarse_at (ins f) o, in_box (sizes l) o
                 & phase_array l f ord fill x c i = x c' o].
Proof.
move=> divides i_in; have many_gt0 : (0 < many_in D f)%N by exact: volume_gt0.
have [r eq_r] := flat_onto (phase_of_lt ord C_gt0 many_gt0 c).
set o := fine (nd_phasing D (ins f)) r i.
have o_in : in_box (sizes l) o.
  by apply: whole_blocks i_in => n n_lt; apply/dvdz_mod0P; exact: divides.
exists (channel_of ord (group_in l) (many_in D f) c), o; split=> //.
- by rewrite phase_at_fine eq_r joinedK.
- by rewrite coarse_at_fine.
by rewrite /phase_array -eq_r unflat_flat fine_at_phase o_in.
Qed.

End PhaseMap.
