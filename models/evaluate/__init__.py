"""Scores, the fit of the fusion, and the evaluation report."""
