"""Frame -> tracked faces with landmarks and head pose; the only room that imports MediaPipe and LiteRT."""
