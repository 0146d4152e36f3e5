"""Scores per candidate, from what a model believes; higher is always better.

One family per file. :func:`asklearn.acquisition.base.acquisition` turns a function of about ten lines
into a registered plug-in; :mod:`asklearn.testing.acquisition` checks it.
"""
