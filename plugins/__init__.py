"""The built-in plugins of cefrbench: corpora, encoders and probes, one small file each."""
