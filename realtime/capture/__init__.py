"""Frame sources: camera, video file, network stream."""
