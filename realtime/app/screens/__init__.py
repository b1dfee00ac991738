"""Screens of the desktop program, one per file."""
