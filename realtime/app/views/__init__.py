"""Tk widgets, dialogs and theme of the desktop program."""
