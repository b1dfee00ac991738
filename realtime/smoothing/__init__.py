"""Probabilities over time -> a steady label; neutral calibration."""
