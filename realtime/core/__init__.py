"""Values that travel between rooms, and the contracts between them."""
