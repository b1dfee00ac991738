"""Aggregation of emotions and labels over a run, per person."""
