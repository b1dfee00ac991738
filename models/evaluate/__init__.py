"""Evaluation of the experts and of their fusion: scores, fusion fit, report."""
