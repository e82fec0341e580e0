"""ONNX files: read as models, bound to sizes, and written back."""
