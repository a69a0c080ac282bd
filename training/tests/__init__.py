"""Tests that need numpy, onnxruntime and soundfile only: `python -m unittest discover -s training/tests -t .`."""
