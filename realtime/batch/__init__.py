"""Many videos in one command: which ones, on all cores, resumable, and one summary at the end."""
