"""Live to others: web page and virtual camera."""
