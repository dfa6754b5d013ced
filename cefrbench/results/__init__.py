"""Results: the model of a result, reading, writing, checking, exporting."""
