"""Faces -> emotion probabilities: ONNX experts, reliability, fusion; the only room that knows ONNX Runtime."""
