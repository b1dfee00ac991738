"""Video out, with the source's sound."""
