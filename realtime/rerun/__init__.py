"""Repeats the run of a table from its metadata, and compares the rows."""
