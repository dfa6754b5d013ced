"""`cefrbench.evaluate`: a run from Python, of names or of objects that a notebook holds."""
