"""Builds and loads data sets of region crops from labeled pictures."""
