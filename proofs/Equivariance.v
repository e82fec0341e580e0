(* Equivariance.v: the kernels on phases that come from a strided one are those whose operator
   moves its output with its input, and looks at no other sample than the strided taps do.

   in_step g e d        steps e of the output and d of the input with u d = s e on every axis
   reads_shift, reads_in_step   a tap reads d further on iff the output is e further on
   phase_of, block_of   the phase and the coarse position of a fine position
   impulse c v          the signal that is 1 at position v of channel c and 0 elsewhere
   coefficient ok V m c o v   what the expanded layer with kernel V on slots has in channel m at
                        fine position o when fed the impulse (c, v): the matrix of the operator
                        that V means; coefficient_slot and coefficient_zero give all of its values
   intertwines, on_taps steps leave the coefficients as they are; no output sees an input that none
                        of its taps reads
   sharing_is_equivariance   V is the image of a strided kernel iff both hold;
                        sharing_of_convolution: with u = 1 the input moves by s e, and
                        one_axis_at_a_time: by one output on one axis is enough
   taps_are_needed, shifts_are_needed   neither condition follows from the other
   Edges: as in Sharing.v; dilations are above 0. *)

From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require Import Arith Index Conv Destride Tie Layer Exists Sharing.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory Num.Theory Order.Theory.
Local Open Scope ring_scope.

(* Steps e of the output and d of the input that agree: u d = s e on every axis. *)
Definition in_step (D : nat) (g : nat -> axis) (e d : vec D) : Prop :=
  times (fun n => base (g n)) d = times (fun n => stride (g n)) e.

Lemma position_step (a : axis) (o e d : int) (k : nat) :
  (base a)%:Z * d = (stride a)%:Z * e -> position a (o + e) k = d * (base a)%:Z + position a o k.
Proof. by rewrite /position mulrDr [d * _]mulrC => ->; rewrite !addrA (addrC (_ * o)). Qed.

Lemma reads_shift (D : nat) (g : nat -> axis) (o e d : vec D) (k : tap (nd_access D g)) :
  (forall n, 0 < base (g n))%N -> in_step g e d ->
  reads (nd_access D g) (shift o e) k
  = omap (fun v : vec D => shift v d) (reads (nd_access D g) o k).
Proof.
elim: D g o e d k => [|D IH] g //= [o o'] [e e'] [d d'] [k k'] u_gt0 [eq_d eq_d'] /=.
have u_neq0 : (base (g 0%N))%:Z != 0 by case: (base _) (u_gt0 0%N).
rewrite (IH _ o' e' d' k' (fun n => u_gt0 n.+1) eq_d').
rewrite (position_step o k eq_d) /undilate modzMDl divzMDl //.
case: ifP => //= _; case: (reads _ o' k') => //= v.
by rewrite (addrC d).
Qed.

Lemma reads_in_step (D : nat) (g : nat -> axis) (o e v d : vec D) (k : tap (nd_access D g)) :
  reads (nd_access D g) o k = Some v -> reads (nd_access D g) (shift o e) k = Some (shift v d) ->
  in_step g e d.
Proof.
elim: D g o e v d k => [|D IH] g //; move=> [o o'] [e e'] [v v'] [d d'] [k k'] /=.
case eq1: (undilate _ _) => [p|] //=; case eq1': (reads _ o' k') => [p'|] //= [eq_v eq_v'].
case eq2: (undilate _ _) => [q|] //=; case eq2': (reads _ _ k') => [q'|] //= [eq_d eq_d'].
rewrite /in_step /=; congr pair; last first.
  by apply: (IH (fun n => g n.+1) o' e' v' d' k'); rewrite ?eq1' ?eq2' ?eq_v' ?eq_d'.
have := undilateK eq2; rewrite eq_d mulrDr -eq_v -(undilateK eq1) /position.
by rewrite mulrDr; set x := (stride _)%:Z * o; set y := (stride _)%:Z * e; set z := _ * d => ?;
  int_lia.
Qed.

Lemma times_base1 (D : nat) (u : nat -> nat) (v : vec D) : (forall n, u n = 1%N) -> times u v = v.
Proof.
by elim: D u v => [|D IH] u /=; [case | move=> [v w] u1 /=; rewrite u1 mul1r IH].
Qed.

Lemma remainder_lt (E : nat) (v : int) : (0 < E)%N -> (absz (v %% E%:Z)%Z < E)%N.
Proof. by move=> E_gt0; have /andP[ge0 lt] := euclid_bound v E_gt0; rewrite -ltz_nat gez0_abs. Qed.

(* The phase and the coarse position of a fine position. *)
Fixpoint phase_of (D : nat) : forall E, (forall n, 0 < E n)%N -> vec D -> phase (nd_phasing D E) :=
  match D return forall E, (forall n, 0 < E n)%N -> vec D -> phase (nd_phasing D E) with
  | 0 => fun _ _ _ => tt
  | D'.+1 => fun E gt0 v => (Ordinal (remainder_lt v.1 (gt0 0%N)),
      @phase_of D' (fun n => E n.+1) (fun n => gt0 n.+1) v.2)
  end.

Fixpoint block_of (D : nat) : (nat -> nat) -> vec D -> vec D :=
  if D is D'.+1 return (nat -> nat) -> vec D -> vec D then
    fun E v => ((v.1 %/ (E 0%N)%:Z)%Z, block_of (fun n => E n.+1) v.2)
  else fun _ _ => tt.

Lemma phase_block (D : nat) (E : nat -> nat) (gt0 : forall n, (0 < E n)%N) (v : vec D) :
  fine (nd_phasing D E) (phase_of gt0 v) (block_of E v) = v.
Proof.
elim: D E gt0 v => [|D IH] E gt0 /=; first by case.
move=> [v w] /=; rewrite IH; congr pair.
by have /andP[ge0 _] := euclid_bound v (gt0 0%N); rewrite gez0_abs // -euclid_eq.
Qed.

Lemma fine_inj (D : nat) (E : nat -> nat) (r r' : phase (nd_phasing D E)) (i i' : vec D) :
  fine (nd_phasing D E) r i = fine (nd_phasing D E) r' i' -> r = r' /\ i = i'.
Proof.
elim: D E r r' i i' => [|D IH] E; first by move=> [] [] [] [].
move=> [r s] [r' s'] [i j] [i' j'] /= [eq_v /IH[-> ->]].
have r_in (x : 'I_(E 0%N)) : 0 <= (x : nat)%:Z < (E 0%N)%:Z by rewrite ltz_nat ltn_ord.
have [-> [eq_r]] := euclid_unique (r_in r) (r_in r') eq_v.
by have -> : r = r' by exact: val_inj.
Qed.

Section Equivariance.

Variables (D : nat) (f : nat -> tie) (ok : forall n, tie_ok (f n)) (C M : finType) (R : ringType).

Notation slot := (slot D f C M).
Notation fine_in := (fine (phases_in D f)).
Notation fine_out := (fine (phases_out D f)).

Definition impulse (c : C) (v : vec D) (c' : C) (v' : vec D) : R :=
  ((c' == c) && same v' v)%:R.

Definition coefficient (V : slot -> R) (m : M) (c : C) (o v : vec D) : R :=
  conv (A := unstrided_nd D f) (fun mrho cr q => V (mrho, cr, q))
    (phases (E := phases_in D f) (impulse c v))
    (m, phase_of (fun n => e_out_gt0 (ok n)) o) (block_of (fun n => e_out (f n)) o).

Lemma coefficientE (V : slot -> R) m c rho i v :
  coefficient V m c (fine_out rho i) v
  = \sum_cr \sum_q V ((m, rho), cr, q)
      * ((cr.1 == c) && same (fine_in cr.2 (positions i q)) v)%:R.
Proof.
rewrite /coefficient; set rho' := phase_of _ _; set i' := block_of _ _.
have [-> ->] : rho' = rho /\ i' = i by apply: fine_inj; exact: phase_block.
by apply: eq_bigr => cr _; apply: eq_bigr => q _; rewrite unstrided_reads.
Qed.

Lemma positions_inj i (q q' : tap (unstrided_nd D f)) : positions i q = positions i q' -> q = q'.
Proof.
move=> eq_q; apply: (@reads_inj D _ i (positions i q)) => //; rewrite unstrided_reads //.
by rewrite eq_q.
Qed.

(* The coefficients of V, in full: at the positions of a slot that slot, and zero elsewhere. *)
Theorem coefficient_slot (V : slot -> R) m c rho r q i :
  coefficient V m c (fine_out rho i) (fine_in r (positions i q)) = V ((m, rho), (c, r), q).
Proof.
rewrite coefficientE pair_bigA (bigD1 ((c, r), q)) //= eqxx (introT (sameP _ _)) // mulr1.
rewrite big1 ?addr0 // => -[[c' r'] q'] /= neq.
case: eqP => [eq_c|_] /=; last by rewrite mulr0.
case: sameP => [/fine_inj[eq_r /positions_inj eq_q]|_]; last by rewrite mulr0.
by case/eqP: neq; rewrite eq_c eq_r eq_q.
Qed.

Theorem coefficient_zero (V : slot -> R) m c rho i v :
  (forall r (q : tap (unstrided_nd D f)), fine_in r (positions i q) <> v) ->
  coefficient V m c (fine_out rho i) v = 0.
Proof.
move=> none; rewrite coefficientE big1 // => -[c' r] _; rewrite big1 // => q _.
by case: sameP => [/none //|_]; rewrite andbF mulr0.
Qed.

(* The operator of an image is the strided layer. *)
Lemma coefficient_share (w : M -> C -> tap (strided_nd D f) -> R) m c o v :
  coefficient (share w) m c o v = conv w (impulse c v) m o.
Proof.
rewrite -{2}(phase_block (fun n => e_out_gt0 (ok n)) o).
by rewrite (layer_destride ok).
Qed.

Lemma holdsP (s : slot) (p : parameter D f C M) (i : vec D) :
  reflect [/\ p.1.1 = s.1.1.1, p.1.2 = s.1.2.1 & reads (strided_nd D f) (fine_out s.1.1.2 i) p.2
             = Some (fine_in s.1.2.2 (positions i s.2))] (holds s p).
Proof.
rewrite (holdsE ok) (landing_reads ok); apply: (iffP and3P).
  by case=> /eqP-> /eqP-> /eqP->.
case=> -> -> eq_v; rewrite !eqxx; split=> //; apply/eqP.
by case: (lands _ _ _) eq_v => [[r q]|] //= [/fine_inj[-> /positions_inj->]].
Qed.

(* Moving the output by e and the input by d with u d = s e on every axis changes nothing. *)
Definition intertwines (V : slot -> R) : Prop := forall m c o v e d,
  in_step (fun n => strided (f n)) e d ->
  coefficient V m c (shift o e) (shift v d) = coefficient V m c o v.

(* No output sees an input that none of its taps reads. *)
Definition on_taps (V : slot -> R) : Prop := forall m c o v,
  (forall k, reads (strided_nd D f) o k <> Some v) -> coefficient V m c o v = 0.

Lemma on_taps_zero (V : slot -> R) :
  on_taps V <-> (forall s, (forall p, ~~ holds s p) -> V s = 0).
Proof.
split=> [zero s none|zero m c o v none].
  have -> : V s = V (s.1.1, (s.1.2.1, s.1.2.2), s.2) by rewrite -!surjective_pairing.
  rewrite [s.1.1]surjective_pairing -(coefficient_slot V _ _ _ _ _ (origin D)).
  apply: zero => k eq_k; case/negP: (none (s.1.1.1, s.1.2.1, k)).
  exact/(holdsP _ _ (origin D)).
rewrite -(phase_block (fun n => e_out_gt0 (ok n)) o) in none *.
rewrite coefficientE big1 // => -[c' r] _; rewrite big1 // => q _.
case: sameP => [eq_v|_]; last by rewrite andbF mulr0.
rewrite zero ?mul0r // => p; apply/negP => s_p; case: (none p.2).
by have [_ _ ->] := elimT (holdsP _ p (block_of (fun n => e_out (f n)) o)) s_p; rewrite eq_v.
Qed.

(* Whole blocks shift whatever the kernel: E_out outputs and E_in t inputs. *)
Lemma blocks_shift (V : slot -> R) m c o v (j : vec D) :
  coefficient V m c (shift o (times (fun n => e_out (f n)) j))
    (shift v (times (fun n => (e_in (f n) * new_stride (f n))%N) j))
  = coefficient V m c o v.
Proof.
have fine_shift (E : nat -> nat) r i (e : vec D) :
    fine (nd_phasing D E) r (shift i e) = shift (fine (nd_phasing D E) r i) (times E e).
  elim: (D) E r i e => [|D' IH] E //= r i e; rewrite IH; congr pair.
  by rewrite mulrDr addrAC.
have times_times (s t : nat -> nat) (e : vec D) :
    times s (times t e) = times (fun n => (s n * t n)%N) e.
  by elim: (D) s t e => [|D' IH] s t //= e; rewrite IH mulrA PoszM.
have positions_shift (i : vec D) q : @positions D (fun n => unstrided (f n)) (shift i j) q
    = shift (positions i q) (times (fun n => new_stride (f n)) j).
  have step : in_step (fun n => unstrided (f n)) j (times (fun n => new_stride (f n)) j).
    by rewrite /in_step times_base1.
  by apply: Some_inj; rewrite -unstrided_reads (reads_shift _ _ _ step) ?unstrided_reads.
rewrite -(phase_block (fun n => e_out_gt0 (ok n)) o) -fine_shift !coefficientE.
apply: eq_bigr => cr _; apply: eq_bigr => q _; congr (_ * (_ && _)%:R).
by rewrite positions_shift fine_shift times_times; apply/sameP/sameP => [/shift_inj|->].
Qed.

(* With one output phase to each axis that is all there is to shift: the first condition says
   nothing, and only the second one tells the images of strided kernels from other kernels. *)
Lemma one_phase_intertwines (V : slot -> R) : (forall n, e_out (f n) = 1%N) -> intertwines V.
Proof.
move=> E1 m c o v e d step.
have eq_e : e = times (fun n => e_out (f n)) e by rewrite times_base1.
suff -> : d = times (fun n => (e_in (f n) * new_stride (f n))%N) e by rewrite {1}eq_e blocks_shift.
have u_neq0 n : (base (strided (f n)))%:Z != 0 by case: (base _) (base_gt0 (ok n)).
have fits n : (base (strided (f n)) * (e_in (f n) * new_stride (f n)) = stride (strided (f n)))%N.
  by have /and5P[_ _ /eqP eq_s _ _] := ok n; rewrite mulnCA mulnA eq_s E1 mul1n.
move: step {eq_e}; rewrite /in_step.
elim: (D) (f) e d u_neq0 fits => [|D' IH] g //=; first by move=> [] [].
move=> [e e'] [d d'] u_neq0 fits [eq_d eq_d'].
rewrite -(IH (fun n => g n.+1) e' d' (fun n => u_neq0 n.+1) (fun n => fits n.+1) eq_d').
by congr pair; apply: (mulfI (u_neq0 0%N)); rewrite eq_d -(fits 0%N) PoszM -mulrA.
Qed.

Hypothesis d_gt0 : forall n, (0 < dilation (strided (f n)))%N.

Theorem sharing_is_equivariance (V : slot -> R) :
  (exists w, V =1 share w) <-> intertwines V /\ on_taps V.
Proof.
split=> [[w V_w]|[shifts /on_taps_zero zero]].
  have /(folding ok d_gt0)[_ zero] : exists w, V =1 share w by exists w.
  split=> [m c o v e d step|]; last exact/on_taps_zero.
  have value o' v' : coefficient V m c o' v' = conv w (impulse c v') m o'.
    rewrite -coefficient_share; apply: eq_bigr => cr _; apply: eq_bigr => q _.
    by rewrite V_w.
  rewrite !value; apply: eq_bigr => c' _; apply: eq_bigr => k _; congr (_ * _).
  rewrite (reads_shift _ _ (fun n => base_gt0 (ok n)) step) /impulse.
  case: (reads _ o k) => //= p; congr (_ && _)%:R.
  by apply/sameP/sameP => [/shift_inj|->].
apply/(folding ok d_gt0); split=> // s s' p.
pose from (s : slot) := fine_out s.1.1.2 (origin D).
pose at_ (s : slot) := fine_in s.1.2.2 (positions (origin D) s.2).
have V_slot (s0 : slot) : V s0 = coefficient V s0.1.1.1 s0.1.2.1 (from s0) (at_ s0).
  by rewrite coefficient_slot -!surjective_pairing.
move=> /(holdsP _ _ (origin D))[eq_m eq_c eq_v] /(holdsP _ _ (origin D))[eq_m' eq_c' eq_v'].
rewrite !V_slot -eq_m -eq_c -eq_m' -eq_c'.
have [e eq_e] := shift_between (from s) (from s').
have [d eq_d] := shift_between (at_ s) (at_ s').
rewrite -eq_e -eq_d shifts //; apply: (reads_in_step eq_v).
by rewrite -/(from s) -/(at_ s) eq_e eq_d.
Qed.

(* Without base dilation: the input moves by s e. *)
Corollary sharing_of_convolution (V : slot -> R) : (forall n, base (strided (f n)) = 1%N) ->
  (exists w, V =1 share w)
  <-> (forall m c o v e,
         coefficient V m c (shift o e) (shift v (times (fun n => stride (strided (f n))) e))
         = coefficient V m c o v)
      /\ (forall m c o v, (forall k : tap (strided_nd D f), positions o k <> v) ->
            coefficient V m c o v = 0).
Proof.
move=> u1; apply: (iff_trans (sharing_is_equivariance V)); split=> -[shifts zero]; split.
- by move=> m c o v e; apply: shifts; exact: times_base1.
- by move=> m c o v none; apply: zero => k; rewrite reads_positions // => -[/none].
- by move=> m c o v e d; rewrite /in_step (times_base1 d u1) => ->; exact: shifts.
- by move=> m c o v none; apply: zero => k eq_v; case: (none k); rewrite reads_positions // eq_v.
Qed.

(* There it is enough to move by one output on one axis at a time. *)
Lemma one_axis_at_a_time (V : slot -> R) (s : nat -> nat) :
  (forall n m c o v, (n < D)%N ->
     coefficient V m c (shift o (unit_step D n)) (shift v (times s (unit_step D n)))
     = coefficient V m c o v) ->
  forall m c o v e, coefficient V m c (shift o e) (shift v (times s e)) = coefficient V m c o v.
Proof.
move=> one m c o v e; move: e m c o v.
apply: steps_generate => [m c o v|e e' IH IH' m c o v|e e' eq0 IH m c o v|n n_lt m c o v].
- by rewrite times0 !shift0.
- by rewrite times_shift -!shiftA IH' IH.
- by rewrite -(IH m c (shift o e')) !shiftA -times_shift eq0 times0 !shift0.
- exact: one.
Qed.

End Equivariance.

(* Neither condition follows from the other.  A kernel of all ones on an axis of one output phase
   intertwines the shifts but fills slots that no tap reaches; a kernel that is not zero for one of
   two output phases is on the taps but forgets its parameter's other slot. *)
Definition one_phase : nat -> tie := ties [:: make_tie (Axis 3 2 1 1 1 false) 2 1 1].
Definition two_phases : nat -> tie := ties [:: make_tie (Axis 1 1 1 1 0 false) 2 2 1].

Lemma one_phase_ok n : tie_ok (one_phase n). Proof. by apply: ties_ok; vm_compute. Qed.
Lemma two_phases_ok n : tie_ok (two_phases n). Proof. by apply: ties_ok; vm_compute. Qed.

Theorem taps_are_needed :
  let V := fun _ : slot 1 one_phase [finType of unit] [finType of unit] => 1 in
  intertwines (R := [ringType of int]) one_phase_ok V
  /\ ~ (exists w : unit -> unit -> tap _ -> int, V =1 share w).
Proof.
split; first by apply: one_phase_intertwines => -[|n] //; rewrite /one_phase /ties nth_default.
case=> w /(_ ((tt, (ord0, tt)), (tt, (ord0, tt)), (ord0, tt))); rewrite share_zero // => -[[[] []]].
by case=> [[[|[|[|//]]] lt] []]; vm_compute.
Qed.

Theorem shifts_are_needed :
  let V := fun s : slot 1 two_phases [finType of unit] [finType of unit] =>
    ((s.1.1.2.1 : 'I_2) == ord0)%:R * ((s.1.2.2.1 : 'I_2) == ord0)%:R in
  on_taps (R := [ringType of int]) two_phases_ok V
  /\ ~ (exists w : unit -> unit -> tap _ -> int, V =1 share w).
Proof.
have d_gt0 n : (0 < dilation (strided (two_phases n)))%N.
  by case: n => [|n] //; rewrite /two_phases /ties nth_default; case: n.
move=> V; split.
  apply/on_taps_zero => -[[[[] [rho []]] [[] [r []]]] [q []]] /(_ (tt, tt, (ord0, tt))).
  by case: rho r q => [[|[|//]] ?] [[|[|//]] ?] [[|//] ?]; rewrite /V /= ?mulr0 ?mul0r.
pose s0 : slot 1 two_phases [finType of unit] [finType of unit]
  := ((tt, (ord0, tt)), (tt, (ord0, tt)), (ord0, tt)).
pose s1 : slot 1 two_phases [finType of unit] [finType of unit]
  := ((tt, (ord_max, tt)), (tt, (ord_max, tt)), (ord0, tt)).
move/(folding two_phases_ok d_gt0) => [/(_ s0 s1 (tt, tt, (ord0, tt)) isT isT)].
by rewrite /V.
Qed.
