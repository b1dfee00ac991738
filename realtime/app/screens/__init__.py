"""One screen of the desktop program per file."""
