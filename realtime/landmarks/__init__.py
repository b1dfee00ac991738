"""Frame -> tracked faces; the only room that knows MediaPipe and LiteRT."""
