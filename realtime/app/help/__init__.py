"""What the desktop program says of itself: first steps, the numbers, limits, the law, keys."""
