"""Long videos in pieces: which, each piece's analysis without smoothing, and the run that joins them."""
