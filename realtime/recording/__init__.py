"""Crash-safe video recording with the source's audio."""
