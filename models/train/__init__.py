"""The experts' networks and their training."""
