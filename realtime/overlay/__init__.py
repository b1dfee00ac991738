"""Drawing on frames: face panels, palette, text, timeline strip, face blur."""
