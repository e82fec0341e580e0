"""Exported programs of PyTorch (``.pt2``), read without PyTorch; and modules, by exporting them."""
