"""Pages: each module turns entries into a typed context and renders it."""
