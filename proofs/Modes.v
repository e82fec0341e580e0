(* Modes.v: what a layer reads outside its input: the boundary modes of PyTorch's pad.

   mode           zeros, reflect_mode (reflect is ssreflect's own word), replicate, circular
   reflected N v  mirrored at the first and the last sample, which are not repeated
   replicated N v the nearest sample
   wrapped N lo hi v   periodic, over what a negative pad (a crop) has left
   boundary_at md N lo hi v   the sample that position v of [-lo, N + hi) reads, None for a zero
   source_at md N lo hi j     the same for index j of [0, N + lo + hi) of the padded array
   fits md N lo hi            the pads that a mode can fill in one go
   mode_in_range  where they fit, a mode other than zeros reads a sample of [0, N)
   filled_at fill N lo x j    padding with a constant, such as a zero-point, on one axis
   padded fill f md x   the padded array, of windows f n and modes md n: index j of its D axes holds
                  what x has at source_at j, and fill where that is None
   padded_in_box  no index of the padded array is without a sample, but for zeros
   padded_constant   with zeros (or a constant) on every axis: the array moved by lo, fill around it
   mode_reads f md o ks   what output o reads through the taps ks under the modes
   conv_mode_layer   the convolution with modes: b m + sum_c sum_k w m c k * what position
                  s*o + d*k - lo reads
   valid_layer l  the same layer on N + lo + hi samples, without pads
   mode_layer     on the outputs of the layer, conv_mode_layer is conv_layer of the valid layer on
                  the padded array: the gather stands in front
   mode_zeros     with zeros on every axis, conv_mode_layer is conv_layer
   Edges: pads may be negative; a base dilation must be 1; outputs outside the box may look at
   positions that the padded array does not have. *)

From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require Import Arith Index Conv Destride Tie Layer Compute Array Taps.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory Num.Theory Order.Theory.
Local Open Scope ring_scope.

Inductive mode := zeros | reflect_mode | replicate | circular.

Definition is_zeros (md : mode) : bool := if md is zeros then true else false.

(* One axis. *)
Definition reflected (N v : int) : int := if `|v| < N then `|v| else 2 * (N - 1) - `|v|.

Definition replicated (N v : int) : int := Num.min (Num.max v 0) (N - 1).

Definition first_left (lo : int) : int := Num.max 0 (- lo).
Definition samples_left (N lo hi : int) : int := N - first_left lo + Num.min hi 0.
Definition wrapped (N lo hi v : int) : int :=
  first_left lo + ((v - first_left lo) %% samples_left N lo hi)%Z.

Definition boundary_at (md : mode) (N lo hi v : int) : option int :=
  match md with
  | zeros => if 0 <= v < N then Some v else None
  | reflect_mode => Some (reflected N v)
  | replicate => Some (replicated N v)
  | circular => Some (wrapped N lo hi v)
  end.

Definition source_at (md : mode) (N lo hi j : int) : option int := boundary_at md N lo hi (j - lo).

Definition filled_at (V : Type) (fill : V) (N lo : int) (x : int -> V) (j : int) : V :=
  if 0 <= j - lo < N then x (j - lo) else fill.

Definition fits (md : mode) (N lo hi : int) : bool :=
  match md with
  | zeros => true
  | reflect_mode => (lo < N) && (hi < N)
  | replicate => true
  | circular => let cropped := N + Num.min lo 0 + Num.min hi 0 in (lo <= cropped) && (hi <= cropped)
  end.

Lemma abs_cases (v : int) : (0 <= v /\ `|v| = v) \/ (v < 0 /\ `|v| = - v).
Proof. by case: (lerP 0 v) => v_cmp; [left; rewrite ger0_norm | right; rewrite ltr0_norm]. Qed.

Lemma max_cases (a b : int) : (a <= b /\ Num.max a b = b) \/ (b < a /\ Num.max a b = a).
Proof. by case: (lerP a b) => cmp; [left | right]. Qed.

Lemma min_cases (a b : int) : (a <= b /\ Num.min a b = a) \/ (b < a /\ Num.min a b = b).
Proof. by case: (lerP a b) => cmp; [left | right]. Qed.

Theorem mode_in_range (md : mode) (N lo hi v : int) :
  ~~ is_zeros md -> 0 < N -> fits md N lo hi -> - lo <= v < N + hi ->
  exists2 p, boundary_at md N lo hi v = Some p & 0 <= p < N.
Proof.
move=> not_zeros N_gt0 + /andP[v_ge v_lt]; case: md not_zeros => //= _.
- move=> /andP[lo_lt hi_lt]; exists (reflected N v) => //; rewrite /reflected.
  by have [[? ->]|[? ->]] := abs_cases v; case: ltP => ?; apply/andP; split; int_lia.
- move=> _; exists (replicated N v) => //; rewrite /replicated.
  have [[? ->]|[? ->]] := max_cases v 0.
    by have [[? ->]|[? ->]] := min_cases 0 (N - 1); apply/andP; split; int_lia.
  by have [[? ->]|[? ->]] := min_cases v (N - 1); apply/andP; split; int_lia.
move=> /andP[lo_le hi_le]; exists (wrapped N lo hi v) => //; rewrite /wrapped.
set a := first_left lo; set n := samples_left N lo hi.
have [n_gt0 a_ge0 n_le] : [/\ 0 < n, 0 <= a & a + n <= N].
  move: lo_le hi_le; rewrite /n /samples_left /a /first_left.
  have [[? ->]|[? ->]] := max_cases 0 (- lo); have [[? ->]|[? ->]] := min_cases lo 0;
  by have [[? ->]|[? ->]] := min_cases hi 0; split; int_lia.
have r_ge0 : 0 <= ((v - a) %% n)%Z by rewrite modz_ge0 // gt_eqF.
have r_lt : ((v - a) %% n)%Z < n by rewrite ltz_pmod.
by apply/andP; split; move: r_ge0 r_lt; set r := (_ %% _)%Z; move=> ? ?; int_lia.
Qed.

(* What the definitions are, in equations. *)
Lemma reflected_before (N v : int) : - N < v <= 0 -> reflected N v = - v.
Proof.
move=> /andP[? ?]; rewrite /reflected.
by have [[? ->]|[? ->]] := abs_cases v; case: ltP => ?; int_lia.
Qed.

Lemma reflected_inside (N v : int) : 0 <= v < N -> reflected N v = v.
Proof. by move=> /andP[v_ge0 v_lt]; rewrite /reflected ger0_norm // v_lt. Qed.

Lemma reflected_behind (N v : int) : 0 <= N <= v -> reflected N v = 2 * (N - 1) - v.
Proof.
move=> /andP[N_ge0 v_ge]; rewrite /reflected ger0_norm; last by int_lia.
by case: ltP => // ?; have: false by int_lia.
Qed.

Lemma reflected_first (N : int) : 1 < N -> reflected N (-1) = 1.
Proof. by move=> ?; rewrite reflected_before //; apply/andP; split; int_lia. Qed.

Lemma reflected_last (N : int) : 1 < N -> reflected N N = N - 2.
Proof. by move=> ?; rewrite reflected_behind; last (apply/andP; split); int_lia. Qed.

Lemma replicated_before (N v : int) : 0 < N -> v < 0 -> replicated N v = 0.
Proof.
move=> ? ?; rewrite /replicated; have [[? ->]|[? ->]] := max_cases v 0; last by int_lia.
by have [[? ->]|[? ->]] := min_cases 0 (N - 1); int_lia.
Qed.

Lemma replicated_inside (N v : int) : 0 <= v < N -> replicated N v = v.
Proof.
move=> /andP[? ?]; rewrite /replicated (_ : Num.max v 0 = v).
  by have [[? ->]|[? ->]] := min_cases v (N - 1); int_lia.
by have [[? ->]|[? ->]] := max_cases v 0; int_lia.
Qed.

Lemma replicated_behind (N v : int) : 0 < N -> N <= v -> replicated N v = N - 1.
Proof.
move=> ? ?; rewrite /replicated (_ : Num.max v 0 = v).
  by have [[? ->]|[? ->]] := min_cases v (N - 1); int_lia.
by have [[? ->]|[? ->]] := max_cases v 0; int_lia.
Qed.

(* Without crops circular is the remainder. *)
Lemma wrapped_uncropped (N lo hi v : int) : 0 <= lo -> 0 <= hi -> wrapped N lo hi v = (v %% N)%Z.
Proof.
move=> lo_ge0 hi_ge0; rewrite /wrapped /samples_left /first_left.
rewrite (_ : Num.max 0 (- lo) = 0); last by have [[? ->]|[? ->]] := max_cases 0 (- lo); int_lia.
rewrite (_ : Num.min hi 0 = 0); last by have [[? ->]|[? ->]] := min_cases hi 0; int_lia.
by rewrite !subr0 add0r ?addr0.
Qed.

(* Where the crops leave a sample, it is read where it stands. *)
Lemma wrapped_inside (N lo hi v : int) :
  first_left lo <= v < first_left lo + samples_left N lo hi -> wrapped N lo hi v = v.
Proof.
move=> /andP[v_ge v_lt]; rewrite /wrapped modz_small; first by rewrite addrC subrK.
by apply/andP; split; [rewrite subr_ge0 | rewrite ltr_subl_addl].
Qed.

Lemma source_inside (md : mode) (N lo hi v : int) : 0 <= lo -> 0 <= hi ->
  0 <= v < N -> source_at md N lo hi (lo + v) = Some v.
Proof.
move=> lo_ge0 hi_ge0 v_in; rewrite /source_at addrC addKr; case: md => /=.
- by rewrite v_in.
- by rewrite reflected_inside.
- by rewrite replicated_inside.
by rewrite wrapped_uncropped // modz_small.
Qed.

Lemma filled_source (V : Type) (fill : V) (N lo hi : int) (x : int -> V) (j : int) :
  filled_at fill N lo x j = oapp x fill (source_at zeros N lo hi j).
Proof. by rewrite /filled_at /source_at /=; case: ifP. Qed.

(* D axes. *)
Fixpoint gather (D : nat) : (nat -> window) -> (nat -> mode) -> vec D -> option (vec D) :=
  match D return (nat -> window) -> (nat -> mode) -> vec D -> option (vec D) with
  | 0 => fun _ _ _ => Some tt
  | D'.+1 => fun f md j =>
      obind (fun p => omap (pair p) (@gather D' (fun n => f n.+1) (fun n => md n.+1) j.2))
        (source_at (md 0%N) (samples (f 0%N)) (lo (on (f 0%N))) (high (f 0%N)) j.1)
  end.

Definition padded (D : nat) (V : Type) (fill : V) (f : nat -> window) (md : nat -> mode)
    (x : signal D V) (c : nat) (j : vec D) : V := oapp (x c) fill (gather f md j).

Fixpoint mode_reads (D : nat) :
    (nat -> window) -> (nat -> mode) -> vec D -> seq nat -> option (vec D) :=
  match D return (nat -> window) -> (nat -> mode) -> vec D -> seq nat -> option (vec D) with
  | 0 => fun _ _ _ _ => Some tt
  | D'.+1 => fun f md o ks =>
      obind (fun p => omap (pair p)
               (@mode_reads D' (fun n => f n.+1) (fun n => md n.+1) o.2 (behead ks)))
        (boundary_at (md 0%N) (samples (f 0%N)) (lo (on (f 0%N))) (high (f 0%N))
          (position (on (f 0%N)) o.1 (head 0%N ks)))
  end.

Definition conv_mode_layer (D : nat) (l : layer) (md : nat -> mode) (R : ringType) (fill : R)
    (w : weights R) (b : nat -> R) (x : signal D R) (m : nat) (o : vec D) : R :=
  b m + \sum_(c < group_in l) \sum_(k : tap (access_of D l))
    w m c (tap_list k)
    * oapp (x (source l m c)) fill (mode_reads (windows l) md o (tap_list k)).

Lemma conv_mode_layerE (D : nat) (l : layer) (md : nat -> mode) (R : ringType) (fill : R)
    (w : weights R) (b : nat -> R) (x : signal D R) (m : nat) (o : vec D) :
  conv_mode_layer l md fill w b x m o
  = b m + \sum_(c < group_in l) \sum_(ks <- tap_box D (kernels (axes l)))
      w m c ks * oapp (x (source l m c)) fill (mode_reads (windows l) md o ks).
Proof. by congr (_ + _); apply: eq_bigr => c _; rewrite -(big_taps [com_law of +%R]). Qed.

Definition valid_axis (a : axis) : axis :=
  Axis (kernel a) (stride a) (dilation a) (base a) 0 (reversed a).
Definition padded_size (w : window) : int := samples w + lo (on w) + high w.
Definition valid_window (w : window) : window := Window (valid_axis (on w)) (padded_size w) 0.
Definition valid_layer (l : layer) : layer :=
  Layer (groups l) (group_in l) (group_out l) (fun n => valid_window (windows l n)).

Lemma valid_outputs (w : window) : base (on w) = 1%N -> outputs (valid_window w) = outputs w.
Proof.
move=> u1; rewrite /outputs /out_size /= /padded_size u1.
by congr ((_ %/ _)%Z + 1); int_lia.
Qed.

(* The padded array has what an output in the box looks at. *)
Lemma position_padded (w : window) (o : int) (k : nat) :
  base (on w) = 1%N -> (0 < stride (on w))%N -> 0 <= o < outputs w -> (k < kernel (on w))%N ->
  0 <= position (valid_axis (on w)) o k < padded_size w.
Proof.
move=> u1 s_gt0 /andP[o_ge0].
rewrite /outputs out_size_fits // u1 /position /padded_size /=.
set a := on w; set K := kernel a; set d := dilation a; set s := stride a.
move=> o_lt k_lt.
have so_ge0 : 0 <= s%:Z * o by rewrite mulr_ge0.
pose j : int := if reversed a then K%:Z - 1 - k%:Z else k%:Z.
have /andP[j_ge0 j_le] : 0 <= j <= K%:Z - 1.
  by rewrite /j; case: ifP => _; apply/andP; split; int_lia.
have dj_ge0 : 0 <= d%:Z * j by rewrite mulr_ge0.
have dj_le : d%:Z * j <= d%:Z * (K%:Z - 1) by rewrite ler_wpmul2l.
rewrite -/j; move: so_ge0 dj_ge0 dj_le o_lt.
set so := _ * o; set dj := _ * j; set dK := _ * (_ - 1).
by move=> ? ? ? ?; apply/andP; split; int_lia.
Qed.

Lemma mode_reads_gather (D : nat) (f : nat -> window) (md : nat -> mode) (o : vec D) ks :
  (forall n, (n < D)%N -> base (on (f n)) = 1%N /\ (0 < stride (on (f n)))%N) ->
  in_box (fun n => outputs (f n)) o -> ks \in tap_box D (fun n => kernel (on (f n))) ->
  exists2 j, reads_at (fun n => valid_axis (on (f n))) o ks = Some j
           & in_box (fun n => padded_size (f n)) j /\ mode_reads f md o ks = gather f md j.
Proof.
elim: D f md o ks => [|D IH] f md o ks f_ok; first by exists tt.
move=> o_box /tap_box_cons[k [ks' [-> k_lt ks_in]]]; have /andP[o_in o'_in] := o_box.
have [u1 s_gt0] := f_ok 0%N isT.
have [j' eq_j' [j'_in eq_reads]] :=
  IH (fun n => f n.+1) (fun n => md n.+1) o.2 ks' (fun n n_lt => f_ok n.+1 n_lt) o'_in ks_in.
exists (position (valid_axis (on (f 0%N))) o.1 k, j') => /=.
  by rewrite u1 undilate1 /= eq_j'.
rewrite position_padded // j'_in /source_at; split=> //.
by rewrite {2}/position /= subr0 -/(position _ _ _) eq_reads.
Qed.

Theorem mode_layer (D : nat) (l : layer) (md : nat -> mode) (R : ringType) (fill : R)
    (w : weights R) (b : nat -> R) (x : signal D R) (m : nat) (o : vec D) :
  (forall n, (n < D)%N -> base (on (windows l n)) = 1%N /\ (0 < stride (on (windows l n)))%N) ->
  in_box (outs l) o ->
  conv_mode_layer l md fill w b x m o
  = conv_layer (valid_layer l) w b (padded fill (windows l) md x) m o.
Proof.
move=> l_ok o_in; rewrite conv_layerE conv_mode_layerE; congr (_ + _); apply: eq_bigr => c _.
rewrite !big_seq; apply: eq_bigr => ks ks_in.
have [j eq_j [j_in eq_reads]] := mode_reads_gather md l_ok o_in ks_in.
by rewrite eq_reads eq_j /= j_in.
Qed.

Lemma zeros_reads (D : nat) (f : nat -> window) (V : Type) (fill : V) (x : vec D -> V) o ks :
  (forall n, (n < D)%N -> base (on (f n)) = 1%N) ->
  oapp x fill (mode_reads f (fun _ => zeros) o ks)
  = read_or fill (fun p => if in_box (fun n => samples (f n)) p then x p else fill)
      (reads_at (fun n => on (f n)) o ks).
Proof.
elim: D f x o ks => [|D IH] f x o ks u1 //=; rewrite u1 // undilate1 /=.
set v := position _ _ _; have := IH (fun n => f n.+1) (fun v' => x (v, v')) o.2 (behead ks).
move=> /(_ (fun n => u1 n.+1)); case v_in: (0 <= v < samples (f 0%N)) => /=.
  by case: (reads_at _ _ _) => [p|]; case: (mode_reads _ _ _ _) => [q|] //=; rewrite v_in.
by move=> _; case: (reads_at _ _ _) => //= p; rewrite v_in.
Qed.

Theorem mode_zeros (D : nat) (l : layer) (R : ringType) (w : weights R) (b : nat -> R)
    (x : signal D R) (m : nat) (o : vec D) :
  (forall n, (n < D)%N -> base (on (windows l n)) = 1%N) ->
  conv_mode_layer l (fun _ => zeros) 0 w b x m o = conv_layer l w b x m o.
Proof.
move=> u1; rewrite conv_layerE conv_mode_layerE; congr (_ + _); apply: eq_bigr => c _.
by apply: eq_bigr => ks _; rewrite zeros_reads.
Qed.

(* Every index of the padded array holds a sample, but for zeros. *)
Theorem padded_in_box (D : nat) (f : nat -> window) (md : nat -> mode) (j : vec D) :
  (forall n, (n < D)%N -> [/\ ~~ is_zeros (md n), 0 < samples (f n)
     & fits (md n) (samples (f n)) (lo (on (f n))) (high (f n))]) ->
  in_box (fun n => padded_size (f n)) j ->
  exists2 p, gather f md j = Some p & in_box (fun n => samples (f n)) p.
Proof.
elim: D f md j => [|D IH] f md j f_ok /=; first by exists tt.
move=> /andP[/andP[j_ge0 j_lt] j'_in]; have [not_zeros N_gt0 pads_fit] := f_ok 0%N isT.
have v_in : - lo (on (f 0%N)) <= j.1 - lo (on (f 0%N)) < samples (f 0%N) + high (f 0%N).
  by move: j_lt; rewrite /padded_size => j_lt; apply/andP; split; int_lia.
have [p eq_p p_in] := mode_in_range not_zeros N_gt0 pads_fit v_in.
have [p' eq_p' p'_in] := IH _ (fun n => md n.+1) _ (fun n n_lt => f_ok n.+1 n_lt) j'_in.
by exists (p, p'); rewrite /= ?p_in //= /source_at eq_p /= eq_p'.
Qed.

(* With zeros, or a constant such as a zero-point, on every axis: the array, moved by lo. *)
Fixpoint moved (D : nat) : (nat -> window) -> vec D -> vec D :=
  match D return (nat -> window) -> vec D -> vec D with
  | 0 => fun _ j => j
  | D'.+1 => fun f j => (j.1 - lo (on (f 0%N)), @moved D' (fun n => f n.+1) j.2)
  end.

Theorem padded_constant (D : nat) (V : Type) (fill : V) (f : nat -> window) (x : signal D V) c j :
  padded fill f (fun _ => zeros) x c j
  = if in_box (fun n => samples (f n)) (moved f j) then x c (moved f j) else fill.
Proof.
rewrite /padded; move: (x c) => {c}x; elim: D f x j => [|D IH] f x j; first by case: j.
rewrite /= /source_at /=; case: (0 <= _ < _) => //=.
by rewrite -(IH (fun n => f n.+1) (fun v => x (_, v))); case: (gather _ _ _).
Qed.

(* A signal of 4 samples with 2 in front and 3 behind: what each index reads. *)
Example modes_of_four :
  [seq [seq source_at md 4 2 3 j%:Z | j <- iota 0 9]
  | md <- [:: zeros; reflect_mode; replicate; circular]]
  = [:: [:: None; None; Some 0; Some 1; Some 2; Some 3; None; None; None];
        map Some [:: 2; 1; 0; 1; 2; 3; 2; 1; 0];
        map Some [:: 0; 0; 0; 1; 2; 3; 3; 3; 3];
        map Some [:: 2; 3; 0; 1; 2; 3; 0; 1; 2]].
Proof. by vm_compute. Qed.

(* One sample cropped in front, two wrapped behind. *)
Example circular_cropped :
  [seq source_at circular 4 (-1) 2 j%:Z | j <- iota 0 5] = map Some [:: 1; 2; 3; 1; 2].
Proof. by vm_compute. Qed.

(* Kernel 3 on (1, 2, 3, 4), a sample mirrored at each end. *)
Example reflected_layer :
  let l := Layer 1 1 1 (fun _ => Window (Axis 3 1 1 1 1 false) 4 1) in
  let w (_ _ : nat) ks : int := nth 0 [:: 1; 10; 100] (head 0%N ks) in
  let x (_ : nat) (v : vec 1) : int := array_of_list 0 [:: 4%N] [:: 1; 2; 3; 4] v in
  outs l 0 = 4 /\
  [seq conv_mode_layer (D := 1) l (fun _ => reflect_mode) 0 w (fun _ => 0) x 0 (o%:Z, tt)
  | o <- iota 0 4] = [:: 212; 321; 432; 343].
Proof. by split; rewrite //= !conv_mode_layerE /= !big_ord1 unlock; vm_compute. Qed.
