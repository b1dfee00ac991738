"""Tk widgets and the look of the desktop program."""
