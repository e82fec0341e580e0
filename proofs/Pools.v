(* Pools.v: poolings as PyTorch means them: the maximum with -inf, the mean with its divisors.

   maxo           the maximum of option T, where None is -inf: a commutative, idempotent monoid
   pooling l      a channel a group: output channel c reads input channel c
   read_through l x c o ks v   output o reads the sample v (not -inf) through the taps ks
   max_layer l x c o   the maximum over the taps that read inside the box
   max_layerP     Some v is the result iff some tap reads v and every sample read is at most v
   max_layer_none None is the result iff no tap reads a sample
   counted_taps   the taps of an output that are in [first, end)
   counted_tapsE  it is min(start + K, end) - max(start, first), or 0 where that is negative
   divisor counted f hi o   the counts of the axes multiplied: in the padded input, [-lo, N + hi),
                  or in the input, [0, N).  hi is without what ceil_mode's last window is missing
   average_layer  the sum over the taps that read inside the box, over the divisor
   divisor_reads  without pads, the divisor is the number of taps that read inside the box
   average_inside where the whole window is inside the input, both divisors are the kernel's volume
   average_border the mean without pads is K / n times the mean with them, n the number of samples
   ceil_outputs   PyTorch's number of outputs with ceil_mode
   missing        the samples that the last window hangs over the end
   ceil_mode_pad  they are the outputs with high pad hi + missing
   longer l e     e n samples more on axis n, and as many fewer in the high pad
   max_behind     a maximum with a larger high pad is one of the array with -inf behind
   ceil_layer l   the layer of ceil_mode; behind_layer l: l on an array that is longer by missing
   ceil_layer_outputs, ceil_pool   both have ceil_outputs, and their maxima are equal, with -inf
                  behind the array
   relu_pool      max(., z) before a max pooling is max(., z) after it, if it reads a sample at all;
                  relu_samples: on an array without -inf; zeros_for_pads: behind it pads of z
                  do for -inf
   Edges: a window may read nothing; then the maximum is -inf, and a divisor is 0.  A mean has no
   dilation and no reversal in PyTorch; divisors do not look at them. *)

From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require Import Arith Index Conv Destride Tie Layer Compute Array Taps Modes.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory Num.Theory Order.Theory.
Local Open Scope ring_scope.

Section Maximum.

Context {disp : unit} {T : orderType disp}.

Definition maxo (a b : option T) : option T :=
  match a, b with
  | Some u, Some v => Some (Order.max u v)
  | None, _ => b
  | _, None => a
  end.

Lemma maxoA : associative maxo. Proof. by case=> [a|] [b|] [c|] //=; rewrite maxA. Qed.
Lemma maxoC : commutative maxo. Proof. by case=> [a|] [b|] //=; rewrite maxC. Qed.
Lemma max0o : left_id None maxo. Proof. by case. Qed.
Lemma maxo0 : right_id None maxo. Proof. by case. Qed.
Lemma maxoo : idempotent maxo. Proof. by case=> [a|] //=; rewrite maxxx. Qed.

Canonical maxo_monoid := Monoid.Law maxoA max0o maxo0.
Canonical maxo_comoid := Monoid.ComLaw maxoC.

(* The least upper bound of what is there. *)
Definition is_max (I : eqType) (s : seq I) (F : I -> option T) (v : T) : Prop :=
  (exists2 i, i \in s & F i = Some v)
  /\ forall i u, i \in s -> F i = Some u -> (u <= v)%O.

Lemma big_maxo_ge (I : eqType) (s : seq I) (F : I -> option T) i u :
  i \in s -> F i = Some u -> exists2 v, \big[maxo/None]_(j <- s) F j = Some v & (u <= v)%O.
Proof.
elim: s => // j s IH; rewrite inE big_cons => /orP[/eqP<- ->|i_in Fi].
  case: (\big[_/_]_(_ <- _) _) => [v|]; last by exists u.
  by exists (Order.max u v); rewrite ?le_maxr ?lexx.
have [v -> u_le] := IH i_in Fi.
by case: (F j) => [v'|]; [exists (Order.max v' v) | exists v]; rewrite ?le_maxr ?u_le ?orbT.
Qed.

Lemma big_maxo_in (I : eqType) (s : seq I) (F : I -> option T) v :
  \big[maxo/None]_(j <- s) F j = Some v -> exists2 i, i \in s & F i = Some v.
Proof.
elim: s v => [|j s IH] v; first by rewrite big_nil.
rewrite big_cons; case: (\big[_/_]_(_ <- _) _) IH => [u|] IH.
  have [i i_in Fi] := IH u erefl.
  case Fj: (F j) => [u'|] /= [<-]; last by exists i; rewrite // inE i_in orbT.
  by case: leP => _; [exists i; rewrite // inE i_in orbT | exists j; rewrite // inE eqxx].
by rewrite [maxo _ _]maxo0 => Fj; exists j; rewrite // inE eqxx.
Qed.

Lemma big_maxoP (I : eqType) (s : seq I) (F : I -> option T) v :
  \big[maxo/None]_(j <- s) F j = Some v <-> is_max s F v.
Proof.
split=> [eq_v|[[i i_in Fi] v_ge]].
  split=> [|i u i_in Fi]; first exact: big_maxo_in.
  by have [v'] := big_maxo_ge i_in Fi; rewrite eq_v => -[->].
have [v' eq_v' v_le] := big_maxo_ge i_in Fi; rewrite eq_v'.
have [j j_in Fj] := big_maxo_in eq_v'.
by congr Some; apply/eqP; rewrite eq_le v_le (v_ge j v').
Qed.

Lemma big_maxo_none (I : eqType) (s : seq I) (F : I -> option T) :
  \big[maxo/None]_(j <- s) F j = None <-> forall i, i \in s -> F i = None.
Proof.
split=> [eq_none i i_in|none]; last by rewrite big_seq big1.
by case Fi: (F i) => [u|] //; have [v] := big_maxo_ge i_in Fi; rewrite eq_none.
Qed.

Lemma big_maxo_same (I : Type) (s : seq I) (P : pred I) (z : option T) :
  maxo z (\big[maxo/None]_(i <- s) (if P i then z else None)) = z.
Proof.
elim: s => [|i s IH]; first by rewrite big_nil maxo0.
by rewrite big_cons; case: ifP => _; rewrite ?maxoA ?maxoo ?maxo0.
Qed.

End Maximum.

Definition pooling (l : layer) : bool := (group_in l == 1%N) && (group_out l == 1%N).

Lemma pool_foldE (D : nat) (l : layer) (S V : Type) (idx : S) (op : Monoid.com_law idx) dom
    (term : nat -> nat -> seq nat -> V -> S) (x : signal D V) c o : pooling l ->
  layer_fold l op dom term x c o
  = \big[op/idx]_(ks <- tap_box D (kernels (axes l)))
      read_or idx (fun p => if dom c p then term c 0%N ks (x c p) else idx)
        (reads_at (axes l) o ks).
Proof.
case/andP=> /eqP one_in /eqP one_out; rewrite layer_foldE.
have src : source l c 0 = c by rewrite /source one_in one_out divn1 muln1 addn0.
by rewrite -(big_mkord xpredT (fun c' => \big[op/idx]_(ks <- _) read_or idx (fun p =>
  if dom (source l c c') p then term c c' ks (x (source l c c') p) else idx) _))
  one_in big_nat1 src.
Qed.

Section MaxPool.

Context {disp : unit} {T : orderType disp}.
Variables (D : nat).

Definition max_layer (l : layer) (x : signal D (option T)) (c : nat) (o : vec D) : option T :=
  layer_fold l maxo_comoid (inside l) (fun _ _ _ v => v) x c o.

Definition read_through (l : layer) (x : signal D (option T)) c o ks v : Prop :=
  ks \in tap_box D (kernels (axes l))
  /\ exists2 p, reads_at (axes l) o ks = Some p & in_box (sizes l) p /\ x c p = Some v.

Let sample (l : layer) (x : signal D (option T)) c o ks : option T :=
  read_or None (fun p => if in_box (sizes l) p then x c p else None) (reads_at (axes l) o ks).

Lemma sampleP (l : layer) x c o ks v : ks \in tap_box D (kernels (axes l)) ->
  sample l x c o ks = Some v <-> read_through l x c o ks v.
Proof.
rewrite /sample /read_through => ks_in; split=> [|[_ [p -> /= [-> ->]]] //].
case: (reads_at _ _ _) => [p|] //=; case: ifP => // p_in x_p.
by split=> //; exists p.
Qed.

Lemma max_layerE (l : layer) x c o : pooling l ->
  max_layer l x c o = \big[maxo/None]_(ks <- tap_box D (kernels (axes l))) sample l x c o ks.
Proof. exact: (pool_foldE maxo_comoid). Qed.

Theorem max_layerP (l : layer) (x : signal D (option T)) c o v : pooling l ->
  max_layer l x c o = Some v
  <-> (exists ks, read_through l x c o ks v)
      /\ forall ks u, read_through l x c o ks u -> (u <= v)%O.
Proof.
move=> l_pool; rewrite max_layerE // big_maxoP /is_max.
split=> [[[ks ks_in /sampleP reads_v] v_ge]|[[ks reads_v] v_ge]].
  by split=> [|ks' u reads_u]; [exists ks; exact: reads_v
    | apply: (v_ge ks'); [case: reads_u | apply/sampleP; first case: reads_u]].
have ks_in := proj1 reads_v; split; first by exists ks; last exact/sampleP.
by move=> ks' u ks'_in /sampleP reads_u; apply: (v_ge ks'); exact: reads_u.
Qed.

Theorem max_layer_none (l : layer) (x : signal D (option T)) c o : pooling l ->
  max_layer l x c o = None <-> forall ks v, ~ read_through l x c o ks v.
Proof.
move=> l_pool; rewrite max_layerE // big_maxo_none.
split=> [none ks v reads_v|none ks ks_in].
  have ks_in := proj1 reads_v; have := none ks ks_in.
  by have -> : sample l x c o ks = Some v by exact/sampleP.
case eq_v: (sample l x c o ks) => [v|//].
by case: (none ks v); exact/sampleP.
Qed.

(* ceil_mode: the reads behind are reads of nothing. *)
Definition longer (l : layer) (e : nat -> int) : layer :=
  Layer (groups l) (group_in l) (group_out l) (fun n =>
    let w := windows l n in Window (on w) (samples w + e n) (high w - e n)).

Lemma longer_outputs (l : layer) (e : nat -> int) (n : nat) :
  base (on (windows l n)) = 1%N -> outs (longer l e) n = outs l n.
Proof.
move=> u1; rewrite /outs /outputs /out_size /= u1.
by congr ((_ %/ _)%Z + 1); int_lia.
Qed.

Definition extended (V : Type) (fill : V) (l : layer) (x : signal D V) (c : nat) (p : vec D) : V :=
  if in_box (sizes l) p then x c p else fill.

Lemma longer_box (D' : nat) (N e : nat -> int) (p : vec D') :
  (forall n, (n < D')%N -> 0 <= e n) -> in_box N p -> in_box (fun n => N n + e n) p.
Proof.
elim: D' N e p => [|D' IH] N e p e_ge0 //= /andP[/andP[? ?] p_in].
rewrite (IH _ (fun n => e n.+1)) ?andbT //; last by move=> n n_lt; apply: e_ge0.
by have ? := e_ge0 0%N isT; apply/andP; split; int_lia.
Qed.

Theorem max_behind (l : layer) (e : nat -> int) (x : signal D (option T)) c o :
  (forall n, (n < D)%N -> 0 <= e n) ->
  max_layer l x c o = max_layer (longer l e) (extended None l x) c o.
Proof.
move=> e_ge0; rewrite /max_layer !layer_foldE; apply: eq_bigr => c' _; apply: eq_bigr => ks _ /=.
case: (reads_at _ _ _) => //= p; rewrite /inside /extended; case: ifP => [p_in|]; last by case: ifP.
by rewrite [in_box _ p](longer_box e_ge0 p_in).
Qed.

Theorem relu_pool (l : layer) (x : signal D (option T)) (z : option T) c o : pooling l ->
  (exists k : tap (access_of D l), exists2 p, reads (access_of D l) o k = Some p & inside l c p) ->
  max_layer l (fun c p => maxo (x c p) z) c o = maxo (max_layer l x c o) z.
Proof.
move=> l_pool [k [p eq_p p_in]]; rewrite !max_layerE //.
set s := tap_box _ _; pose live ks := oapp (in_box (sizes l)) false (reads_at (axes l) o ks).
have k_in : tap_list k \in s := tap_list_in k.
rewrite (eq_bigr (fun ks => maxo (sample l x c o ks) (if live ks then z else None))); last first.
  by move=> ks _; rewrite /sample /live; case: (reads_at _ _ _) => //= q; case: ifP.
rewrite big_split /=; congr maxo.
have: live (tap_list k) by rewrite /live -reads_atE eq_p.
elim: s k_in => // ks s IH; rewrite inE big_cons => /orP[/eqP<- ->|/IH IHs /IHs ->].
  exact: big_maxo_same.
by case: ifP => _; rewrite ?maxoo ?max0o.
Qed.

(* The same where no sample is -inf. *)
Corollary relu_samples (l : layer) (x : signal D T) (z : T) c o : pooling l ->
  (exists k : tap (access_of D l), exists2 p, reads (access_of D l) o k = Some p & inside l c p) ->
  max_layer l (fun c p => Some (Order.max (x c p) z)) c o
  = maxo (max_layer l (fun c p => Some (x c p)) c o) (Some z).
Proof. exact: (relu_pool (fun c p => Some (x c p)) (Some z)). Qed.

(* On an array whose samples are all at least z (behind a ReLU, z = 0), pads of z do for -inf at
   every output that reads a sample. *)
Theorem zeros_for_pads (l : layer) (y : signal D (option T)) (z : T) c (o : vec D) : pooling l ->
  (forall n, (n < D)%N -> base (on (windows l n)) = 1%N /\ (0 < stride (on (windows l n)))%N) ->
  (forall p, in_box (sizes l) p -> maxo (y c p) (Some z) = y c p) ->
  in_box (outs l) o ->
  (exists k : tap (access_of D l), exists2 p, reads (access_of D l) o k = Some p & inside l c p) ->
  max_layer l y c o
  = max_layer (valid_layer l) (padded (Some z) (windows l) (fun _ => zeros) y) c o.
Proof.
move=> l_pool l_ok y_ge o_in live_o; have := relu_pool y (Some z) l_pool live_o.
have -> : max_layer l (fun c p => maxo (y c p) (Some z)) c o = max_layer l y c o.
  rewrite !max_layerE //; apply: eq_bigr => ks _; rewrite /sample.
  by case: (reads_at _ _ _) => //= p; case: ifP => // p_in; exact: y_ge.
move=> ->; rewrite !max_layerE //; case: live_o => k _.
have k_in : tap_list k \in tap_box D (kernels (axes l)) := tap_list_in k.
have eq_z : Some z = \big[maxo/None]_(ks <- tap_box D (kernels (axes l))) Some z.
  case: (tap_box _ _) k_in => // ks s _; rewrite big_cons.
  exact: esym (big_maxo_same s xpredT (Some z)).
rewrite [in LHS]eq_z -big_split /= !big_seq; apply: eq_bigr => ks ks_in.
have [j eq_j [j_in eq_reads]] := mode_reads_gather (fun _ => zeros) l_ok o_in ks_in.
rewrite [RHS]/sample eq_j /= [in_box _ j]j_in /padded -eq_reads zeros_reads => [|n n_lt];
  last by case: (l_ok n n_lt).
rewrite /sample; case: (reads_at _ _ _) => [p|] //=.
by case: ifP => // p_in; exact: y_ge.
Qed.

End MaxPool.

(* Divisors. *)
Definition counted_taps (K s : nat) (lo first end_ o : int) : nat :=
  count (fun k : nat => first <= s%:Z * o + k%:Z - lo < end_) (iota 0 K).

(* Innermost first, so that what is said of the others is free of maxima. *)
Ltac flat t := lazymatch t with
  | context [@Order.max _ _ _ _] => fail
  | context [@Order.min _ _ _ _] => fail
  | _ => idtac
  end.
Ltac split_max := repeat match goal with
  | |- context [@Order.max _ _ ?a ?b] => flat a; flat b; have [[? ->]|[? ->]] := max_cases a b
  | |- context [@Order.min _ _ ?a ?b] => flat a; flat b; have [[? ->]|[? ->]] := min_cases a b
  end.

Theorem counted_tapsE (K s : nat) (lo first end_ o : int) (start : int := s%:Z * o - lo) :
  (counted_taps K s lo first end_ o)%:Z
  = Num.max 0 (Num.min (start + K%:Z) end_ - Num.max start first).
Proof.
rewrite /counted_taps; elim: K => [|K IH]; first by rewrite [count _ _]/=; split_max; int_lia.
rewrite -addn1 iotaD add0n count_cat PoszD IH /= addn0 {IH}.
have -> : s%:Z * o + K%:Z - lo = start + K%:Z by rewrite /start; int_lia.
case: (lerP first (start + K%:Z)) => ? /=; case: (ltrP (start + K%:Z) end_) => ? /=;
by split_max; int_lia.
Qed.

(* The range that is counted on one axis, cut as the crops cut the input. *)
Definition first_counted (counted : bool) (w : window) : int :=
  if counted then - lo (on w) else Num.max (- lo (on w)) 0.
Definition end_counted (counted : bool) (w : window) (hi : int) : int :=
  if counted then samples w + hi else Num.min (samples w + hi) (samples w).

Definition axis_divisor (counted : bool) (w : window) (hi o : int) : nat :=
  counted_taps (kernel (on w)) (stride (on w)) (lo (on w)) (first_counted counted w)
    (end_counted counted w hi) o.

Fixpoint divisor (D : nat) : bool -> (nat -> window) -> (nat -> int) -> vec D -> nat :=
  match D return bool -> (nat -> window) -> (nat -> int) -> vec D -> nat with
  | 0 => fun _ _ _ _ => 1%N
  | D'.+1 => fun counted f hi o =>
      (axis_divisor counted (f 0) (hi 0) o.1
       * @divisor D' counted (fun n => f n.+1) (fun n => hi n.+1) o.2)%N
  end.

Section AveragePool.

Variables (D : nat) (F : fieldType).

Definition average_layer (l : layer) (counted : bool) (hi : nat -> int) (x : signal D F)
    (c : nat) (o : vec D) : F :=
  layer_fold l [com_law of +%R] (inside l) (fun _ _ _ v => v) x c o
  / (divisor counted (windows l) hi o)%:R.

(* Windows that lie between two ends on every axis. *)
Fixpoint window_between (D' : nat) :
    (nat -> int) -> (nat -> int) -> (nat -> window) -> vec D' -> bool :=
  match D' return (nat -> int) -> (nat -> int) -> (nat -> window) -> vec D' -> bool with
  | 0 => fun _ _ _ _ => true
  | D''.+1 => fun first end_ f o =>
      let a := on (f 0%N) in
      let start := (stride a)%:Z * o.1 - lo a in
      (first 0%N <= start) && (start + (kernel a)%:Z <= end_ 0%N)
      && @window_between D'' (fun n => first n.+1) (fun n => end_ n.+1) (fun n => f n.+1) o.2
  end.

Fixpoint window_volume (D' : nat) (f : nat -> window) : nat :=
  if D' is D''.+1 then (kernel (on (f 0)) * window_volume D'' (fun n => f n.+1))%N else 1%N.

Lemma divisor_between (D' : nat) (counted : bool) (f : nat -> window) (hi : nat -> int)
    (o : vec D') :
  window_between (fun n => first_counted counted (f n)) (fun n => end_counted counted (f n) (hi n))
    f o -> divisor counted f hi o = window_volume D' f.
Proof.
elim: D' f hi o => [|D' IH] f hi o //= /andP[/andP[start_ge end_le] o'_in].
rewrite (IH (fun n => f n.+1)) //; congr (_ * _)%N.
rewrite /axis_divisor /counted_taps -[RHS](size_iota 0); apply/eqP; rewrite -all_count.
apply/allP => k; rewrite mem_iota add0n => /andP[_]; move: (k : nat) => {}k k_lt.
by apply/andP; split; int_lia.
Qed.

Lemma between_inside (D' : nat) (counted : bool) (f : nat -> window) (hi : nat -> int)
    (o : vec D') :
  (forall n, (n < D')%N -> 0 <= lo (on (f n)) /\ 0 <= hi n) ->
  window_between (fun _ => 0) (fun n => samples (f n)) f o ->
  window_between (fun n => first_counted counted (f n)) (fun n => end_counted counted (f n) (hi n))
    f o.
Proof.
elim: D' f hi o => [|D' IH] f hi o //= pads_ge0 /andP[/andP[start_ge end_le] o'_in].
rewrite (IH (fun n => f n.+1)) ?andbT //; last by move=> n n_lt; apply: pads_ge0.
have [lo_ge0 hi_ge0] := pads_ge0 0%N isT; rewrite /first_counted /end_counted.
case: {IH} counted; first by apply/andP; split; int_lia.
by split_max; apply/andP; split; int_lia.
Qed.

(* The mean of the samples is over as many as are read. *)
Definition mean_window (w : window) : bool :=
  [&& dilation (on w) == 1%N, base (on w) == 1%N & ~~ reversed (on w)].

Theorem divisor_reads (D' : nat) (f : nat -> window) (hi : nat -> int) (o : vec D') :
  (forall n, (n < D')%N -> [/\ mean_window (f n), 0 <= lo (on (f n)) & 0 <= hi n]) ->
  divisor false f hi o
  = count (fun ks => oapp (in_box (fun n => samples (f n))) false
                       (reads_at (fun n => on (f n)) o ks))
      (tap_box D' (fun n => kernel (on (f n)))).
Proof.
rewrite -sum1_count big_mkcond; elim: D' f hi o => [|D' IH] f hi o f_ok.
  by rewrite big_seq1.
rewrite big_allpairs_dep /= (IH (fun n => f n.+1)) => [|n n_lt]; last exact: f_ok.
have [/and3P[/eqP d1 /eqP u1 /negbTE not_rev] lo_ge0 hi_ge0] := f_ok 0%N isT.
rewrite /axis_divisor /counted_taps -sum1_count [X in (X * _)%N]big_mkcond.
rewrite big_distrl /=; apply: eq_bigr => k _.
rewrite u1 undilate1 /= /position d1 not_rev mul1r /first_counted /end_counted.
have -> : Num.max (- lo (on (f 0%N))) 0 = 0 by split_max; int_lia.
have -> : Num.min (samples (f 0%N) + hi 0%N) (samples (f 0%N)) = samples (f 0%N).
  by split_max; int_lia.
case: ifP => k_in; last first.
  rewrite mul0n big1 // => ks _; case: (reads_at _ _ _) => //= p; last by rewrite k_in.
rewrite mul1n; apply: eq_bigr => ks _.
by case: (reads_at _ _ _) => //= p; rewrite k_in.
Qed.

Theorem average_inside (l : layer) (counted : bool) (hi : nat -> int) (x : signal D F) c o :
  (forall n, (n < D)%N -> 0 <= lo (on (windows l n)) /\ 0 <= hi n) ->
  window_between (fun _ => 0) (sizes l) (windows l) o ->
  average_layer l counted hi x c o
  = layer_fold l [com_law of +%R] (inside l) (fun _ _ _ v => v) x c o
    / (window_volume D (windows l))%:R.
Proof.
by move=> pads_ge0 o_in; rewrite /average_layer divisor_between //; exact: between_inside.
Qed.

(* Two divisors: a factor of each output. *)
Lemma average_divisors (l : layer) (hi : nat -> int) (x : signal D F) c (o : vec D) :
  (divisor true (windows l) hi o)%:R != 0 :> F ->
  average_layer l false hi x c o
  = (divisor true (windows l) hi o)%:R / (divisor false (windows l) hi o)%:R
    * average_layer l true hi x c o.
Proof.
rewrite /average_layer; move: (layer_fold _ _ _ _ _ _ _) => sum K_neq0.
by rewrite mulrA [_ * sum]mulrC [_%:R / _]mulrC mulrA mulfK.
Qed.

(* Where the window lies in what is counted, a mean is a convolution whose weights are all 1 / K. *)
Theorem average_counted (l : layer) (hi : nat -> int) (x : signal D F) c o :
  window_between (fun n => - lo (on (windows l n))) (fun n => sizes l n + hi n) (windows l) o ->
  average_layer l true hi x c o
  = conv_layer l (fun _ _ _ => (window_volume D (windows l))%:R^-1) (fun _ => 0) x c o.
Proof.
move=> o_in; rewrite /average_layer (@divisor_between D true (windows l) hi o o_in).
rewrite /layer_fold /conv_layer add0r mulr_suml; apply: eq_bigr => q _.
rewrite mulr_suml; apply: eq_bigr => k _; rewrite mulrC.
by case: (reads _ _ _) => [p|] /=; rewrite ?mulr0 //; case: ifP; rewrite ?mulr0.
Qed.

(* So it does at every output without ceil_mode: the high pad is the declared one. *)
Theorem window_counted (D' : nat) (f : nat -> window) (o : vec D') :
  (forall n, (n < D')%N -> mean_window (f n) && (0 < stride (on (f n)))%N) ->
  in_box (fun n => outputs (f n)) o ->
  window_between (fun n => - lo (on (f n))) (fun n => samples (f n) + high (f n)) f o.
Proof.
elim: D' f o => [|D' IH] f o //= ok /andP[/andP[o_ge0 o_lt] o'_in].
rewrite (IH (fun n => f n.+1)) // ?andbT => [|n n_lt]; last exact: (ok n.+1).
have /andP[/and3P[/eqP d1 /eqP u1 _] s_gt0] := ok 0%N isT.
have so_ge0 : 0 <= (stride (on (f 0%N)))%:Z * o.1 by rewrite mulr_ge0.
move: o_lt so_ge0; rewrite /outputs out_size_fits // d1 u1; set so := _ * o.1.
by move=> ? ?; apply/andP; split; int_lia.
Qed.

Theorem average_border (l : layer) (hi : nat -> int) (x : signal D F) c o :
  (window_volume D (windows l))%:R != 0 :> F ->
  window_between (fun n => - lo (on (windows l n))) (fun n => sizes l n + hi n) (windows l) o ->
  average_layer l false hi x c o
  = (window_volume D (windows l))%:R / (divisor false (windows l) hi o)%:R
    * average_layer l true hi x c o.
Proof.
move=> K_neq0 o_in; have eq_K := @divisor_between D true (windows l) hi o o_in.
by rewrite average_divisors eq_K.
Qed.

End AveragePool.

(* ceil_mode on one axis. *)
Section CeilMode.

Variables (N : int) (K s d : nat) (lo hi : int).

Let span : int := d%:Z * (K%:Z - 1) + 1.

Definition ceil_outputs : int :=
  let outputs := coarse (N + lo + hi - span) s + 1 in
  if N + lo <= (outputs - 1) * s%:Z then outputs - 1 else outputs.

Definition missing : int := Num.max ((ceil_outputs - 1) * s%:Z + span - (N + lo + hi)) 0.

(* No stride from v rounded down to v rounded up but where s divides v. *)
Lemma coarse_bounds (v : int) : (0 < s)%N -> v <= s%:Z * coarse v s < v + s%:Z.
Proof.
move=> s_gt0; have /andP[? ?] := div_bounds (- v) s_gt0; rewrite /coarse.
by rewrite mulrN; apply/andP; split; int_lia.
Qed.

Lemma out_size_unique (n hi' : int) : (0 < s)%N ->
  s%:Z * (n - 1) <= N + lo + hi' - span < s%:Z * n -> out_size N K s d 1 lo hi' = n.
Proof.
move=> s_gt0; have n_fits := out_size_fits N K d 1 lo hi' (n - 1) s_gt0.
have n_last := out_size_fits N K d 1 lo hi' n s_gt0; rewrite /span => /andP[ge lt].
apply/eqP; rewrite eq_le; apply/andP; split.
  by rewrite leNgt n_last; apply/negP => ?; int_lia.
suff: n - 1 < out_size N K s d 1 lo hi' by move=> ?; int_lia.
by rewrite n_fits; int_lia.
Qed.

Theorem ceil_mode_pad : (0 < s)%N -> hi < span ->
  out_size N K s d 1 lo (hi + missing) = ceil_outputs.
Proof.
move=> s_gt0 hi_lt; have s_pos : 0 < s%:Z by rewrite ltz_nat.
have /andP[c_ge c_lt] := coarse_bounds (N + lo + hi - span) s_gt0.
apply: out_size_unique; rewrite // /missing; set n := ceil_outputs; move: (erefl n).
rewrite {2}/n /ceil_outputs; set c := coarse _ _ in c_ge c_lt *; clearbody c n.
case: (lerP (N + lo)) => cut eq_n; case: (max_cases ((n - 1) * s%:Z + span - (N + lo + hi)) 0)
  => -[? ->]; subst n; clearbody span; apply/andP; split; int_lia.
Qed.

End CeilMode.

(* In D axes: the layer of ceil_mode, and the plain one on an array that is so much longer. *)
Definition missing_of (w : window) : int :=
  let a := on w in missing (samples w) (kernel a) (stride a) (dilation a) (lo a) (high w).
Definition ceil_layer (l : layer) : layer :=
  Layer (groups l) (group_in l) (group_out l) (fun n =>
    let w := windows l n in Window (on w) (samples w) (high w + missing_of w)).
Definition behind_layer (l : layer) : layer :=
  Layer (groups l) (group_in l) (group_out l) (fun n =>
    let w := windows l n in Window (on w) (samples w + missing_of w) (high w)).

Lemma missing_ge0 (w : window) : 0 <= missing_of w.
Proof. by rewrite /missing_of /missing le_maxr lexx orbT. Qed.

Theorem ceil_layer_outputs (l : layer) (n : nat) (w := windows l n) (a := on w) :
  base a = 1%N -> (0 < stride a)%N -> high w < (dilation a)%:Z * ((kernel a)%:Z - 1) + 1 ->
  outs (ceil_layer l) n
    = ceil_outputs (samples w) (kernel a) (stride a) (dilation a) (lo a) (high w)
  /\ outs (behind_layer l) n = outs (ceil_layer l) n.
Proof.
move=> u1 s_gt0 hi_lt; split; rewrite /outs /outputs /= u1; first exact: ceil_mode_pad.
by rewrite /out_size; congr ((_ %/ _)%Z + 1); int_lia.
Qed.

Theorem ceil_pool {disp : unit} {T : orderType disp} (D : nat) (l : layer)
    (x : signal D (option T)) (c : nat) (o : vec D) :
  max_layer (ceil_layer l) x c o = max_layer (behind_layer l) (extended None l x) c o.
Proof.
have e_ge0 n : (n < D)%N -> 0 <= missing_of (windows l n) by move=> _; exact: missing_ge0.
exact: (max_behind (ceil_layer l) x c o e_ge0).
Qed.

(* 8 samples, kernel 3, stride 2: a last window of two samples, that is one missing. *)
Example ceil_of_eight :
  (ceil_outputs 8 3 2 1 0 0, missing 8 3 2 1 0 0, out_size 8 3 2 1 1 0 0) = (4, 1, 3).
Proof. by vm_compute. Qed.

(* The last window would start in the pad: it is not there. *)
Example ceil_in_pad : (ceil_outputs 4 2 3 1 1 1, missing 4 2 3 1 1 1) = (2, 0).
Proof. by vm_compute. Qed.

(* AvgPool(3, stride=2, padding=1, count_include_pad=False) on 4 samples: 1/2 and 1/3. *)
Example divisors_of_four (w := Window (Axis 3 2 1 1 1 false) 4 1) :
  [seq (axis_divisor false w 1 o%:Z, axis_divisor true w 1 o%:Z) | o <- iota 0 2]
  = [:: (2, 3); (3, 3)]%N.
Proof. by vm_compute. Qed.

(* A maximum of (5, -inf, 7, 2) in windows of 2, padded by one: the first reads 5 alone. *)
Example max_of_four :
  let l := Layer 1 1 1 (fun _ => Window (Axis 2 2 1 1 1 false) 4 1) in
  let x (_ : nat) (v : vec 1) : option nat := (
    array_of_list None [:: 4] [:: Some 5; None; Some 7; Some 2] v)%N in
  [seq max_layer (D := 1) l x 0 (o%:Z, tt) | o <- iota 0 3] = [:: Some 5; Some 7; Some 2]%N.
Proof.
by rewrite /max_layer /=; rewrite !(layer_foldE (D := 1)) /= !big_ord1 unlock; vm_compute.
Qed.

(* Its mean of (1, 2, 3, 4): (1 + 2) / 2 and (2 + 3 + 4) / 3. *)
Example average_of_four :
  let l := Layer 1 1 1 (fun _ => Window (Axis 3 2 1 1 1 false) 4 1) in
  let x (_ : nat) (v : vec 1) : rat := array_of_list 0 [:: 4%N] [:: 1; 2%:R; 3%:R; 4%:R] v in
  [seq average_layer (D := 1) l false (fun _ => 1) x 0 (o%:Z, tt) | o <- iota 0 2]
  = [:: 3%:R / 2%:R; 3%:R].
Proof.
apply/eqP; rewrite /average_layer /= !(layer_foldE (D := 1)) /= !big_ord1 unlock.
by vm_compute.
Qed.
