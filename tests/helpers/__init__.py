"""What tests share: random layers and claims, strangers that compute, and what they need."""
