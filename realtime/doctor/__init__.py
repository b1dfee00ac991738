"""Self-diagnosis: cameras, display, packages, models, speed."""
