"""Work beside the window, one thread per job; knows nothing of Tk."""
