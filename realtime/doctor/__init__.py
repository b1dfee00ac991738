"""Self-diagnosis of the installation: cameras, display, packages, models, speed."""
