"""Export of trained Keras models to fast ONNX models: `python -m export --help`."""
