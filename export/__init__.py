"""What turns a trained Keras model into a fast ONNX one: `python -m export --help`."""
