(* Array.v: layers of arrays, with channels numbered as the package's own arrays have them.

   signal D V     an array of D axes: channel number and position; a layer looks at those in its box
   window         one axis of a layer with its sizes: axis, samples N, high pad; outputs w is O
   layer          groups, input and output channels of a group, and a window for each axis
   sizes l n, outs l n    samples and outputs on axis n
   layer_fold l dom term x m o   op over the channels c of m's group and the taps k of what
                  term m c k makes of the sample that k reads, where dom holds of its channel and
                  position
   inside l       the samples of a layer: in_box (sizes l), in every channel
   conv_layer l w b x m o   b m + sum_c sum_k w m c k * x[.., A(o,k)]: PyTorch's convolution, weight
                  w[m, c, k_0, k_1, ..] with m of all channels and c of a group's; zero outside
   volume D E     phases of D axes; flat r their number in C order, unflat E n the phase of number n
   order          by_channel: phase r of channel c is channel c*E + r; by_phase: r*n + c in each
                  group of n channels
   joined ord n E c r, channel_of, phase_of   that number, and back
   phase_array, expanded_weight, expanded_bias   what the package's input map, weight map and
                  bias map make: arrays again
   Edges: a factor of 0 has no phases; positions outside the box are never read. *)

From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require Import Arith Index Conv Destride Tie Layer Compute.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory Num.Theory Order.Theory.
Local Open Scope ring_scope.

Notation signal D V := (nat -> vec D -> V) (only parsing).
Notation weights V := (nat -> nat -> seq nat -> V) (only parsing).

Record window := Window { on : axis; samples : int; high : int }.

Definition outputs (w : window) : int :=
  out_size (samples w) (kernel (on w)) (stride (on w)) (dilation (on w)) (base (on w)) (lo (on w))
    (high w).

Record layer := Layer { groups : nat; group_in : nat; group_out : nat; windows : nat -> window }.

Definition sizes (l : layer) (n : nat) : int := samples (windows l n).
Definition outs (l : layer) (n : nat) : int := outputs (windows l n).
Notation access_of D l := (nd_access D (fun n => on (windows l n))).

(* The input channel that output channel m knows as its c-th. *)
Definition source (l : layer) (m c : nat) : nat := (m %/ group_out l * group_in l + c)%N.

Section Meaning.

Variables (D : nat) (l : layer).

Definition inside (c : nat) (p : vec D) : bool := in_box (sizes l) p.

Definition layer_fold (T V : Type) (idx : T) (op : Monoid.com_law idx) (dom : nat -> vec D -> bool)
    (term : nat -> nat -> seq nat -> V -> T) (x : signal D V) (m : nat) (o : vec D) : T :=
  \big[op/idx]_(c < group_in l) \big[op/idx]_(k : tap (access_of D l))
    read_or idx (fun p => if dom (source l m c) p then term m c (tap_list k) (x (source l m c) p)
                       else idx) (reads (access_of D l) o k).

Definition conv_layer (R : ringType) (w : weights R) (b : nat -> R) (x : signal D R)
    (m : nat) (o : vec D) : R :=
  b m + \sum_(c < group_in l) \sum_(k : tap (access_of D l))
    w m c (tap_list k)
    * read_or 0 (fun p => if in_box (sizes l) p then x (source l m c) p else 0)
        (reads (access_of D l) o k).

(* A pooling: what op makes of the samples that the taps read, each channel for itself; and what it
   becomes on phases, where hit m c q says which samples count. *)
Definition pool_layer (T : Type) (idx : T) (op : Monoid.com_law idx) (x : signal D T) :
    signal D T := layer_fold op inside (fun _ _ _ v => v) x.

Definition max_conv_layer (T : Type) (idx : T) (op : Monoid.com_law idx)
    (hit : nat -> nat -> seq nat -> bool) (x : signal D T) : signal D T :=
  layer_fold op inside (fun m c q v => if hit m c q then v else idx) x.

End Meaning.

(* Phases by their numbers. *)
Fixpoint volume (D : nat) (E : nat -> nat) : nat :=
  if D is D'.+1 then (E 0 * volume D' (fun n => E n.+1))%N else 1%N.

Fixpoint unflat (D : nat) (E : nat -> nat) (n : nat) : seq nat :=
  if D is D'.+1 then
    let rest := volume D' (fun n => E n.+1) in
    (n %/ rest)%N :: unflat D' (fun n => E n.+1) (n %% rest)%N
  else [::].

(* The fine position of coarse position i in phase r, and back. *)
Fixpoint fine_at (D : nat) : (nat -> nat) -> seq nat -> vec D -> vec D :=
  match D return (nat -> nat) -> seq nat -> vec D -> vec D with
  | 0 => fun _ _ i => i
  | D'.+1 => fun E r i => ((E 0%N)%:Z * i.1 + (head 0%N r)%:Z,
                           @fine_at D' (fun n => E n.+1) (behead r) i.2)
  end.

Fixpoint coarse_at (D : nat) : (nat -> nat) -> vec D -> vec D :=
  match D return (nat -> nat) -> vec D -> vec D with
  | 0 => fun _ v => v
  | D'.+1 => fun E v => ((v.1 %/ (E 0%N)%:Z)%Z, @coarse_at D' (fun n => E n.+1) v.2)
  end.

Fixpoint phase_at (D : nat) : (nat -> nat) -> vec D -> nat :=
  match D return (nat -> nat) -> vec D -> nat with
  | 0 => fun _ _ => 0%N
  | D'.+1 => fun E v => (absz (v.1 %% (E 0%N)%:Z)%Z * volume D' (fun n => E n.+1)
                         + @phase_at D' (fun n => E n.+1) v.2)%N
  end.

Inductive order := by_channel | by_phase.

Definition joined (ord : order) (n E c r : nat) : nat :=
  if ord is by_channel then (c * E + r)%N else (c %/ n * (n * E) + r * n + c %% n)%N.
Definition channel_of (ord : order) (n E c : nat) : nat :=
  if ord is by_channel then (c %/ E)%N else (c %/ (n * E) * n + c %% n)%N.
Definition phase_of (ord : order) (n E c : nat) : nat :=
  if ord is by_channel then (c %% E)%N else (c %% (n * E) %/ n)%N.

(* Whether the axes' tables hold the row of output phase rho, tap k, input phase r and tap q. *)
Fixpoint in_rows (D : nat) (f : nat -> tie) (rho k r q : seq nat) : bool :=
  if D is D'.+1 then
    (((head 0 rho, head 0 k), (head 0 r, head 0 q)) \in rows (f 0))%N
    && in_rows D' (fun n => f n.+1) (behead rho) (behead k) (behead r) (behead q)
  else true.

(* The maps of an expansion. *)
Section Maps.

Variables (D : nat) (l : layer) (f : nat -> tie) (ord : order).

Definition ins (n : nat) : nat := e_in (f n).
Definition factors_out (n : nat) : nat := e_out (f n).
Definition many_in : nat := volume D ins.
Definition many_out : nat := volume D factors_out.

Definition phase_array (V : Type) (fill : V) (x : signal D V) (c : nat) (i : vec D) : V :=
  let p := fine_at ins (unflat D ins (phase_of ord (group_in l) many_in c)) i in
  if in_box (sizes l) p then x (channel_of ord (group_in l) many_in c) p else fill.

Definition lands_on (m c : nat) (k q : seq nat) : bool :=
  in_rows D f (unflat D factors_out (phase_of ord (group_out l) many_out m)) k
    (unflat D ins (phase_of ord (group_in l) many_in c)) q.

Definition expanded_term (T V : Type) (idx : T) (op : Monoid.com_law idx)
    (term : nat -> nat -> seq nat -> V -> T) (m c : nat) (q : seq nat) (v : V) : T :=
  \big[op/idx]_(k : tap (access_of D l) | lands_on m c (tap_list k) q)
    term (channel_of ord (group_out l) many_out m) (channel_of ord (group_in l) many_in c)
      (tap_list k) v.

Definition expanded_weight (R : ringType) (w : weights R) (m c : nat) (q : seq nat) : R :=
  \sum_(k : tap (access_of D l) | lands_on m c (tap_list k) q)
    w (channel_of ord (group_out l) many_out m) (channel_of ord (group_in l) many_in c)
      (tap_list k).

Definition reached (m c : nat) (q : seq nat) : bool :=
  [exists k : tap (access_of D l), lands_on m c (tap_list k) q].

Definition expanded_bias (R : Type) (b : nat -> R) (m : nat) : R :=
  b (channel_of ord (group_out l) many_out m).

(* Where a position of a phase is one of the signal: the mask of a tail. *)
Definition on_signal (c : nat) (i : vec D) : bool :=
  in_box (sizes l) (fine_at ins (unflat D ins (phase_of ord (group_in l) many_in c)) i).

(* X holds the phases of x wherever x has a sample. *)
Definition holds_phases (V : Type) (x X : signal D V) : Prop :=
  forall c i, (c < groups l * group_in l * many_in)%N -> on_signal c i ->
    X c i = x (channel_of ord (group_in l) many_in c)
              (fine_at ins (unflat D ins (phase_of ord (group_in l) many_in c)) i).

End Maps.

(* What the numbers of a layer and of its expansion must satisfy. *)
Definition sizes_fit (w w' : window) (a : tie) : Prop :=
  [/\ strided a = on w, unstrided a = on w', 0 < samples w /\ 0 < outputs w,
      samples w' = coarse (samples w) (e_in a) & outputs w' = coarse (outputs w) (e_out a)].

Definition channels_fit (D : nat) (l l' : layer) (f : nat -> tie) : bool :=
  [&& (0 < group_in l)%N, (0 < group_out l)%N, groups l' == groups l,
      group_in l' == (group_in l * many_in D f)%N & group_out l' == (group_out l * many_out D f)%N].

Definition expands (D : nat) (l l' : layer) (f : nat -> tie) : Prop :=
  [/\ forall n, [&& tie_ok (f n), (0 < e_in (f n))%N & (0 < e_out (f n))%N],
      forall n, sizes_fit (windows l n) (windows l' n) (f n)
    & channels_fit D l l' f].
