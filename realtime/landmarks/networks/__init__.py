"""The three networks that find faces and their landmarks; the only room that imports LiteRT and MediaPipe."""
