"""What a run reads of an encoder's features and predictions beside scores, analysis by analysis."""
