"""TFLite files: parsed by the ``tflite`` wheel, and read as models with their channels first."""
