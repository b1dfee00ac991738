"""From decoded frames to pictures and media times."""
