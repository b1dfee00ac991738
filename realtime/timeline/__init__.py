"""What each person showed, aggregated over a run."""
