"""Faces -> emotion probabilities: ONNX region experts, reliability, fusion; the only room that imports ONNX Runtime."""
