"""Batches of candidates, from scores, features or both; :mod:`asklearn.testing.selection` checks them."""
