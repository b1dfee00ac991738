"""Temporal smoothing of probabilities and labels; neutral calibration; carry-forward."""
