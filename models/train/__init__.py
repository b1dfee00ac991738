"""Networks of the region experts and their training."""
