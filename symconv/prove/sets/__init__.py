"""The engine of Presburger sets: a claim with named sizes, settled for all of them at once."""
