"""Live output to other programs: web page (MJPEG and server-sent events) and virtual camera."""
