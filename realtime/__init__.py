"""What runs: capture, landmarks, the region experts, fusion, smoothing, drawing and recording."""
