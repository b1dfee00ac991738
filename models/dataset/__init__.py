"""Labelled pictures -> region crops."""
