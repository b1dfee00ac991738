"""Frames in: camera, video file, network stream."""
