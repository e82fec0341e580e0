(* Graph.v: networks that are graphs; squares, pasted along an order of the nodes.

   format         of a tensor: its channels, its samples on each axis, its phases on each axis
   carries t x X  X holds the phases of x wherever x has a sample: what format t says of the two
   node           what a node computes from the tensors before it, strided and on phases, and the
                  format of what it gives
   square ts n    from tensors that are carried in formats ts, both ways round give a carried one
   evaluate       all tensors of a graph, in the order of its nodes; the inputs come first
   graph_square   squares pasted: a graph of nodes whose squares commute carries every tensor
   layer_node     a layer and its stride-free form, its reads kept to samples (a mask on the tail)
   pointwise_node a function of each value of any number of tensors: sum, product, activation
   concat_node    channels of one tensor behind another's
   any_node       any function of whole tensors that are not cut into phases (congruence):
                  attention, recurrence, custom operators
   split_node     the phase map as a node, where a region of phases begins; merge_node where it ends
   Edges: a tensor without channels; a node may read a tensor twice, or none. *)

From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require Import Arith Index Conv Destride Tie Layer Compute Array Phases Expansion.
From Symconv Require Import Tails Network.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory Num.Theory Order.Theory.
Local Open Scope ring_scope.

Record format := Format { channels : nat; lengths : nat -> int; factors : nat -> nat }.

Section Graph.

Variables (D : nat) (V : Type) (blank : V).
Notation array := (nat -> vec D -> V).
Definition empty : array := fun _ _ => blank.

Definition carries (t : format) (x X : array) : Prop :=
  forall c o, (c < channels t)%N -> in_box (lengths t) o ->
    X (joined by_channel 1 (volume D (factors t)) c (phase_at (factors t) o))
      (coarse_at (factors t) o) = x c o.

Record node := Node {
  strided_node : seq array -> array; phase_node : seq array -> array; gives : format }.

Definition carried (ts : seq format) (xs Xs : seq array) : Prop :=
  [/\ size xs = size ts, size Xs = size ts
    & forall j t0, (j < size ts)%N -> carries (nth t0 ts j) (nth empty xs j) (nth empty Xs j)].

Definition square (ts : seq format) (n : node) : Prop :=
  forall xs Xs, carried ts xs Xs -> carries (gives n) (strided_node n xs) (phase_node n Xs).

Fixpoint evaluate (run : node -> seq array -> array) (ns : seq node) (xs : seq array) : seq array :=
  if ns is n :: ns' then evaluate run ns' (rcons xs (run n xs)) else xs.

Fixpoint squares (ts : seq format) (ns : seq node) : Prop :=
  if ns is n :: ns' then square ts n /\ squares (rcons ts (gives n)) ns' else True.

Theorem graph_square (ns : seq node) (ts : seq format) (xs Xs : seq array) :
  squares ts ns -> carried ts xs Xs ->
  carried (ts ++ map gives ns) (evaluate strided_node ns xs) (evaluate phase_node ns Xs).
Proof.
elim: ns ts xs Xs => [|n ns IH] ts xs Xs /=; first by rewrite cats0.
case=> n_square ns_squares held; rewrite -cat_rcons; apply: IH => //.
have [size_x size_X held_each] := held; split; rewrite ?size_rcons ?size_x ?size_X // => j t0.
rewrite ltnS leq_eqVlt => /predU1P[->|j_lt].
  by rewrite !nth_rcons size_x size_X ltnn eqxx; exact: n_square.
by rewrite !nth_rcons size_x size_X j_lt; exact: held_each.
Qed.

(* The nodes. *)
Variable ts : seq format.
Definition format_of (j : nat) : format := nth (Format 0 (fun _ => 0) (fun _ => 1%N)) ts j.

Lemma carriedE xs Xs j : carried ts xs Xs -> (j < size ts)%N ->
  carries (format_of j) (nth empty xs j) (nth empty Xs j).
Proof. by case=> _ _ /(_ j) held j_lt; exact: held. Qed.

(* Formats that agree on what the axes have. *)
Definition same_format (t t' : format) : Prop :=
  [/\ channels t = channels t', lengths t =1 lengths t' & factors t =1 factors t'].

Lemma carries_same t t' x X : same_format t t' -> carries t x X -> carries t' x X.
Proof.
case=> eq_c eq_n eq_E held c o c_lt o_in.
rewrite -(eq_phase_at o eq_E) -(eq_coarse_at o eq_E) -(eq_volume D eq_E); apply: held.
  by rewrite eq_c.
by rewrite (eq_in_box o (fun n _ => eq_n n)).
Qed.

Definition format_in (k : link D V) : format :=
  let l := shape (strided_stage k) in
  Format (groups l * group_in l) (sizes l) (ins (link_ties k)).
Definition format_out (k : link D V) : format :=
  let l := shape (strided_stage k) in
  Format (groups l * group_out l) (outs l) (factors_out (link_ties k)).

Definition layer_node (k : link D V) (j : nat) : node :=
  Node (fun xs => apply (strided_stage k) (nth empty xs j))
       (fun Xs => apply_on (stride_free k) (mask k) (nth empty Xs j)) (format_out k).

Theorem layer_square (k : link D V) (j : nat) : ord k = by_channel -> (j < size ts)%N ->
  same_format (format_of j) (format_in k) -> square ts (layer_node k j).
Proof.
move=> by_c j_lt same xs Xs held.
have {}held := carries_same same (carriedE held j_lt).
have [tie_f _ /and5P[C_gt0 _ _ _ _]] := link_fits k.
have X_phases : holds k (nth empty xs j) (nth empty Xs j).
  apply: holds_phases_at => // [n|c o c_lt o_in]; first by case/and3P: (tie_f n).
  by rewrite by_c; exact: held.
move=> m o m_lt o_in; set E := factors _; set r := phase_at E o; set many := volume D E.
have <- : joined (ord k) (group_out (shape (strided_stage k))) many m r
  = joined by_channel 1 many m r.
  by rewrite by_c.
exact: (masked_link X_phases m_lt isT).
Qed.

Definition pointwise_node (f : nat -> seq V -> V) (js : seq nat) (t : format) : node :=
  Node (fun xs c o => f c [seq nth empty xs j c o | j <- js])
       (fun Xs c i => f (channel_of by_channel 1 (volume D (factors t)) c)
                        [seq nth empty Xs j c i | j <- js]) t.

Theorem pointwise_square (f : nat -> seq V -> V) (js : seq nat) (t : format) :
  (forall n, (0 < factors t n)%N) ->
  (forall j, j \in js -> (j < size ts)%N /\ same_format (format_of j) t) ->
  square ts (pointwise_node f js t).
Proof.
move=> E_gt0 js_ok xs Xs held c o c_lt o_in /=.
have [r eq_r _] := coarse_phase (D := D) o E_gt0.
have r_lt : (phase_at (factors t) o < volume D (factors t))%N by rewrite -eq_r flat_lt.
rewrite divnMDl ?volume_gt0 // divn_small // addn0; congr (f _ _).
apply/eq_in_map => j /js_ok[j_lt same].
exact: (carries_same same (carriedE held j_lt) c_lt o_in).
Qed.

Definition concat_node (j j' : nat) (t t' : format) : node :=
  Node (fun xs c o => if (c < channels t)%N then nth empty xs j c o
                      else nth empty xs j' (c - channels t)%N o)
       (fun Xs c i => let E := volume D (factors t) in
                      if (c < channels t * E)%N then nth empty Xs j c i
                      else nth empty Xs j' (c - channels t * E)%N i)
       (Format (channels t + channels t') (lengths t) (factors t)).

Theorem concat_square (j j' : nat) (t t' : format) :
  (forall n, (0 < factors t n)%N) -> (j < size ts)%N -> (j' < size ts)%N ->
  same_format (format_of j) t -> same_format (format_of j') t' ->
  lengths t =1 lengths t' -> factors t =1 factors t' -> square ts (concat_node j j' t t').
Proof.
move=> E_gt0 j_lt j'_lt same same' eq_n eq_E xs Xs held c o c_lt o_in /=.
have held_j := carries_same same (carriedE held j_lt).
have held_j' := carries_same same' (carriedE held j'_lt).
have [r eq_r _] := coarse_phase (D := D) o E_gt0.
have V_gt0 : (0 < volume D (factors t))%N by exact: volume_gt0.
have r_lt : (phase_at (factors t) o < volume D (factors t))%N by rewrite -eq_r flat_lt.
rewrite /joined; case: (ltnP c (channels t)) => c_t.
  have -> : (c * volume D (factors t) + phase_at (factors t) o
             < channels t * volume D (factors t))%N.
    apply: (@leq_trans (c.+1 * volume D (factors t))).
      by rewrite mulSn [X in (_ < X)%N]addnC ltn_add2l.
    by rewrite leq_mul2r c_t orbT.
  exact: (held_j c o c_t o_in).
rewrite ltnNge (leq_trans _ (leq_addr _ _)) ?leq_mul2r ?c_t ?orbT //=.
have c_lt' : (c - channels t < channels t')%N by rewrite ltn_subLR.
have o_in' : in_box (lengths t') o by rewrite -(eq_in_box o (fun n _ => eq_n n)).
rewrite -(held_j' _ _ c_lt' o_in') -(eq_phase_at o eq_E) -(eq_coarse_at o eq_E) -(eq_volume D eq_E).
by rewrite /joined mulnBl addnBAC // leq_mul2r c_t orbT.
Qed.

(* Tensors that are not cut into phases. *)
Definition whole (t : format) : Prop := factors t =1 fun _ => 1%N.

Lemma phase_at1 (E : nat -> nat) (o : vec D) : E =1 (fun _ => 1%N) ->
  phase_at E o = 0%N /\ coarse_at E o = o.
Proof.
move=> E1; elim: D E o E1 => [|D' IH] E; first by case.
move=> [o o'] E1 /=; have [-> ->] := IH (fun n => E n.+1) o' (fun n => E1 n.+1).
by rewrite E1 modz1 divz1.
Qed.

Lemma carries_whole t x X : whole t -> carries t x X <->
  forall c o, (c < channels t)%N -> in_box (lengths t) o -> X c o = x c o.
Proof.
move=> t1; have V1 : volume D (factors t) = 1%N.
  rewrite (eq_volume D t1); elim: D => //= D' ->; exact: muln1.
by split=> held c o c_lt o_in; have := held c o c_lt o_in;
  have [-> ->] := phase_at1 o t1; rewrite /joined V1 muln1 addn0.
Qed.

Definition any_node (F : seq array -> array) (js : seq nat) (t : format) : node :=
  Node (fun xs => F [seq nth empty xs j | j <- js]) (fun Xs => F [seq nth empty Xs j | j <- js]) t.

(* F is a function of what its inputs hold. *)
Definition deterministic (F : seq array -> array) (ts' : seq format) (t : format) : Prop :=
  forall xs Xs, size xs = size ts' -> size Xs = size ts' ->
    (forall j t0 c o, (j < size ts')%N -> (c < channels (nth t0 ts' j))%N ->
       in_box (lengths (nth t0 ts' j)) o -> nth empty Xs j c o = nth empty xs j c o) ->
    forall c o, (c < channels t)%N -> in_box (lengths t) o -> F Xs c o = F xs c o.

Theorem any_square (F : seq array -> array) (js : seq nat) (t : format) :
  whole t -> (forall j, j \in js -> (j < size ts)%N /\ whole (format_of j)) ->
  deterministic F [seq format_of j | j <- js] t -> square ts (any_node F js t).
Proof.
move=> t1 js_ok same xs Xs held; apply/(carries_whole _ _ t1) => c o c_lt o_in /=.
apply: same => //; rewrite ?size_map // => i t0 c' o' i_lt.
rewrite !(nth_map 0%N) //; have /js_ok[j_lt j1] := mem_nth 0%N i_lt.
by move: c' o'; apply/(carries_whole _ _ j1); exact: (carriedE held j_lt).
Qed.

(* Where a region of phases begins and ends. *)
Definition split_node (j : nat) (t : format) : node :=
  Node (fun xs => nth empty xs j)
       (fun Xs c i => let E := volume D (factors t) in
          nth empty Xs j (channel_of by_channel 1 E c)
            (fine_at (factors t) (unflat D (factors t) (phase_of by_channel 1 E c)) i)) t.

Definition merge_node (j : nat) (t : format) : node :=
  Node (fun xs => nth empty xs j)
       (fun Xs c o => nth empty Xs j (joined by_channel 1 (volume D (factors t)) c
                        (phase_at (factors t) o)) (coarse_at (factors t) o))
       (Format (channels t) (lengths t) (fun _ => 1%N)).

Theorem split_square (j : nat) (t : format) :
  (forall n, (0 < factors t n)%N) -> (j < size ts)%N -> whole (format_of j) ->
  channels (format_of j) = channels t -> lengths (format_of j) =1 lengths t ->
  square ts (split_node j t).
Proof.
move=> E_gt0 j_lt j1 eq_c eq_n xs Xs held c o c_lt o_in.
have [r eq_r eq_o] := coarse_phase (D := D) o E_gt0.
have V_gt0 : (0 < volume D (factors t))%N by exact: volume_gt0.
have r_lt : (phase_at (factors t) o < volume D (factors t))%N by rewrite -eq_r flat_lt.
rewrite /= divnMDl // divn_small // addn0 modnMDl modn_small // -eq_r unflat_flat.
rewrite fine_at_phase eq_o; apply: (carries_whole _ _ j1).1 => //; first exact: carriedE.
  by rewrite eq_c.
by rewrite (eq_in_box o (fun n _ => eq_n n)).
Qed.

Theorem merge_square (j : nat) (t : format) : (j < size ts)%N -> same_format (format_of j) t ->
  square ts (merge_node j t).
Proof.
move=> j_lt same xs Xs held; apply/(carries_whole (t := gives (merge_node j t))) => //.
exact: (carries_same same (carriedE held j_lt)).
Qed.

End Graph.
