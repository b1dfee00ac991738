"""Background jobs of the desktop program, one thread each; independent of Tk."""
