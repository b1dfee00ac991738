"""Drawing on frames: panels, palette, text, timeline strip, face blur."""
