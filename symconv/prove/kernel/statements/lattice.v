(* The theorem of one layer of matrix stride, written by symconv:
   ${layer}.

   stride, taps     the matrix by its rows, and what each tap reads from A i on, d k - lo, in C order
   representatives, shifts   of the cosets of the lattice, and of the taps on the cosets' signals
   ties             for each tap the number of its coset and of its shift
   ties_hold        decided by computing: tap k reads A q + r for its coset's r and its shift q
   this_layer       the theorem, at every point i of Z^${rank} and for every signal x on it: an array is
                    one that is zero outside its box

   Definitions are in LatticeLayer.v. *)

From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require Import Arith Index LatticeLayer.

Definition stride : seq (seq int) := ${matrix}%R.
Definition taps : seq (seq int) := ${taps}%R.
Definition representatives : seq (seq int) := ${representatives}%R.
Definition shifts : seq (seq int) := ${shifts}%R.
Definition ties : seq (nat * nat) := ${ties}.

Lemma ties_hold : ties_ok stride taps representatives shifts ties ${rank}.
Proof. by vm_compute. Qed.

Theorem this_layer (R : ringType) (w : nat -> nat -> nat -> R) (b : nat -> R)
    (x : nat -> seq int -> R) (m : nat) (i : seq int) : size i = ${rank} ->
  lattice_layer stride taps ${channels} w b x m i
  = coset_layer representatives shifts ${channels} (tied_weight taps ties w) b
      (coset_signal stride representatives x) m i.
Proof. exact: (lattice_checked _ w b x m ties_hold). Qed.

Print Assumptions this_layer.
