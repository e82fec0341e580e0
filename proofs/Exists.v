(* Exists.v: every axis has a tie, one tight tie, and so every layer has its expansion.

   live_pairs a Eout     the (rho, k) whose tap is not in a hole of the base dilation, in C order
   quotient a Ein x      the floor of (position / u) / Ein for x = (rho, k): the block that k reads
   quotients, q_min, q_max   the quotients of all live pairs, the least and the greatest; 0 for none
   make_tie a Ein Eout t     the tie of axis a with these factors and expanded stride
   factors_fit           0 < u, 0 < Ein, 0 < Eout and Ein*u*t = Eout*s: what make_tie asks
   make_tie_ok, make_tie_tight, make_tie_kernel   it is a tie, a tight one, of known kernel and pad
   tie_unique            a tight tie is make_tie of its axis, factors and stride; tight_kernel: so
                         its kernel is q_max - q_min + 1
   every_layer_destride  the layer theorem of every layer: no table is assumed, the axes are any
   every_layer_unstride  with Ein = s and Eout = u the expanded stride is 1: every stride goes away
   Edges: K = 0, or no live pair, gives an empty table, K' = 1 and lo' = 0.  For s = 0 the factors
   fit only with t = 0. *)

From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require Import Arith Index Conv Destride Tie Layer.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory Num.Theory Order.Theory.
Local Open Scope ring_scope.

(* The least and the greatest number of a list; 0 for the empty list. *)
Definition least (l : seq int) : int := foldr Order.min (head 0 l) l.
Definition greatest (l : seq int) : int := foldr Order.max (head 0 l) l.

Lemma least_le (l : seq int) x : x \in l -> least l <= x.
Proof.
rewrite /least; elim: l {1}(head 0 l) => //= y l IH z.
by rewrite inE le_minl => /orP[/eqP<-|/IH->]; rewrite ?lexx ?orbT.
Qed.

Lemma le_greatest (l : seq int) x : x \in l -> x <= greatest l.
Proof.
rewrite /greatest; elim: l {1}(head 0 l) => //= y l IH z.
by rewrite inE le_maxr => /orP[/eqP<-|/IH->]; rewrite ?lexx ?orbT.
Qed.

Lemma fold_in (T : eqType) (op : T -> T -> T) (l : seq T) z :
  (forall x y, op x y \in [:: x; y]) -> foldr op z l \in z :: l.
Proof.
move=> choice; elim: l => [|y l IH] /=; first by rewrite inE.
have := choice y (foldr op z l); rewrite !inE => /orP[/eqP->|/eqP->]; rewrite ?eqxx ?orbT //.
by move: IH; rewrite inE => /orP[->|->]; rewrite ?orbT.
Qed.

Lemma least_in (l : seq int) : l != [::] -> least l \in l.
Proof.
have choice (x y : int) : Order.min x y \in [:: x; y].
  by rewrite minEle; case: ifP; rewrite !inE eqxx ?orbT.
by case: l => // x l _; have := fold_in (x :: l) x choice; rewrite !inE orbA orbb.
Qed.

Lemma greatest_in (l : seq int) : l != [::] -> greatest l \in l.
Proof.
have choice (x y : int) : Order.max x y \in [:: x; y].
  by rewrite maxEle; case: ifP; rewrite !inE eqxx ?orbT.
by case: l => // x l _; have := fold_in (x :: l) x choice; rewrite !inE orbA orbb.
Qed.

Lemma leastP (l : seq int) x : x \in l -> (forall y, y \in l -> x <= y) -> least l = x.
Proof.
move=> x_in below; apply/eqP; rewrite eq_le least_le // below // least_in //.
by case: l x_in {below}.
Qed.

Lemma greatestP (l : seq int) x : x \in l -> (forall y, y \in l -> y <= x) -> greatest l = x.
Proof.
move=> x_in above; apply/eqP; rewrite eq_le le_greatest // above // greatest_in //.
by case: l x_in {above}.
Qed.

Section Make.

Variables (a : axis) (Ein Eout t : nat).

Definition is_live (x : nat * nat) : bool :=
  ((position a x.1%:Z x.2) %% (base a)%:Z)%Z == 0.

Definition live_pairs : seq (nat * nat) := [seq x <- grid Eout (kernel a) | is_live x].

Definition sample (x : nat * nat) : int := (position a x.1%:Z x.2 %/ (base a)%:Z)%Z.
Definition quotient (x : nat * nat) : int := (sample x %/ Ein%:Z)%Z.
Definition quotients : seq int := map quotient live_pairs.

Definition q_min : int := least quotients.
Definition q_max : int := greatest quotients.

Definition make_tie : tie :=
  Tie a Ein Eout t (absz (q_max - q_min)).+1 (- q_min)
    [seq (x, (absz (sample x %% Ein%:Z)%Z, absz (quotient x - q_min))) | x <- live_pairs].

Lemma mem_live_pairs x :
  (x \in live_pairs) = [&& (x.1 < Eout)%N, (x.2 < kernel a)%N & is_live x].
Proof.
rewrite mem_filter andbC andbA; congr (_ && _); case: x => i j /=.
apply/allpairsP/andP => [[[i' j'] /= [i_in j_in [-> ->]]]|[i_lt j_lt]].
  by move: i_in j_in; rewrite !mem_iota.
by exists (i, j); rewrite !mem_iota.
Qed.

Lemma quotient_bounds x : x \in live_pairs -> q_min <= quotient x <= q_max.
Proof. by move=> x_in; rewrite least_le ?le_greatest //; exact: map_f. Qed.

Lemma q_min_in : live_pairs != [::] -> exists2 x, x \in live_pairs & quotient x = q_min.
Proof.
move=> some; have : q_min \in quotients.
  by apply: least_in; rewrite /quotients -size_eq0 size_map size_eq0.
by case/mapP => x x_in ->; exists x.
Qed.

Lemma q_max_in : live_pairs != [::] -> exists2 x, x \in live_pairs & quotient x = q_max.
Proof.
move=> some; have : q_max \in quotients.
  by apply: greatest_in; rewrite /quotients -size_eq0 size_map size_eq0.
by case/mapP => x x_in ->; exists x.
Qed.

Lemma q_min_le_max : q_min <= q_max.
Proof.
case: (altP (live_pairs =P [::])) => [none|]; first by rewrite /q_min /q_max /quotients none.
by case/q_min_in => x /quotient_bounds/andP[_ +] <-.
Qed.

Lemma make_tie_parts : [/\ strided make_tie = a, e_in make_tie = Ein, e_out make_tie = Eout
  & new_stride make_tie = t].
Proof. by []. Qed.

(* The kernel spans the quotients exactly: they lie between q_min and q_max, and reach both. *)
Theorem make_tie_kernel :
  [/\ (new_kernel make_tie)%:Z = q_max - q_min + 1 /\ new_lo make_tie = - q_min,
      forall x, x \in live_pairs -> q_min <= quotient x <= q_max,
      live_pairs != [::] -> (exists2 x, x \in live_pairs & quotient x = q_min)
        /\ (exists2 x, x \in live_pairs & quotient x = q_max)
    & live_pairs = [::] -> new_kernel make_tie = 1%N /\ new_lo make_tie = 0].
Proof.
split=> [|||none]; first split=> //=.
- by rewrite -addn1 PoszD gez0_abs // subr_ge0 q_min_le_max.
- exact: quotient_bounds.
- by move=> some; split; [exact: q_min_in | exact: q_max_in].
- by rewrite /= /q_min /q_max /quotients none.
Qed.

(* The first and the last tap of the expanded kernel are in use. *)
Theorem make_tie_tight : tie_tight make_tie.
Proof.
rewrite /tie_tight; case eq_rows: (rows make_tie) => [|x0 l]; last rewrite -eq_rows.
  have none : live_pairs = [::] by move: eq_rows => /=; case: live_pairs.
  by have [_ _ _ /(_ none)[-> ->]] := make_tie_kernel.
have some : live_pairs != [::] by move: eq_rows => /=; case: live_pairs.
rewrite /= !has_map; apply/andP; split; apply/hasP.
  by have [x x_in eq_x] := q_min_in some; exists x; rewrite //= eq_x subrr.
by have [x x_in eq_x] := q_max_in some; exists x; rewrite //= eq_x.
Qed.

Definition factors_fit : bool :=
  [&& (0 < base a)%N, (0 < Ein)%N, (0 < Eout)%N & (Ein * base a * t == Eout * stride a)%N].

Theorem make_tie_ok : factors_fit -> tie_ok make_tie.
Proof.
case/and4P=> u_gt0 Ein_gt0 Eout_gt0 factors; apply/and5P; split=> //=; last first.
  by rewrite -map_comp (eq_map (f2 := id)) ?map_id //; exact/eqP.
apply/allP => _ /mapP[x x_in ->]; have := x_in; rewrite mem_live_pairs /row_ok /=.
case/and3P=> -> -> x_live /=; have /andP[r_ge0 r_lt] := euclid_bound (sample x) Ein_gt0.
have /andP[q_ge q_le] := quotient_bounds x_in.
rewrite -ltz_nat gez0_abs // r_lt /= -ltz_nat -addn1 PoszD !gez0_abs ?subr_ge0 //; last first.
  exact: le_trans q_le.
rewrite ltz_addr1 ler_add2r q_le /lands_at /= (gez0_abs r_ge0) gez0_abs ?subr_ge0 //.
rewrite opprK subrK.
by rewrite -euclid_eq [X in X == _](euclid_eq _ (base a)) (eqP x_live) addr0.
Qed.

End Make.

(* A row's phase and tap are the remainder and the quotient of the sample that its tap reads. *)
Lemma row_value (a : tie) (x : row) : tie_ok a -> x \in rows a ->
  (x.2.1)%:Z = (sample (strided a) x.1 %% (e_in a)%:Z)%Z
  /\ (x.2.2)%:Z - new_lo a = quotient (strided a) (e_in a) x.1.
Proof.
move=> ok; have u_gt0 := base_gt0 ok; have /and5P[_ _ _ /allP rows_ok _] := ok.
case/rows_ok/and5P=> _ _ r_lt _ /eqP eq_v; rewrite /quotient /sample eq_v.
have Ein_gt0 : (0 < e_in a)%N by case: (e_in a) r_lt.
rewrite mulKz; last by case: (base _) u_gt0.
have r_in : 0 <= (x.2.1)%:Z < (e_in a)%:Z by rewrite ltz_nat r_lt.
set v := _ + _; have eq_split := euclid_eq v (e_in a).
by have [<- <-] := euclid_unique r_in (euclid_bound v Ein_gt0) eq_split.
Qed.

(* Given axis, factors and expanded stride, one tie is tight: kernel, pad and table follow. *)
Theorem tie_unique (a : tie) : tie_ok a -> tie_tight a ->
  a = make_tie (strided a) (e_in a) (e_out a) (new_stride a).
Proof.
move=> ok tight; have value := row_value ok; have /and5P[_ _ _ _ /eqP eq_live] := ok.
set b := make_tie _ _ _ _; pose qs := quotients (strided a) (e_in a) (e_out a).
have live_rows : live_pairs (strided a) (e_out a) = map fst (rows a) by rewrite eq_live.
have qs_rows : qs = [seq (x.2.2)%:Z - new_lo a | x <- rows a].
  rewrite /qs /quotients live_rows -map_comp; apply/eq_in_map => x x_in /=.
  by have [_ ->] := value x x_in.
have [eq_K eq_lo] : new_kernel a = new_kernel b /\ new_lo a = new_lo b.
  rewrite /b /= /q_max /q_min -/qs qs_rows; move: tight; rewrite /tie_tight.
  case eq_rows: (rows a) => [|x0 l]; first by case/andP=> /eqP-> /eqP->.
  rewrite -eq_rows => /andP[/hasP[x x_in /eqP x_first] /hasP[y y_in /eqP y_last]].
  have rows_lt z : z \in rows a -> (z.2.2 < new_kernel a)%N.
    by have /and5P[_ _ _ /allP rows_ok _] := ok; case/rows_ok/and5P.
  have -> : least [seq (z.2.2)%:Z - new_lo a | z <- rows a] = - new_lo a.
    apply: leastP => [|_ /mapP[z z_in ->]]; last by int_lia.
    by apply/mapP; exists x; rewrite // x_first add0r.
  have -> : greatest [seq (z.2.2)%:Z - new_lo a | z <- rows a] = (y.2.2)%:Z - new_lo a.
    apply: greatestP => [|_ /mapP[z /rows_lt z_lt ->]]; first by apply/mapP; exists y.
    by rewrite ler_add2r lez_nat -ltnS y_last.
  by rewrite !opprK subrK absz_nat y_last.
have eq_table : rows a = rows b.
  rewrite /b /= live_rows -map_comp -[LHS]map_id; apply/eq_in_map => x x_in /=.
  have [eq_r eq_q] := value x x_in; rewrite -eq_r -eq_q absz_nat.
  have -> : q_min (strided a) (e_in a) (e_out a) = - new_lo a by rewrite eq_lo /= opprK.
  by rewrite opprK subrK absz_nat -!surjective_pairing.
by move: eq_K eq_lo eq_table; rewrite {}/b /=; case: a {ok tight value eq_live qs live_rows qs_rows}
  => ? ? ? ? ? ? ? /= -> -> ->.
Qed.

Lemma tight_kernel (a : tie) : tie_ok a -> tie_tight a ->
  (new_kernel a)%:Z
  = q_max (strided a) (e_in a) (e_out a) - q_min (strided a) (e_in a) (e_out a) + 1.
Proof.
move=> ok tight; have [[eq_K _] _ _ _] := make_tie_kernel (strided a) (e_in a) (e_out a)
  (new_stride a); by rewrite -eq_K -(tie_unique ok tight).
Qed.

Section Layers.

Variables (D : nat) (f : nat -> axis) (Ein Eout t : nat -> nat).
Hypothesis fit : forall n, factors_fit (f n) (Ein n) (Eout n) (t n).

Definition made (n : nat) : tie := make_tie (f n) (Ein n) (Eout n) (t n).

Lemma made_ok (n : nat) : tie_ok (made n). Proof. exact: make_tie_ok (fit n). Qed.

Theorem every_layer_destride (R : ringType) (C M : finType) (w : M -> C -> tap (nd_access D f) -> R)
    (x : C -> vec D -> R) (m : M) (rho : phase (nd_phasing D Eout)) (i : vec D) :
  conv w x m (fine (nd_phasing D Eout) rho i)
  = conv (tied (f := made) w) (phases (E := nd_phasing D Ein) x) (m, rho) i.
Proof. exact: (layer_destride made_ok w x m rho i). Qed.

End Layers.

(* Every stride can be traded for phases: stride s and base dilation u, for s and u phases. *)
Lemma unstride_fit (a : axis) : (0 < base a)%N -> (0 < stride a)%N ->
  factors_fit a (stride a) (base a) 1.
Proof. by move=> u_gt0 s_gt0; rewrite /factors_fit u_gt0 s_gt0 muln1 mulnC eqxx. Qed.

Theorem every_layer_unstride (D : nat) (f : nat -> axis) (R : ringType) (C M : finType)
    (w : M -> C -> tap (nd_access D f) -> R) (x : C -> vec D -> R) (m : M) rho (i : vec D) :
  (forall n, (0 < base (f n))%N && (0 < stride (f n))%N) ->
  conv w x m (fine (nd_phasing D (fun n => base (f n))) rho i)
  = conv (tied (f := made f (fun n => stride (f n)) (fun n => base (f n)) (fun=> 1%N)) w)
      (phases (E := nd_phasing D (fun n => stride (f n))) x) (m, rho) i.
Proof.
move=> gt0; apply: every_layer_destride => n; have /andP[u_gt0 s_gt0] := gt0 n.
exact: unstride_fit.
Qed.
