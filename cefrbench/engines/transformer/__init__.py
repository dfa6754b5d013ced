"""All hidden states of a transformer in one pass: loading, states, pooling, shortcuts."""
