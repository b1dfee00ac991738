"""What runs: capture, landmarks, the region experts, fusion, smoothing, drawing, recording, tables and reports."""

VERSION = "0.1.0"
"""The program's version, as written into tables and reports."""
